/** Header sections for the tests of request heads. */

import type { Field, FieldList } from "../../src/fields.ts";

/** Header section of a request, pseudo-header fields only. */
export const GET: FieldList = [
  [":method", "GET"],
  [":scheme", "https"],
  [":authority", "a.test"],
  [":path", "/"],
];

/** {@link GET} with other values; `null` leaves a line out. */
export function get(values: Readonly<Record<string, string | null>>, ...more: Field[]): Field[] {
  const lines: Field[] = [];
  for (const [name, value] of GET) {
    const other = values[name] === undefined ? value : values[name];
    if (other !== null) lines.push([name, other]);
  }
  return [...lines, ...more];
}

/** A plain CONNECT. */
export const CONNECT: FieldList = [[":method", "CONNECT"], [":authority", "a.test:443"]];

/** An extended CONNECT (RFC 9220). */
export const WEBSOCKET: FieldList = [
  [":method", "CONNECT"],
  [":protocol", "websocket"],
  [":scheme", "https"],
  [":authority", "a.test"],
  [":path", "/chat"],
];
