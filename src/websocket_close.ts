/**
 * Close codes and reasons of WebSockets.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6455#section-7.4 | RFC 6455 §7.4}
 * @module
 */

import { ApplicationError } from "./errors.ts";

/** Longest close reason in bytes of UTF-8: a control frame holds 125, two are the code (RFC 6455 §5.5). */
export const MAX_CLOSE_REASON_BYTES = 123;

/** Codes that only ever describe what was seen locally (RFC 6455 §7.4.1): no code, no Close frame, no TLS. */
const LOCAL_CODES: readonly number[] = [1005, 1006, 1015];

const utf8 = new TextEncoder();

/** Says whether `code` stands for something only seen locally and so never goes on the wire. */
export function isLocalCloseCode(code: number): boolean {
  return LOCAL_CODES.includes(code);
}

/** Says whether an endpoint may send `code`: those registered by IANA (1000..1014), and 3000..4999 for everyone. */
export function isCloseCode(code: number): boolean {
  if (!Number.isInteger(code)) return false;
  if (code >= 1000 && code <= 1014) return code !== 1004 && !isLocalCloseCode(code);
  return code >= 3000 && code <= 4999;
}

/** Says whether `reason` fits a Close frame. */
export function isCloseReason(reason: string): boolean {
  return utf8.encode(reason).length <= MAX_CLOSE_REASON_BYTES;
}

/** Shortens `reason` to what fits a Close frame, at a character. */
export function truncateCloseReason(reason: string): string {
  const { read } = utf8.encodeInto(reason, new Uint8Array(MAX_CLOSE_REASON_BYTES));
  return reason.slice(0, read);
}

/**
 * Judges the arguments of `WebSocket.close()` on a server, which may use every code that can be sent.
 *
 * @throws {DOMException} `InvalidAccessError` or `SyntaxError`, as the WebSockets Standard has it.
 */
export function checkCloseArguments(code: number, reason: string): void {
  if (!isCloseCode(code)) {
    throw new DOMException(
      `Cannot close the WebSocket with code ${code}: expected 1000 to 1014 without 1004, 1005 and 1006, or 3000 to 4999`,
      "InvalidAccessError",
    );
  }
  if (!isCloseReason(reason)) {
    throw new DOMException(
      `Cannot close the WebSocket: the reason is longer than ${MAX_CLOSE_REASON_BYTES} bytes of UTF-8`,
      "SyntaxError",
    );
  }
}

/**
 * Judges the same of an exchange.
 *
 * @throws {ApplicationError} For what cannot be sent in a Close frame.
 */
export function checkClose(code: number, reason: string): void {
  if (!isCloseCode(code)) {
    throw new ApplicationError(
      `Cannot close the WebSocket with code ${code}: expected 1000 to 1014 without 1004, 1005 and 1006, or 3000 to 4999`,
    );
  }
  if (!isCloseReason(reason)) {
    throw new ApplicationError(
      `Cannot close the WebSocket: the reason is longer than ${MAX_CLOSE_REASON_BYTES} bytes of UTF-8`,
    );
  }
}
