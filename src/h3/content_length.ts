/**
 * The declared length of a request's content, against the DATA payload that comes.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9114#section-4.1.2 | RFC 9114 §4.1.2}
 * @module
 */

import { malformed, quoted } from "./malformed.ts";

const DIGITS = /^[0-9]+$/;

/**
 * Reads one `content-length` field line. Members of a list are taken for one value when they are identical, as
 * RFC 9110 §8.6 permits: somebody on the way joined repeated lines.
 *
 * @returns Bytes, 0 to `Number.MAX_SAFE_INTEGER`.
 * @throws {H3Error} When it is no such number, or members differ.
 */
export function parseContentLength(value: string): number {
  if (DIGITS.test(value)) return safe(Number(value), value);
  const members = value.split(",").map((member) => member.trim());
  const first = members[0]!;
  if (!DIGITS.test(first) || members.some((member) => member !== first)) throw invalid(value);
  return safe(Number(first), value);
}

function safe(length: number, value: string): number {
  if (!Number.isSafeInteger(length)) throw invalid(value);
  return length;
}

function invalid(value: string) {
  return malformed(
    `field "content-length" must be one whole number below 2^53, received ${quoted(value)}`,
  );
}

/**
 * Refuses content beyond its declared length, before the application sees it.
 *
 * @param declared Declared bytes, or `null` when the client declared none.
 * @param received Bytes of DATA payload so far.
 */
export function checkReceived(declared: number | null, received: number): void {
  if (declared !== null && received > declared) throw mismatch(declared, "more");
}

/** Refuses the end of content that is shorter than declared. Parameters as in {@linkcode checkReceived}. */
export function checkComplete(declared: number | null, received: number): void {
  if (declared !== null && received < declared) throw mismatch(declared, `only ${received}`);
}

function mismatch(declared: number, received: string) {
  return malformed(
    `field "content-length" declares ${declared} bytes of content, received ${received}`,
  );
}
