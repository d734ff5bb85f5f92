/**
 * The fields the server itself adds to responses: `server`, `alt-svc`, and `connection: close` while it drains.
 *
 * `date` is added by the runtime. Fields the application set win; nothing is sent twice. They are added to the list of
 * fields where the response is still to be made (exchanges), and to its `Headers` where the application made it.
 *
 * @module
 */

import { type Field, type FieldList, hasField } from "../fields.ts";
import { appendMissing, withBody } from "../response_record.ts";

/** What to add. */
export interface ResponseFieldOptions {
  /** Adds `server: hypercorn-h11` or `hypercorn-h2`. */
  readonly includeServerHeader: boolean;
  /** Values for `alt-svc` (RFC 7838 §3), in order. */
  readonly altSvc: readonly string[];
}

/** The fields to add to every response, per version. */
export interface ResponseFields {
  /** On HTTP/1. */
  readonly http1: FieldList;
  /** On HTTP/2. */
  readonly http2: FieldList;
}

/** Makes the lists once, when the server starts, so that what is switched off costs nothing. */
export function responseFields(
  { includeServerHeader, altSvc }: ResponseFieldOptions,
): ResponseFields {
  const forVersion = (version: string): FieldList => {
    const fields: Field[] = [];
    if (includeServerHeader) fields.push(["server", `hypercorn-${version}`]);
    if (altSvc.length > 0) fields.push(["alt-svc", altSvc.join(", ")]);
    return fields;
  };
  return { http1: forVersion("h11"), http2: forVersion("h2") };
}

/** `fields` with those of `added` whose name they do not have. */
export function mergeFields(fields: FieldList, added: FieldList): FieldList {
  if (added.length === 0) return fields;
  const merged = [...fields];
  for (const field of added) if (!hasField(fields, field[0])) merged.push(field);
  return merged;
}

/**
 * Adds fields to a finished response. Responses that came out of `fetch()` have immutable headers; where the runtime
 * insists on that, those are rebuilt around the same body.
 */
export function addToResponse(response: Response, added: FieldList): Response {
  if (added.length === 0) return response;
  try {
    for (const field of added) appendMissing(response, field);
    return response;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const copy = withBody(response, response.body);
    for (const field of added) appendMissing(copy, field);
    return copy;
  }
}
