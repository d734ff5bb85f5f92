import assert from "node:assert/strict";
import fc from "fast-check";
import {
  INCOMPLETE,
  MAX_INTEGER_LENGTH,
  OVERFLOW,
  readInteger,
  writeInteger,
} from "../../src/qpack/prefix_int.ts";
import { fromHex, toHex } from "./support.ts";

const VECTORS = [
  // RFC 7541 appendix C.1
  { value: 10, prefixBits: 5, hex: "0a" },
  { value: 1337, prefixBits: 5, hex: "1f9a0a" },
  { value: 42, prefixBits: 8, hex: "2a" },
  // Edges of the prefix and of the bytes behind it
  { value: 0, prefixBits: 1, hex: "00" },
  { value: 1, prefixBits: 1, hex: "0100" },
  { value: 6, prefixBits: 3, hex: "06" },
  { value: 7, prefixBits: 3, hex: "0700" },
  { value: 134, prefixBits: 3, hex: "077f" },
  { value: 135, prefixBits: 3, hex: "078001" },
  { value: 2 ** 32, prefixBits: 8, hex: "ff81feffff0f" },
  { value: 2 ** 53 - 1, prefixBits: 6, hex: "3fc0ffffffffffff0f" },
];

for (const { value, prefixBits, hex } of VECTORS) {
  Deno.test(`writeInteger() writes ${value} with a ${prefixBits}-bit prefix as ${hex}`, () => {
    assert.equal(write(value, prefixBits), hex);
  });

  Deno.test(`readInteger() reads ${value} from ${hex} with a ${prefixBits}-bit prefix`, () => {
    assert.deepEqual(read(hex, prefixBits), { value, position: hex.length / 2 });
  });
}

Deno.test("readInteger() takes no part in the bits in front of the prefix", () => {
  assert.equal(read("ea", 5).value, 10);
  assert.equal(read("ff9a0a", 5).value, 1337);
});

Deno.test("readInteger() reads 62 bits, as near as a number can", () => {
  assert.equal(read("ff80feffffffffffff3f", 8).value, 2 ** 62 - 1);
});

const OVERFLOWS = {
  "63 bits": "ff80feffffffffffff7f",
  "a tenth byte": "ff80808080808080808001",
  "zeros without end": "ff8080808080808080808080808080808000",
};
for (const [name, hex] of Object.entries(OVERFLOWS)) {
  Deno.test(`readInteger() refuses ${name}`, () => {
    assert.deepEqual(read(hex, 8), { value: OVERFLOW, position: 0 });
  });
}

Deno.test("readInteger() waits where it stands when the bytes end at any place", () => {
  const hex = "ff80feffffffffffff3f";
  for (let length = 0; length < hex.length; length += 2) {
    assert.deepEqual(read(hex.slice(0, length), 8), { value: INCOMPLETE, position: 0 });
  }
});

Deno.test("writeInteger() and readInteger() agree on every value and prefix", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.integer({ min: 1, max: 8 }), (value, prefixBits) => {
      const hex = write(value, prefixBits);
      assert.deepEqual(read(hex, prefixBits), { value, position: hex.length / 2 });
    }),
  );
});

function write(value: number, prefixBits: number): string {
  const target = new Uint8Array(MAX_INTEGER_LENGTH);
  return toHex(target.subarray(0, writeInteger(target, 0, prefixBits, 0, value)))!;
}

function read(hex: string, prefixBits: number): { value: number; position: number } {
  const bytes = fromHex(hex);
  const source = { bytes, position: 0, end: bytes.length };
  return { value: readInteger(source, prefixBits), position: source.position };
}
