/**
 * Huffman decoding (RFC 7541 §5.2), several bits at a time.
 *
 * A table tells what the next twelve bits begin with: usually two whole symbols, as common characters have codes of
 * five to seven bits. Codes longer than that are rare in header fields and are looked for by their length.
 *
 * @module
 */

import { CODE_LENGTHS, CODES, EOS, MAX_CODE_LENGTH, SYMBOLS_BY_CODE } from "./huffman_code.ts";

/** The text is longer than allowed. */
export const HUFFMAN_TOO_LONG = -1;
/** The text contains the code of EOS. */
export const HUFFMAN_EOS = -2;
/** More than seven bits are left behind the last symbol. */
export const HUFFMAN_LONG_PADDING = -3;
/** Bits behind the last symbol are not all ones. */
export const HUFFMAN_BAD_PADDING = -4;

/** Why Huffman-encoded text was refused, by the number {@linkcode decodeHuffman} returned. */
export const HUFFMAN_PROBLEMS: Readonly<Record<number, string>> = {
  [HUFFMAN_EOS]: "its Huffman code contains EOS",
  [HUFFMAN_LONG_PADDING]:
    "its Huffman code is padded with more than 7 bits or ends inside a symbol",
  [HUFFMAN_BAD_PADDING]: "its Huffman code is padded with other bits than ones",
};

const WINDOW = 12;
const WINDOW_MASK = (1 << WINDOW) - 1;

/**
 * By the next twelve bits: first symbol (8 bits), second symbol (8 bits), bits of the first (4), bits of both (4).
 * The last two are equal when there is only one symbol, and 0 when there is none.
 */
const PAIRS = makePairs();

/** By length: first code of that length and the place of its symbol among all symbols in order of their codes. */
const FIRST_CODE = new Uint32Array(MAX_CODE_LENGTH + 2);
const FIRST_PLACE = new Uint16Array(MAX_CODE_LENGTH + 2);
const SYMBOL_COUNT = new Uint16Array(MAX_CODE_LENGTH + 2);
SYMBOLS_BY_CODE.forEach((symbol, place) => {
  const length = CODE_LENGTHS[symbol]!;
  if (SYMBOL_COUNT[length]!++ > 0) return;
  FIRST_CODE[length] = CODES[symbol]!;
  FIRST_PLACE[length] = place;
});

/**
 * Decodes `bytes` from `start` to `end`.
 *
 * @param target Receives the text; has room for `limit` bytes and one more.
 * @param limit Bytes that the text may have.
 * @returns Number of bytes written, or one of the negative numbers above.
 */
export function decodeHuffman(
  bytes: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  limit: number,
): number {
  let position = start;
  let window = 0;
  let count = 0;
  let length = 0;
  while (true) {
    while (count < WINDOW && position < end) {
      window = (window << 8) | bytes[position++]!;
      count += 8;
    }
    if (count < WINDOW) return decodeEnd(window, count, target, length, limit);
    const pair = PAIRS[(window >>> (count - WINDOW)) & WINDOW_MASK]!;
    if (pair === 0) {
      const code = findLongCode(bytes, position * 8 - count, end);
      if (code < 0) return code;
      if (length >= limit) return HUFFMAN_TOO_LONG;
      target[length++] = code & 0xff;
      const next = position * 8 - count + (code >>> 8);
      position = (next + 7) >>> 3;
      count = position * 8 - next;
      window = bytes[position - 1]!;
      continue;
    }
    if (length >= limit) return HUFFMAN_TOO_LONG;
    target[length++] = pair >>> 16;
    const both = pair & 0xf;
    if (both !== ((pair >>> 4) & 0xf)) {
      if (length >= limit) return HUFFMAN_TOO_LONG;
      target[length++] = (pair >>> 8) & 0xff;
    }
    count -= both;
  }
}

/** The last bits, fewer than a window. */
function decodeEnd(
  window: number,
  count: number,
  target: Uint8Array,
  length: number,
  limit: number,
): number {
  while (count > 0) {
    const rest = window & ((1 << count) - 1);
    const ones = (1 << (WINDOW - count)) - 1;
    const pair = PAIRS[(rest << (WINDOW - count)) | ones]!;
    const bits = (pair >>> 4) & 0xf;
    if (bits === 0 || bits > count) {
      if (count > 7) return HUFFMAN_LONG_PADDING;
      return rest === (1 << count) - 1 ? length : HUFFMAN_BAD_PADDING;
    }
    if (length >= limit) return HUFFMAN_TOO_LONG;
    target[length++] = pair >>> 16;
    count -= bits;
  }
  return length;
}

/**
 * The symbol whose code is longer than a window.
 *
 * @param from Where its first bit is.
 * @returns Symbol (8 bits) and above them its length, or a negative number.
 */
function findLongCode(bytes: Uint8Array, from: number, end: number): number {
  const available = end * 8 - from;
  let code = 0;
  // Ends at the longest length at the latest: every sequence of bits begins with some code.
  for (let length = 1;; length++) {
    if (length > available) return HUFFMAN_LONG_PADDING;
    const at = from + length - 1;
    code = (code << 1) | ((bytes[at >>> 3]! >>> (7 - (at & 7))) & 1);
    const offset = code - FIRST_CODE[length]!;
    if (offset < 0 || offset >= SYMBOL_COUNT[length]!) continue;
    const symbol = SYMBOLS_BY_CODE[FIRST_PLACE[length]! + offset]!;
    return symbol === EOS ? HUFFMAN_EOS : (length << 8) | symbol;
  }
}

function makePairs(): Uint32Array {
  const pairs = new Uint32Array(1 << WINDOW);
  const short = SYMBOLS_BY_CODE.filter((symbol) => CODE_LENGTHS[symbol]! <= WINDOW);
  for (const first of short) {
    const length = CODE_LENGTHS[first]!;
    const left = WINDOW - length;
    const start = CODES[first]! << left;
    pairs.fill((first << 16) | (length << 4) | length, start, start + (1 << left));
    for (const second of short) {
      const both = length + CODE_LENGTHS[second]!;
      if (both > WINDOW) continue;
      const pair = (first << 16) | (second << 8) | (length << 4) | both;
      const secondStart = start + (CODES[second]! << (WINDOW - both));
      pairs.fill(pair, secondStart, secondStart + (1 << (WINDOW - both)));
    }
  }
  return pairs;
}
