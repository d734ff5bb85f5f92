/**
 * Huffman encoding of latin-1 text (RFC 7541 §5.2).
 *
 * @module
 */

import { CODE_LENGTHS, CODES } from "./huffman_code.ts";

/** Codes up to this length fit behind seven pending bits in 32 bits. */
const MAX_SHIFT = 24;

/**
 * Bytes that `text` takes when Huffman-encoded.
 *
 * @returns `NaN` when `text` is not latin-1.
 */
export function huffmanLength(text: string): number {
  let bits = 0;
  let all = 0;
  for (let index = 0; index < text.length; index++) {
    const byte = text.charCodeAt(index);
    all |= byte;
    bits += CODE_LENGTHS[byte & 0xff]!;
  }
  return all > 0xff ? NaN : (bits + 7) >>> 3;
}

/**
 * Writes latin-1 text, padded with ones to a whole byte.
 *
 * @param target Has room for `huffmanLength(text)` bytes.
 * @param position Index of the first byte.
 * @returns Index after the last byte.
 */
export function encodeHuffman(target: Uint8Array, position: number, text: string): number {
  let pending = 0;
  let count = 0;
  for (let index = 0; index < text.length; index++) {
    const byte = text.charCodeAt(index);
    let code = CODES[byte]!;
    let length = CODE_LENGTHS[byte]!;
    if (length > MAX_SHIFT) {
      pending = (pending << 16) | (code >>> (length - 16));
      count += 16;
      length -= 16;
      code &= (1 << length) - 1;
      for (; count >= 8; count -= 8) target[position++] = pending >>> (count - 8);
    }
    pending = (pending << length) | code;
    count += length;
    for (; count >= 8; count -= 8) target[position++] = pending >>> (count - 8);
  }
  if (count > 0) target[position++] = (pending << (8 - count)) | (0xff >>> count);
  return position;
}
