/**
 * What happens on a WebSocket.
 *
 * @module
 */

import type { CloseStatus } from "./close_payload.ts";
import type { WebSocketError } from "./errors.ts";

/** A message came. */
export interface MessageReceived {
  /** What kind of event this is. */
  readonly type: "message";
  /** Text as a string, else bytes, which may be a view of those received. */
  readonly data: string | Uint8Array;
}

/** A ping came, which is answered already. */
export interface PingReceived {
  /** What kind of event this is. */
  readonly type: "ping";
  /** What it carried: up to 125 bytes, which may be a view of those received. */
  readonly payload: Uint8Array;
}

/** A pong came, asked for or not. */
export interface PongReceived {
  /** What kind of event this is. */
  readonly type: "pong";
  /** What it carried: up to 125 bytes, which may be a view of those received. */
  readonly payload: Uint8Array;
}

/** A Close frame came: begins or ends the close handshake. */
export interface CloseReceived extends CloseStatus {
  /** What kind of event this is. */
  readonly type: "close";
}

/** What a peer can say. */
export type Received = MessageReceived | PingReceived | PongReceived | CloseReceived;

/** The WebSocket is over: the last event, once. */
export interface Closed extends CloseStatus {
  /** What kind of event this is. */
  readonly type: "closed";
  /** Code of the peer's Close frame; 1005 when it had none, 1006 when there was no such frame (RFC 6455 §7.1.5). */
  readonly code: number;
  /** Reason in the peer's Close frame; `""` for none. */
  readonly reason: string;
  /** What we ended it for, of which the code is in our Close frame; `null` when the peer did nothing wrong. */
  readonly error: WebSocketError | null;
}

/** Something that happened on a WebSocket. */
export type MachineEvent = MessageReceived | PingReceived | PongReceived | Closed;
