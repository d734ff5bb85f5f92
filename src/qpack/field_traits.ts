/**
 * What the encoder knows about a field name beforehand: where it is in the static table, whether its values may be
 * compressed, and whether they tend to come again.
 *
 * @module
 */

import { STATIC_NAMES } from "./static_table.ts";

/** How to encode the fields of one name. */
export interface FieldTraits {
  /** Index of the name in the static table; -1 when it is not there. */
  readonly index: number;
  /** Index of a whole field line in the static table, by value. */
  readonly values: ReadonlyMap<string, number>;
  /** Values shorter than this are never indexed, as an attacker could guess them (RFC 9204 §7.1.3). */
  readonly guardedLength: number;
  /** Whether a server sends the same value again and again, so that it is worth an entry when first seen. */
  readonly stable: boolean;
}

/** Bytes of a cookie that is too short to be safe from guessing (precedent: HTTP/2 in Firefox and nghttp2). */
const GUESSABLE_COOKIE_LENGTH = 20;

/** Names whose values are never indexed, and up to which length. */
const GUARDED: ReadonlyMap<string, number> = new Map([
  ["authorization", Infinity],
  ["proxy-authorization", Infinity],
  ["set-cookie", Infinity],
  ["cookie", GUESSABLE_COOKIE_LENGTH],
]);

/** Response fields that are the server's or a whole site's, rather than one resource's. */
const STABLE: ReadonlySet<string> = new Set([
  "accept-ranges",
  "access-control-allow-credentials",
  "access-control-allow-headers",
  "access-control-allow-methods",
  "access-control-allow-origin",
  "access-control-expose-headers",
  "alt-svc",
  "cache-control",
  "content-encoding",
  "content-language",
  "content-security-policy",
  "content-type",
  "cross-origin-opener-policy",
  "permissions-policy",
  "referrer-policy",
  "server",
  "strict-transport-security",
  "vary",
  "via",
  "x-content-type-options",
  "x-frame-options",
  "x-powered-by",
  "x-xss-protection",
]);

const NO_VALUES: ReadonlyMap<string, number> = new Map();

/** What holds for a name that nothing is known about. */
export const UNKNOWN_FIELD: FieldTraits = {
  index: -1,
  values: NO_VALUES,
  guardedLength: 0,
  stable: false,
};

/** The names that something is known about. */
export const FIELD_TRAITS: ReadonlyMap<string, FieldTraits> = new Map(
  [...new Set([...STATIC_NAMES.keys(), ...GUARDED.keys(), ...STABLE])].map((name) => [name, {
    index: STATIC_NAMES.get(name)?.index ?? -1,
    values: STATIC_NAMES.get(name)?.values ?? NO_VALUES,
    guardedLength: GUARDED.get(name) ?? 0,
    stable: STABLE.has(name),
  }]),
);
