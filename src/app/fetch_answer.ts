/**
 * Calls of fetch handlers.
 *
 * @module
 */

import { HandshakeError } from "../errors.ts";
import type { RequestHead } from "../exchange.ts";
import type { FetchHandler } from "../fetch_types.ts";
import { wrongFetchResult } from "../misuse.ts";
import type { ExchangeInfo } from "./fetch_request.ts";

/** Calls the handler. @throws What it throws; where that is a {@link HandshakeError}, drivers answer and log it. */
export function answer(
  app: FetchHandler,
  request: Request,
  info: ExchangeInfo,
): Response | Promise<Response> {
  const result: unknown = app(request, info);
  return result instanceof Response ? result : resolved(result);
}

async function resolved(result: unknown): Promise<Response> {
  const response = await result;
  if (!(response instanceof Response)) throw wrongFetchResult(response);
  return response;
}

/**
 * What denies a handshake. Where a success would accept it (RFC 8441 §5), that of an application which takes no notice of
 * WebSockets, or of WebTransport, says that there is none.
 *
 * @throws {HandshakeError} In place of a success, with 501.
 */
export function denialOf(
  response: Response,
  { method }: RequestHead,
  protocol: "WebSocket" | "WebTransport",
): Response {
  if (method !== "CONNECT" || !response.ok) return response;
  response.body?.cancel().catch(() => {});
  const reason = `the handler answered with status ${response.status}. ` +
    `Return the response of upgrade${protocol}(request)`;
  throw new HandshakeError(501, reason, [], protocol);
}
