/**
 * The calls that applications make on a native WebSocket, answered by somebody else than the runtime.
 *
 * They are on one prototype for all sockets, for the engine shares the shape of objects that differ in nothing but values.
 * With accessors of its own each would be a dictionary, to the runtime's code too, which costs a small message 0.3 µs.
 *
 * @module
 */

import type { SendData } from "./socket_outbox.ts";

/** Who answers the calls on one socket. */
export interface SocketCalls {
  /** Bytes that were sent and wait for the client. */
  readonly left: number;
  /** As `WebSocket.send()`. */
  send(data: SendData): void;
  /** As `WebSocket.close()`. */
  close(code?: number, reason?: string): void;
}

const CALLS = Symbol("calls");

type Answered = WebSocket & { [CALLS]: SocketCalls };

const PROTOTYPE: object = Object.create(WebSocket.prototype, {
  bufferedAmount: {
    get(this: Answered): number {
      return this[CALLS].left;
    },
  },
  send: {
    writable: true,
    value(this: Answered, data: SendData): void {
      this[CALLS].send(data);
    },
  },
  close: {
    writable: true,
    value(this: Answered, code?: number, reason?: string): void {
      this[CALLS].close(code, reason);
    },
  },
});

/** Has `calls` answer what is called on `socket`. */
export function answerCalls(socket: WebSocket, calls: SocketCalls): void {
  Object.defineProperty(socket, CALLS, { value: calls });
  Object.setPrototypeOf(socket, PROTOTYPE);
}
