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
  /** Adds `server: hypercorn-h11`, `hypercorn-h2` or `hypercorn-h3`. */
  readonly includeServerHeader: boolean;
  /** Values for `alt-svc` (RFC 7838 §3) that the operator wants on every response, in order; they replace `http3`. */
  readonly altSvc: readonly string[];
  /** Values for `alt-svc` that lead to our own HTTP/3 listeners, for responses of other versions. Default none. */
  readonly http3?: readonly string[];
}

/** The fields to add to every response, per version. */
export interface ResponseFields {
  /** On HTTP/1. */
  readonly http1: FieldList;
  /** On HTTP/2. */
  readonly http2: FieldList;
  /** On HTTP/3. */
  readonly http3: FieldList;
  /** On HTTP/1 while the server drains: nobody is sent to HTTP/3 any more, and the connection closes (RFC 9112 §9.6). */
  readonly http1Draining: FieldList;
  /** On HTTP/2 while the server drains. */
  readonly http2Draining: FieldList;
}

/** Makes the lists once, when the server starts, so that what is switched off costs nothing. */
export function responseFields(
  { includeServerHeader, altSvc, http3 = [] }: ResponseFieldOptions,
): ResponseFields {
  const forVersion = (version: string, values: readonly string[]): FieldList => {
    const fields: Field[] = [];
    if (includeServerHeader) fields.push(["server", `hypercorn-${version}`]);
    if (values.length > 0) fields.push(["alt-svc", values.join(", ")]);
    return fields;
  };
  const serving = altSvc.length > 0 ? altSvc : http3;
  return {
    http1: forVersion("h11", serving),
    http2: forVersion("h2", serving),
    http3: forVersion("h3", altSvc),
    http1Draining: [...forVersion("h11", altSvc), CLOSE],
    http2Draining: forVersion("h2", altSvc),
  };
}

/** The last response of a connection; the guarded driver closes it then, the runtime only while it drains. */
export const CLOSE: Field = ["connection", "close"];

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
