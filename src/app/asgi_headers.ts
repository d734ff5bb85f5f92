/**
 * Field lines as ASGI applications send them.
 *
 * @module
 */

import { ApplicationError } from "../errors.ts";
import type { Field, FieldList } from "../fields.ts";
import { describe } from "../misuse.ts";
import type { ASGIHeaders } from "../asgi_types.ts";

/**
 * Reads the `headers` of a message: names are trimmed and lower-cased, values trimmed, bytes read as latin-1.
 *
 * What may be sent is the driver's to judge; this only refuses what is no list of pairs.
 *
 * @throws {ApplicationError} Names the offending entry.
 */
export function readHeaders(headers: ASGIHeaders | undefined): FieldList {
  if (headers === undefined) return [];
  if (typeof (headers as Iterable<unknown> | null)?.[Symbol.iterator] !== "function") {
    throw new ApplicationError(
      `Cannot send headers: expected a list of [name, value] pairs, received ${describe(headers)}`,
    );
  }
  const fields: Field[] = [];
  for (const entry of headers) {
    if (!Array.isArray(entry) || entry.length !== 2) {
      throw new ApplicationError(
        `Cannot send header ${fields.length}: expected a [name, value] pair, received ${
          describe(entry)
        }`,
      );
    }
    fields.push([text(entry[0]).trim().toLowerCase(), text(entry[1]).trim()]);
  }
  return fields;
}

function appendByte(latin1: string, byte: number): string {
  return latin1 + String.fromCharCode(byte);
}

function text(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Uint8Array) return value.reduce(appendByte, "");
  throw new ApplicationError(
    `Cannot send a header name or value: expected a string or bytes, received ${describe(value)}`,
  );
}
