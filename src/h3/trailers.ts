/**
 * The trailer section of a request.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-6.5 | RFC 9110 §6.5}
 * @module
 */

import type { FieldList } from "../fields.ts";
import { checkField } from "./fields_rules.ts";

/**
 * Fields that must be known before the content (RFC 9110 §6.5.1): framing, routing, authentication, conditions and
 * controls, and what the content is. Conditions all begin with `if-` and are not listed.
 */
const BEFORE_CONTENT = new Set([
  "authorization",
  "cache-control",
  "content-encoding",
  "content-length",
  "content-range",
  "content-type",
  "cookie",
  "expect",
  "forwarded",
  "host",
  "max-forwards",
  "pragma",
  "proxy-authorization",
  "range",
  "trailer",
]);

/**
 * Judges decoded trailers.
 *
 * Fields that have no business there are dropped, as RFC 9110 §6.5.1 lets a recipient do: they do not make a message
 * malformed, but an application that merges trailers into its fields must not find another `host` or `authorization`.
 *
 * @param lines Field lines as decoded.
 * @returns The field lines that are left; `lines` itself when that is all.
 * @throws {H3Error} Malformed: a pseudo-header field (RFC 9114 §4.3), a connection-specific field or bad bytes (§4.2).
 */
export function readTrailers(lines: FieldList): FieldList {
  let dropped = false;
  for (const line of lines) {
    checkField(line[0], line[1], "trailer");
    dropped ||= isBeforeContent(line[0]);
  }
  return dropped ? lines.filter((line) => !isBeforeContent(line[0])) : lines;
}

function isBeforeContent(name: string): boolean {
  return BEFORE_CONTENT.has(name) || name.startsWith("if-");
}
