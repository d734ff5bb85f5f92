/**
 * Bytes as latin-1 strings.
 *
 * `TextDecoder("latin1")` is windows-1252, which differs from 0x80 to 0x9F, and costs more than a short loop.
 *
 * @module
 */

/** Bytes converted in one call; a call with too many arguments overflows the stack. */
const CHUNK = 256;

/** Arrays by length: `apply` takes a plain array twice as fast as a view, and its length must be exact. */
const CODES: (number[] | undefined)[] = [];

/** The bytes from `start` to `end` as a string whose code units are these bytes. */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= CHUNK) return convert(bytes, start, end);
  let text = "";
  for (let from = start; from < end; from += CHUNK) {
    text += convert(bytes, from, Math.min(from + CHUNK, end));
  }
  return text;
}

function convert(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start;
  const codes = CODES[length] ??= new Array<number>(length).fill(0);
  for (let index = 0; index < length; index++) codes[index] = bytes[start + index]!;
  return String.fromCharCode.apply(null, codes);
}

/** Whether every code unit of `text` is a byte. */
export function isLatin1(text: string): boolean {
  let all = 0;
  for (let index = 0; index < text.length; index++) all |= text.charCodeAt(index);
  return all <= 0xff;
}
