import assert from "node:assert/strict";
import fc from "fast-check";
import {
  decodeVarint,
  encodeVarints,
  INCOMPLETE,
  varintLength,
  varintSize,
  writeVarint,
} from "../../src/h3/varint.ts";

const MAX = Number.MAX_SAFE_INTEGER;

/** Shortest forms, the first four from RFC 9000 §A.1. */
const VECTORS: readonly [hex: string, value: number][] = [
  ["c2197c5eff14e88c", 151_288_809_941_952_652],
  ["9d7f3e7d", 494_878_333],
  ["7bbd", 15_293],
  ["25", 37],
  ["00", 0],
  ["3f", 63],
  ["4040", 64],
  ["7fff", 16_383],
  ["80004000", 16_384],
  ["bfffffff", 1_073_741_823],
  ["c000000040000000", 1_073_741_824],
  ["c0000000ffffffff", 0xffff_ffff],
  ["c01fffffffffffff", MAX],
];

for (const [hex, exact] of VECTORS) {
  const value = Math.min(exact, MAX);
  Deno.test(`decodeVarint() reads ${hex} as ${value}, and nothing from any part of it`, () => {
    const bytes = fromHex(hex);
    assert.equal(decodeVarint(bytes, 0), value);
    assert.equal(varintLength(bytes[0]!), bytes.length);
    const inside = Uint8Array.of(0xff, ...bytes, 0xff);
    assert.equal(decodeVarint(inside, 1), value);
    for (let end = 0; end < bytes.length; end++) {
      assert.equal(decodeVarint(bytes.subarray(0, end), 0), INCOMPLETE);
      assert.equal(decodeVarint(inside, 1, 1 + end), INCOMPLETE);
    }
  });
  if (exact !== value) continue;
  Deno.test(`encodeVarints() writes ${value} as ${hex}`, () => {
    assert.equal(encodeVarints(value).toHex(), hex);
    assert.equal(varintSize(value), hex.length / 2);
  });
}

const LONG_FORMS: readonly [hex: string, value: number][] = [
  ["4025", 37],
  ["80000025", 37],
  ["c000000000000025", 37],
  ["c000000000000000", 0],
];
for (const [hex, value] of LONG_FORMS) {
  Deno.test(`decodeVarint() reads the longer form ${hex} as ${value} (RFC 9000 §16)`, () => {
    assert.equal(decodeVarint(fromHex(hex), 0), value);
  });
}

for (
  const hex of ["c020000000000000", "c020000000000001", "d000000000000000", "ffffffffffffffff"]
) {
  Deno.test(`decodeVarint() reads ${hex}, beyond 2^53, as the largest safe integer`, () => {
    assert.equal(decodeVarint(fromHex(hex), 0), MAX);
  });
}

for (const value of [-1, 0.5, 64.5, 2 ** 53, Infinity, NaN]) {
  Deno.test(`varintSize() and writeVarint() refuse ${value}`, () => {
    assert.throws(() => varintSize(value), RangeError);
    assert.throws(() => writeVarint(value, new Uint8Array(8), 0), RangeError);
  });
}

Deno.test("writeVarint() writes at an offset, touches nothing else and returns the next one", () => {
  const bytes = new Uint8Array(6).fill(0xee);
  assert.equal(writeVarint(15_293, bytes, 2), 4);
  assert.equal(bytes.toHex(), "eeee7bbdeeee");
});

Deno.test("property: decodeVarint() returns what encodeVarints() was given", () => {
  fc.assert(fc.property(fc.array(fc.maxSafeNat()), (values) => {
    const bytes = encodeVarints(...values);
    let offset = 0;
    for (const value of values) {
      assert.equal(decodeVarint(bytes, offset), value);
      offset += varintLength(bytes[offset]!);
    }
    assert.equal(offset, bytes.length);
    assert.equal(decodeVarint(bytes, offset), INCOMPLETE);
  }));
});

Deno.test("property: decodeVarint() agrees with 62-bit arithmetic on any 8 bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 8, maxLength: 8 }), (bytes) => {
    const length = varintLength(bytes[0]!);
    const all = BigInt(`0x${bytes.subarray(0, length).toHex()}`);
    const value = all & ((1n << BigInt(length * 8 - 2)) - 1n);
    assert.equal(decodeVarint(bytes, 0), value > BigInt(MAX) ? MAX : Number(value));
  }));
});

function fromHex(hex: string): Uint8Array {
  return Uint8Array.fromHex(hex);
}
