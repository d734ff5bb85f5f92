/**
 * Variable-length integers of QUIC: 1, 2, 4 or 8 bytes, values below 2^62.
 *
 * Values are numbers, because everything HTTP/3 counts is far below 2^53. A larger one can only be an identifier that
 * nobody knows (GREASE) or a length that nobody can send, so it is read as {@linkcode Number.MAX_SAFE_INTEGER}.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9000#section-16 | RFC 9000 §16}
 * @module
 */

/** What {@linkcode decodeVarint} returns when the input ends inside the integer. */
export const INCOMPLETE: number = -1;

/** Bytes that the integer starting with `firstByte` takes: 1, 2, 4 or 8. */
export function varintLength(firstByte: number): number {
  return 1 << (firstByte >> 6);
}

/**
 * Decodes one integer; a longer form than needed is valid.
 *
 * @param bytes Input; neither copied nor kept.
 * @param offset Index of the first byte. The next one is at `offset + varintLength(bytes[offset])`.
 * @param end Index after the last byte of the input.
 * @returns The value, at most `Number.MAX_SAFE_INTEGER`, or {@linkcode INCOMPLETE}.
 */
export function decodeVarint(bytes: Uint8Array, offset: number, end = bytes.length): number {
  if (offset >= end) return INCOMPLETE;
  const first = bytes[offset]!;
  if (first < 0x40) return first;
  if (offset + varintLength(first) > end) return INCOMPLETE;
  const high = first & 0x3f;
  if (first < 0x80) return high << 8 | bytes[offset + 1]!;
  const high32 = high << 24 | bytes[offset + 1]! << 16 | bytes[offset + 2]! << 8 |
    bytes[offset + 3]!;
  if (first < 0xc0) return high32;
  if (high32 > 0x1fffff) return Number.MAX_SAFE_INTEGER;
  const low32 = bytes[offset + 4]! << 24 | bytes[offset + 5]! << 16 | bytes[offset + 6]! << 8 |
    bytes[offset + 7]!;
  return high32 * 0x1_0000_0000 + (low32 >>> 0);
}

/**
 * Bytes of the shortest form of `value`.
 *
 * @throws {RangeError} When `value` is no integer from 0 to `Number.MAX_SAFE_INTEGER`.
 */
export function varintSize(value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(
      `Cannot encode ${value} as a varint: expected an integer from 0 to 2^53 - 1`,
    );
  }
  return value < 0x40 ? 1 : value < 0x4000 ? 2 : value < 0x4000_0000 ? 4 : 8;
}

/**
 * Writes the shortest form of `value`.
 *
 * @param value Integer from 0 to `Number.MAX_SAFE_INTEGER`.
 * @param into Where to; {@linkcode varintSize} bytes must be free.
 * @param offset Index of the first byte to write.
 * @returns The index after the last byte written.
 * @throws {RangeError} When `value` cannot be encoded.
 */
export function writeVarint(value: number, into: Uint8Array, offset: number): number {
  const size = varintSize(value);
  let rest = value;
  for (let index = offset + size - 1; index > offset; index--) {
    into[index] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  into[offset] = rest | FORM_BITS[size]!;
  return offset + size;
}

/** The two high bits of the first byte, by size. */
const FORM_BITS: Readonly<Record<number, number>> = { 1: 0x00, 2: 0x40, 4: 0x80, 8: 0xc0 };

/**
 * Several integers one after the other, each in its shortest form.
 *
 * @throws {RangeError} When a value cannot be encoded.
 */
export function encodeVarints(...values: number[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(values.reduce((sum, value) => sum + varintSize(value), 0));
  let offset = 0;
  for (const value of values) offset = writeVarint(value, bytes, offset);
  return bytes;
}
