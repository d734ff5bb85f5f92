import assert from "node:assert/strict";
import { bitString, objectIdentifier, octetString, tagged, time } from "../../src/server/der.ts";

const ROWS: readonly { name: string; actual: Uint8Array; hex: string }[] = [
  { name: "an empty value", actual: octetString(new Uint8Array(0)), hex: "0400" },
  { name: "a value in parts", actual: tagged(0x30, bytes(1), bytes(2, 3)), hex: "3003010203" },
  {
    name: "the longest short length",
    actual: octetString(new Uint8Array(127)).subarray(0, 2),
    hex: "047f",
  },
  {
    name: "the shortest long length",
    actual: octetString(new Uint8Array(128)).subarray(0, 3),
    hex: "048180",
  },
  {
    name: "a length of two octets",
    actual: octetString(new Uint8Array(300)).subarray(0, 4),
    hex: "0482012c",
  },
  { name: "a bit string of one bit", actual: bitString(bytes(0x80), 7), hex: "03020780" },
  { name: "an object identifier", actual: objectIdentifier("2.5.29.17"), hex: "0603551d11" },
  {
    name: "an object identifier with large arcs",
    actual: objectIdentifier("1.2.840.10045.4.3.2"),
    hex: "06082a8648ce3d040302",
  },
  {
    name: "the last second of UTCTime",
    actual: time(new Date("2049-12-31T23:59:59.999Z")),
    hex: "170d" + ascii("491231235959Z"),
  },
  {
    name: "the first second of GeneralizedTime",
    actual: time(new Date("2050-01-01T00:00:00Z")),
    hex: "180f" + ascii("20500101000000Z"),
  },
];
for (const { name, actual, hex } of ROWS) {
  Deno.test(`DER of ${name}`, () => assert.equal(new Uint8Array(actual).toHex(), hex));
}

function bytes(...values: number[]): Uint8Array {
  return new Uint8Array(values);
}

function ascii(text: string): string {
  return new TextEncoder().encode(text).toHex();
}
