/**
 * Content as applications give it: bytes, or text that stands for its UTF-8 bytes.
 *
 * Text is passed on as it is for as long as possible: turning it into bytes allocates a buffer outside the heap, which
 * costs more than everything else an adapter does for a small response.
 *
 * @module
 */

/** A piece of content. */
export type Content = Uint8Array | string;

const utf8 = new TextEncoder();

/** The bytes of a piece of content. */
export function contentBytes(content: Content): Uint8Array {
  return typeof content === "string" ? utf8.encode(content) : content;
}

// deno-lint-ignore no-control-regex -- ASCII is meant, control characters included
const NOT_ASCII = /[^\x00-\x7f]/;

/** Says whether `text` is ASCII, control characters included. */
export function isASCII(text: string): boolean {
  return !NOT_ASCII.test(text);
}

/** Longest text that is searched for characters beyond ASCII; encoding longer text is faster than searching it. */
const MAX_SEARCHED = 1024;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Short ASCII bytes as text, anything else as it is: a runtime that has to copy bytes into its heap need not. */
export function textIfShortASCII(content: Content): Content {
  if (typeof content === "string" || content.length > MAX_SEARCHED) return content;
  const text = decoder.decode(content);
  return isASCII(text) ? text : content;
}

/** Says whether `text` is known to have one byte per character, so that it can be counted and cut without encoding it. */
export function isShortASCII(text: string): boolean {
  return text.length <= MAX_SEARCHED && isASCII(text);
}
