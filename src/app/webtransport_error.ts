/**
 * Errors of WebTransport as fetch applications see them.
 *
 * @see {@link https://www.w3.org/TR/webtransport/#webtransporterror | WebTransport, WebTransportError}
 * @module
 */

import { DisconnectError } from "../errors.ts";
import { type WebTransportEnd, WebTransportStreamError } from "../webtransport_exchange.ts";

/**
 * Makes a `WebTransportError`: the runtime's where it has one, else an error of the same shape.
 *
 * @param message What happened.
 * @param source What it happened to.
 * @param streamErrorCode Code of the client's application, `null` for none.
 */
export function transportError(
  message: string,
  source: WebTransportErrorSource,
  streamErrorCode: number | null = null,
): WebTransportError {
  if (typeof WebTransportError === "function") {
    return new WebTransportError(message, { source, streamErrorCode });
  }
  const error = new DOMException(message, "WebTransportError");
  return Object.assign(error, { source, streamErrorCode });
}

/** What a call of a session failed with, as an application is to see it: what is no word of the client stays as it is. */
export function asTransportError(error: unknown): unknown {
  if (error instanceof WebTransportStreamError) {
    return transportError(error.message, "stream", error.code);
  }
  if (error instanceof DisconnectError) return transportError(error.message, "session");
  return error;
}

/** What is wrong with whatever belonged to a session that is over. */
export function sessionOver({ clean }: WebTransportEnd): WebTransportError {
  const message = clean ? "The session is closed" : "The session was lost";
  return transportError(message, "session");
}
