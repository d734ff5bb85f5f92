/**
 * Integers that begin inside a byte (RFC 9204 §4.1.1, RFC 7541 §5.1).
 *
 * A value up to 62 bits is accepted. JavaScript numbers are exact up to 53 bits only, and that is enough: the larger
 * ones can be neither an index, nor a length, nor a stream that exists, so they are all refused for what they are.
 *
 * @module
 */

/** Where an integer is read from, and where reading goes on. */
export interface IntegerSource {
  /** What is read. */
  bytes: Uint8Array;
  /** Index of the next byte. */
  position: number;
  /** Index after the last byte. */
  end: number;
}

/** The bytes end inside the integer; the position is unchanged. */
export const INCOMPLETE = -1;

/** The integer has more than 62 bits, or is written with more bytes than such an integer needs. */
export const OVERFLOW = -2;

/** 9 bytes of 7 bits hold 62; the last of them may have 6 bits. */
const MAX_CONTINUATION_BYTES = 9;
const MAX_LAST_BYTE = 0x3f;

/**
 * Reads an integer and moves on behind it.
 *
 * @param prefixBits Bits of the first byte that belong to the integer, 1 to 8.
 * @returns The value, {@linkcode INCOMPLETE} or {@linkcode OVERFLOW}.
 */
export function readInteger(source: IntegerSource, prefixBits: number): number {
  if (source.position >= source.end) return INCOMPLETE;
  const mask = (1 << prefixBits) - 1;
  const prefix = source.bytes[source.position]! & mask;
  if (prefix === mask) return readContinuation(source, mask);
  source.position++;
  return prefix;
}

function readContinuation(source: IntegerSource, prefix: number): number {
  const { bytes, position, end } = source;
  let value = prefix;
  let factor = 1;
  for (let count = 1;; count++) {
    if (position + count >= end) return INCOMPLETE;
    const byte = bytes[position + count]!;
    if (count === MAX_CONTINUATION_BYTES && byte > MAX_LAST_BYTE) return OVERFLOW;
    // Bit operations would cut the value to 32 bits.
    value += (byte & 0x7f) * factor;
    factor *= 128;
    if (byte < 0x80) {
      source.position = position + count + 1;
      return value;
    }
  }
}

/** Bytes that {@linkcode writeInteger} writes at most. */
export const MAX_INTEGER_LENGTH = 1 + MAX_CONTINUATION_BYTES;

/**
 * Writes an integer.
 *
 * @param target Has room for {@linkcode MAX_INTEGER_LENGTH} bytes.
 * @param position Index of the first byte.
 * @param prefixBits Bits of the first byte that belong to the integer, 1 to 8.
 * @param pattern The other bits of the first byte.
 * @param value Not negative, at most 2^53 - 1.
 * @returns Index after the last byte.
 */
export function writeInteger(
  target: Uint8Array,
  position: number,
  prefixBits: number,
  pattern: number,
  value: number,
): number {
  const mask = (1 << prefixBits) - 1;
  if (value < mask) {
    target[position] = pattern | value;
    return position + 1;
  }
  target[position++] = pattern | mask;
  let rest = value - mask;
  while (rest >= 0x80) {
    target[position++] = 0x80 | (rest % 0x80);
    rest = Math.floor(rest / 0x80);
  }
  target[position++] = rest;
  return position;
}
