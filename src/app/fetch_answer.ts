/**
 * Calls of fetch handlers.
 *
 * @module
 */

import { HandshakeError } from "../errors.ts";
import type { RequestHead } from "../exchange.ts";
import type { FetchHandler } from "../fetch_types.ts";
import { NO_CONTENT } from "../fields.ts";
import { wrongFetchResult } from "../misuse.ts";
import type { ExchangeInfo } from "./fetch_request.ts";

/** Calls the handler; a handshake it could not accept becomes the response that says so. */
export function answer(
  app: FetchHandler,
  request: Request,
  info: ExchangeInfo,
): Response | Promise<Response> {
  try {
    const result: unknown = app(request, info);
    return result instanceof Response ? result : resolved(result);
  } catch (error) {
    return refusal(error);
  }
}

async function resolved(result: unknown): Promise<Response> {
  try {
    const response = await result;
    if (!(response instanceof Response)) throw wrongFetchResult(response);
    return response;
  } catch (error) {
    return refusal(error);
  }
}

/** @throws What the handler threw, unless it was a {@link HandshakeError}. */
function refusal(error: unknown): Response {
  if (!(error instanceof HandshakeError)) throw error;
  const headers = [...NO_CONTENT, ...error.fields] as [string, string][];
  return new Response(null, { status: error.status, headers });
}

/**
 * What denies a handshake. Where a success would accept it (RFC 8441 §5), that of an application which takes no notice of
 * WebSockets, or of WebTransport, says that there is none.
 */
export function denialOf(response: Response, { method }: RequestHead): Response {
  if (method !== "CONNECT" || !response.ok) return response;
  response.body?.cancel().catch(() => {});
  return new Response(null, { status: 501 });
}
