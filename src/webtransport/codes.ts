/**
 * Codes of an application, 32 bits, in a range of HTTP/3's error codes. The range has holes, for HTTP/3 reserves every
 * 31st code for nothing.
 *
 * @see {@link https://datatracker.ietf.org/doc/html/draft-ietf-webtrans-http3#section-4.4 | WebTransport over HTTP/3 §4.4}
 * @module
 */

import { isGreaseId } from "../h3/mod.ts";

/** HTTP/3's code for 0. */
const FIRST = 0x52e4_a40f_a8db;

/** HTTP/3's code for the largest one, 2^32 - 1. */
const LAST = 0x52e5_ac98_3162;

/**
 * HTTP/3's code for a code of an application.
 *
 * @throws {RangeError} When `applicationCode` is no integer from 0 to 2^32 - 1.
 */
export function httpCode(applicationCode: number): number {
  const code = FIRST + applicationCode + Math.floor(applicationCode / 0x1e);
  if (Number.isInteger(applicationCode) && code >= FIRST && code <= LAST) return code;
  throw new RangeError(
    `Cannot encode error code ${applicationCode}: expected an integer from 0 to 2^32 - 1`,
  );
}

/** The code of an application that HTTP/3's stands for; `null` when it stands for none. */
export function applicationCode(httpCode: number): number | null {
  if (!(httpCode >= FIRST && httpCode <= LAST) || isGreaseId(httpCode)) return null;
  const shifted = httpCode - FIRST;
  return shifted - Math.floor(shifted / 0x1f);
}
