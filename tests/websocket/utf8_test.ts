import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeUtf8, Utf8Check } from "../../src/websocket/utf8.ts";
import { concat } from "../_support/bytes.ts";
import { utf8 } from "./wire.ts";

/** Index of the first byte at which the platform sees that it is no UTF-8; `null` when it may still become some. */
function firstWrong(bytes: Uint8Array): number | null {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  for (let at = 0; at < bytes.length; at++) {
    try {
      decoder.decode(bytes.subarray(at, at + 1), { stream: true });
    } catch {
      return at;
    }
  }
  return null;
}

function firstRefused(bytes: Uint8Array): number | null {
  const check = new Utf8Check();
  const at = bytes.findIndex((_, at) => !check.push(bytes.subarray(at, at + 1)));
  return at < 0 ? null : at;
}

Deno.test("Utf8Check refuses at the byte where the platform's decoder does: all first and second bytes", () => {
  for (let first = 0; first < 256; first++) {
    for (let second = 0; second < 256; second++) {
      for (const third of [0x00, 0x7f, 0x80, 0xbf, 0xc2]) {
        const bytes = Uint8Array.of(first, second, third, 0x80, 0x80);
        assert.equal(firstRefused(bytes), firstWrong(bytes), bytes.toHex());
      }
    }
  }
});

const PIECES = fc.oneof(
  fc.string({ unit: "binary", maxLength: 5 }).map((text) => utf8(text)),
  fc.uint8Array({ maxLength: 3 }),
  fc.constantFrom("ed", "a0", "f4", "90", "e0", "9f", "f0", "80", "c2").map((it) =>
    Uint8Array.fromHex(it)
  ),
);

Deno.test("property: Utf8Check refuses at the byte where the platform's decoder does", () => {
  fc.assert(fc.property(fc.array(PIECES, { maxLength: 8 }), (pieces) => {
    const bytes = concat(pieces);
    const wrong = firstWrong(bytes);
    assert.equal(firstRefused(bytes), wrong);
    const check = new Utf8Check();
    assert.equal(pieces.every((piece) => check.push(piece)), wrong === null);
    if (wrong !== null) assert.equal(decodeUtf8(bytes), null);
  }));
});

Deno.test("decodeUtf8() keeps a byte order mark, and refuses what is cut off", () => {
  assert.equal(decodeUtf8(utf8("\ufeffa")), "\ufeffa");
  assert.equal(decodeUtf8(Uint8Array.of(0xe2, 0x82)), null);
});
