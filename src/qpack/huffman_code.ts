/**
 * The Huffman code of string literals (RFC 9204 §4.1.2, RFC 7541 appendix B).
 *
 * The code is canonical: codes of one length are consecutive numbers in the order of their symbols, and a longer code
 * goes on where the shorter ones ended. So the lengths say everything, and the codes are counted out here.
 *
 * @module
 */

/** The symbol that ends a stream and never occurs in a string. */
export const EOS = 256;

/** Bits of the longest code. */
export const MAX_CODE_LENGTH = 30;

/** Bits of the code of every byte, sixteen bytes a row, then of EOS. */
// deno-fmt-ignore -- a table
export const CODE_LENGTHS: Uint8Array = new Uint8Array([
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
  28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
   6, 10, 10, 12, 13,  6,  8, 11, 10, 10,  8, 11,  8,  6,  6,  6,
   5,  5,  5,  6,  6,  6,  6,  6,  6,  6,  7,  8, 15,  6, 12, 10,
  13,  6,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,
   7,  7,  7,  7,  7,  7,  7,  7,  8,  7,  8, 13, 19, 13, 14,  6,
  15,  5,  6,  5,  6,  5,  6,  6,  6,  5,  7,  7,  6,  6,  6,  5,
   6,  7,  6,  5,  5,  6,  7,  7,  7,  7,  7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
  24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
  21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
  26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30,
]);

/** All 257 symbols in the order of their codes. */
export const SYMBOLS_BY_CODE: Uint16Array = Uint16Array.from(CODE_LENGTHS.keys())
  .sort((a, b) => CODE_LENGTHS[a]! - CODE_LENGTHS[b]! || a - b);

/** The code of every symbol, right-aligned. */
export const CODES: Uint32Array = countOutCodes();

function countOutCodes(): Uint32Array {
  const codes = new Uint32Array(CODE_LENGTHS.length);
  let next = 0;
  let length = 0;
  for (const symbol of SYMBOLS_BY_CODE) {
    next *= 2 ** (CODE_LENGTHS[symbol]! - length);
    length = CODE_LENGTHS[symbol]!;
    codes[symbol] = next++;
  }
  return codes;
}
