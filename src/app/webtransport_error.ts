/**
 * Errors of WebTransport as fetch applications see them.
 *
 * A client leaves whenever it likes, and what an application then reads or writes rejects. Where nobody catches that, it
 * must not end the process, or any client could: of these errors, and of no others, the rejection counts as handled.
 *
 * @see {@link https://www.w3.org/TR/webtransport/#webtransporterror | WebTransport, WebTransportError}
 * @module
 */

import { DisconnectError } from "../errors.ts";
import { type WebTransportEnd, WebTransportStreamError } from "../webtransport_exchange.ts";

/** Errors that were made here. None of them says that something is wrong with the program. */
const made = new WeakSet<object>();

let listening = false;

/** Says whether an error is one that a session gave the application, as it does when the client leaves. */
export function isSessionError(error: unknown): boolean {
  return typeof error === "object" && error !== null && made.has(error);
}

/**
 * Makes a `WebTransportError`: the runtime's where it has one, else an error of the same shape. It does not end the
 * process when nobody catches it.
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
  const error = newError(message, source, streamErrorCode);
  made.add(error);
  if (!listening) {
    listening = true;
    addEventListener("unhandledrejection", forgive);
  }
  return error;
}

function forgive(event: PromiseRejectionEvent): void {
  if (isSessionError(event.reason)) event.preventDefault();
}

function newError(
  message: string,
  source: WebTransportErrorSource,
  streamErrorCode: number | null,
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
    return transportError(`${error.message}. ${CATCH_STREAM}`, "stream", error.code);
  }
  if (error instanceof DisconnectError) {
    return transportError(`${error.message}. ${CATCH}`, "session");
  }
  return error;
}

/** What is wrong with whatever belonged to a session that is over. */
export function sessionOver({ clean }: WebTransportEnd): WebTransportError {
  const how = clean ? "it was closed" : "the client left";
  return transportError(`The WebTransport session is over: ${how}. ${CATCH}`, "session");
}

const CATCH = "Catch this where the session is read or written";
const CATCH_STREAM = "Catch this where the stream is read or written";

/** What is wrong with a group of streams. */
export function noGroups(): DOMException {
  return new DOMException(
    "Cannot group streams: this runtime has one order for all streams of a connection. Use sendOrder",
    "NotSupportedError",
  );
}
