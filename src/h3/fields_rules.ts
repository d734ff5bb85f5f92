/**
 * What every field line of a request must keep to, in the header section and in the trailers.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9114#section-4.2 | RFC 9114 §4.2}
 * @module
 */

import type { H3Error } from "./errors.ts";
import { malformed, quoted } from "./malformed.ts";

/** Where a field line stands. */
export type Section = "header" | "trailer";

/** Field names that a request head is interested in; all others are `"ordinary"`. */
export type FieldKind =
  | "ordinary"
  | "connection"
  | "content-length"
  | "cookie"
  | "host"
  | "priority"
  | "te";

/** A token in lower case (RFC 9110 §5.6.2, RFC 9114 §4.2). */
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;

/** field-value of RFC 9110 §5.5: HTAB, SP, VCHAR and obs-text, no white space at either end. */
const VALUE = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/;

/** Names that are known to be tokens: one look-up says so and gives the kind. */
const KNOWN: ReadonlyMap<string, FieldKind> = new Map<string, FieldKind>([
  ["connection", "connection"],
  ["keep-alive", "connection"],
  ["proxy-connection", "connection"],
  ["transfer-encoding", "connection"],
  ["upgrade", "connection"],
  ["content-length", "content-length"],
  ["cookie", "cookie"],
  ["host", "host"],
  ["priority", "priority"],
  ["te", "te"],
  ...[
    "accept",
    "accept-encoding",
    "accept-language",
    "authorization",
    "cache-control",
    "content-type",
    "if-modified-since",
    "if-none-match",
    "origin",
    "range",
    "referer",
    "sec-ch-ua",
    "sec-ch-ua-mobile",
    "sec-ch-ua-platform",
    "sec-fetch-dest",
    "sec-fetch-mode",
    "sec-fetch-site",
    "sec-fetch-user",
    "upgrade-insecure-requests",
    "user-agent",
  ].map((name): [string, FieldKind] => [name, "ordinary"]),
]);

/**
 * Judges one field line that is no pseudo-header field.
 *
 * @param name Name as decoded.
 * @param value Value as decoded, code units are bytes.
 * @returns What kind of field it is, never `"connection"`.
 * @throws {H3Error} When name or value hold a byte they must not, or the field is about one connection
 *   (RFC 9114 §4.2): it has no meaning here, and means request smuggling to whoever gets it next.
 */
export function checkField(name: string, value: string, section: Section): FieldKind {
  const kind = KNOWN.get(name);
  if (kind === undefined && !NAME.test(name)) throw wrongName(name, section);
  if (!VALUE.test(value)) throw wrongValue(name);
  if (kind === "connection") {
    throw malformed(`field "${name}" is about one connection and not allowed in HTTP/3`);
  }
  if (kind === "te") checkTE(value, section);
  return kind ?? "ordinary";
}

/** `te` is connection-specific too, but for one value in one place (RFC 9114 §4.2). */
function checkTE(value: string, section: Section): void {
  if (section === "trailer") throw malformed(`field "te" is not allowed in a trailer section`);
  if (value !== "trailers" && value.toLowerCase() !== "trailers") {
    throw malformed(`field "te" must be "trailers", received ${quoted(value)}`);
  }
}

function wrongName(name: string, section: Section): H3Error {
  if (name.startsWith(":")) {
    const where = section === "header" ? "comes after other fields" : "is in a trailer section";
    return malformed(`pseudo-header field ${quoted(name)} ${where}`);
  }
  return malformed(`field name ${quoted(name)} must be a token in lower case`);
}

/** The value itself may be secret, and has bytes that do not belong into a log. */
function wrongValue(name: string): H3Error {
  return malformed(
    `the value of field "${name}" must hold no control characters and no white space at its ends`,
  );
}
