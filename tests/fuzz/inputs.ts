/**
 * Inputs that get past the first byte: pieces of what is valid, valid things that were spoilt, and chance.
 *
 * @module
 */

import fc from "fast-check";
import { encodeVarints } from "../../src/h3/varint.ts";
import { concat } from "../_support/bytes.ts";

export { ANY_TEXT } from "../logging/any_text.ts";

/** Bytes without meaning. */
export const ANY_BYTES: fc.Arbitrary<Uint8Array> = fc.uint8Array({ maxLength: 60 });

/** Text of latin-1, as field values are. */
export const LATIN1: fc.Arbitrary<string> = fc.uint8Array({ maxLength: 30 })
  .map((bytes) => String.fromCharCode(...bytes));

/** Text made of the pieces that a grammar is about, so that most of it is nearly right. */
export function textOf(...pieces: readonly string[]): fc.Arbitrary<string> {
  return fc.array(fc.constantFrom(...pieces), { maxLength: 10 }).map((parts) => parts.join(""));
}

/** One of `values` more often than anything else. */
export function mostly<T>(values: readonly T[], rarely: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...values) },
    { weight: 1, arbitrary: rarely },
  );
}

/** Whole numbers below 2^53, at the borders of the forms of varints and of prefix integers more often. */
export const NUMBER: fc.Arbitrary<number> = mostly(
  [0, 1, 2, 4, 6, 7, 8, 0x1f, 0x21, 0x3f, 0x40, 0x7f, 0x80, 0xff, 0x3fff, 0x4000, 0x3fffffff]
    .concat(0x40000000, 2 ** 32, Number.MAX_SAFE_INTEGER),
  fc.maxSafeNat(),
);

/** What the input is taken for: a valid thing with a few bytes changed, lost or inserted. */
export function spoilt(valid: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const change = fc.tuple(fc.nat(200), fc.nat(2), fc.nat(255));
  return fc.tuple(valid, fc.array(change, { maxLength: 3 })).map(([bytes, changes]) => {
    const spoilt = [...bytes];
    for (const [at, removed, byte] of changes) {
      spoilt.splice(at % (spoilt.length + 1), removed, byte);
    }
    return Uint8Array.from(spoilt);
  });
}

/** Places to cut at, for {@linkcode split}. */
export const CUTS: fc.Arbitrary<number[]> = fc.array(fc.nat(200), { maxLength: 6 });

/** `bytes` in pieces, each an array of its own; some of them may be empty. */
export function split(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const points = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length];
  points.sort((a, b) => a - b);
  return points.slice(1).map((end, index) => bytes.slice(points[index], end));
}

/** A frame or capsule; `length` says other than the truth when it is given. */
export function frameBytes(type: number, payload: Uint8Array, length = payload.length): Uint8Array {
  return concat([encodeVarints(type, length), payload]);
}
