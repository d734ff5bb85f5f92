/**
 * The fields the server itself adds to responses: `server`, `alt-svc`, and `connection: close` while it drains.
 *
 * `date` is added by the runtime. Fields the application set win; nothing is sent twice. What is switched
 * off costs nothing: the choice is made once, when the server starts.
 *
 * @module
 */

import { withBody } from "../response_record.ts";

/** What to add. */
export interface ResponseFieldOptions {
  /** Adds `server: hypercorn-h11` or `hypercorn-h2`. */
  readonly includeServerHeader: boolean;
  /** Values for `alt-svc` (RFC 7838 §3), in order. */
  readonly altSvc: readonly string[];
}

/** Adds the server's fields to a header section. */
export type Decorate = (headers: Headers, http2: boolean) => void;

/** Folds the options into one function, or `null` when there is nothing to add. */
export function responseFields(options: ResponseFieldOptions): Decorate | null {
  const { includeServerHeader, altSvc } = options;
  if (altSvc.length === 0) return includeServerHeader ? addServer : null;
  const value = altSvc.join(", ");
  return (headers, http2) => {
    if (includeServerHeader) addServer(headers, http2);
    if (!headers.has("alt-svc")) headers.append("alt-svc", value);
  };
}

function addServer(headers: Headers, http2: boolean): void {
  if (!headers.has("server")) headers.append("server", http2 ? "hypercorn-h2" : "hypercorn-h11");
}

/**
 * Applies `decorate` to a response. Responses that came out of `fetch()` have immutable headers; those are
 * rebuilt around the same body.
 */
export function decorateResponse(
  response: Response,
  decorate: Decorate,
  http2: boolean,
): Response {
  try {
    decorate(response.headers, http2);
    return response;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const copy = withBody(response, response.body);
    decorate(copy.headers, http2);
    return copy;
  }
}
