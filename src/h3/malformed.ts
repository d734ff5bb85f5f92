/**
 * The one error for requests that break the rules of HTTP messages.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9114#section-4.1.2 | RFC 9114 §4.1.2}
 * @module
 */

import { H3, H3Error } from "./errors.ts";

/** Characters of a value that a message repeats. */
const SHOWN = 40;

/**
 * A malformed request: ends its stream with H3_MESSAGE_ERROR, after a 400 where an answer can still be sent.
 *
 * @param why Names the field and what was expected. Values of ordinary fields may be secret and stay out of it.
 */
export function malformed(why: string): H3Error {
  return new H3Error(H3.MESSAGE_ERROR, `Cannot accept the request: ${why}`, {
    scope: "stream",
    status: 400,
  });
}

/** A value the client sent, quoted and cut for a message. */
export function quoted(value: string): string {
  return JSON.stringify(value.length > SHOWN ? `${value.slice(0, SHOWN)}…` : value);
}
