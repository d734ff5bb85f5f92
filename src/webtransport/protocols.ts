/**
 * Application protocols: what a client offers in `WT-Available-Protocols` and a server chooses in `WT-Protocol`.
 *
 * @see {@link https://datatracker.ietf.org/doc/html/draft-ietf-webtrans-http3#section-3.3 | WebTransport over HTTP/3 §3.3}
 * @module
 */

import { matchMembers, PARAMETERS, STRING } from "../structured_fields.ts";

const MEMBER = new RegExp(`(${STRING})${PARAMETERS}`, "y");
const ESCAPED = /\\(.)/g;
const TO_ESCAPE = /["\\]/g;
const SENDABLE = /^[\x20-\x7e]*$/;

/**
 * The protocols of a `WT-Available-Protocols` field, in the client's order: a list of strings (RFC 9651 §4.2.1).
 *
 * @param value Value of the field, several lines joined with `", "`; `null` when there is none.
 * @returns Nothing when it is anything else: a field of another type is to be ignored as a whole.
 */
export function parseAvailableProtocols(value: string | null): string[] {
  const members = matchMembers(value ?? "", MEMBER) ?? [];
  return members.map((match) => match[1]!.slice(1, -1).replace(ESCAPED, "$1"));
}

/**
 * Value of a `WT-Protocol` field: a string (RFC 9651 §4.1.6).
 *
 * @throws {RangeError} When `protocol` has characters other than visible ones of ASCII and space.
 */
export function serializeProtocol(protocol: string): string {
  if (SENDABLE.test(protocol)) return `"${protocol.replace(TO_ESCAPE, "\\$&")}"`;
  throw new RangeError(
    `Cannot send protocol ${JSON.stringify(protocol)}: expected visible characters of ASCII`,
  );
}
