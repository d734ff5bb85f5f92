/**
 * What the errors of Deno's QUIC mean.
 *
 * The codes of RESET_STREAM and STOP_SENDING are nowhere but in the text of a message.
 *
 * @module
 */

import { ConfigError } from "../errors.ts";
import { ConnectionLostError, StreamResetError, StreamStoppedError } from "./transport.ts";

/** `stream reset by peer: error 268`, `sending stopped by peer: error 0`. */
const CODE = /\berror (\d+)$/;

/** Why a read failed. */
export function receiveError(error: unknown): StreamResetError | ConnectionLostError {
  return isByPeer(error)
    ? new StreamResetError(codeOf(error), { cause: error })
    : connectionLost(error);
}

/** Why a write failed. */
export function sendError(error: unknown): StreamStoppedError | ConnectionLostError {
  return isByPeer(error)
    ? new StreamStoppedError(codeOf(error), { cause: error })
    : connectionLost(error);
}

/** The connection is over; `cause` is the runtime's own error. */
export function connectionLost(cause: unknown): ConnectionLostError {
  return new ConnectionLostError(`The connection is over: ${messageOf(cause)}`, { cause });
}

/** The text of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Why the runtime does not take a certificate or key. Which of them it is, only its message says. */
export function identityError(cause: unknown): ConfigError {
  const message = messageOf(cause);
  const isKey = /\bkeys?\b/i.test(message);
  return new ConfigError({
    key: isKey ? "keyfile" : "certfile",
    expected: isKey
      ? "the private key of the certificate in PEM form"
      : "a certificate in PEM form",
    received: `something else (${message})`,
  }, { cause });
}

/** For promises whose rejection somebody else handles. */
export function ignore(): void {}

function isByPeer(error: unknown): error is Error {
  return error instanceof Error && error.name === "ConnectionReset";
}

function codeOf({ message }: Error): number {
  return Number(CODE.exec(message)?.[1] ?? 0); // 0 too should a later runtime word it otherwise
}
