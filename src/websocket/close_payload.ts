/**
 * What a Close frame carries: nothing, or a code and a reason.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1 | RFC 6455 §5.5.1}
 * @module
 */

import { isCloseCode } from "../websocket_close.ts";
import { CLOSE, WebSocketError } from "./errors.ts";
import { decodeUtf8 } from "./utf8.ts";

/** Why a WebSocket is closed. */
export interface CloseStatus {
  /** Code that was sent, or 1005 when there was none. */
  readonly code: number;
  /** Text for a log, not for users; `""` for none. */
  readonly reason: string;
}

/** A Close frame without a code. */
export const NO_STATUS: CloseStatus = { code: CLOSE.NO_STATUS, reason: "" };

const utf8 = new TextEncoder();
const EMPTY = new Uint8Array(0);

/** Payload of a Close frame; empty for code 1005. Codes and reasons that cannot be sent are the caller's to refuse. */
export function encodeClosePayload({ code, reason }: CloseStatus): Uint8Array {
  if (code === CLOSE.NO_STATUS) return EMPTY;
  const text = utf8.encode(reason);
  const payload = new Uint8Array(2 + text.length);
  payload[0] = code >>> 8;
  payload[1] = code;
  payload.set(text, 2);
  return payload;
}

/**
 * What the payload of a Close frame says.
 *
 * @throws {WebSocketError} 1002 for half a code or one that must not be sent, 1007 for a reason that is no UTF-8.
 */
export function decodeClosePayload(payload: Uint8Array): CloseStatus {
  if (payload.length === 0) return NO_STATUS;
  if (payload.length === 1) {
    throw new WebSocketError(
      CLOSE.PROTOCOL_ERROR,
      "Cannot accept the close: half of its code is missing",
    );
  }
  const code = payload[0]! << 8 | payload[1]!;
  if (!isCloseCode(code)) {
    throw new WebSocketError(
      CLOSE.PROTOCOL_ERROR,
      `Cannot accept the close: code ${code} must not be sent`,
    );
  }
  const reason = decodeUtf8(payload.subarray(2));
  if (reason === null) {
    throw new WebSocketError(
      CLOSE.INVALID_DATA,
      "Cannot accept the close: its reason is not UTF-8",
    );
  }
  return { code, reason };
}
