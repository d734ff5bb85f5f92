/**
 * Which driver upgrades a request to a WebSocket.
 *
 * A fetch application calls `upgradeWebSocket(request)` with nothing but the request, so the driver that made the
 * request leaves its own way of upgrading on it.
 *
 * @module
 */

/** Options of `upgradeWebSocket`. */
export interface UpgradeOptions {
  /** Subprotocol to choose; must be one the client offered in `sec-websocket-protocol`. */
  readonly protocol?: string;
  /** Further fields of the response that accepts: 101, over HTTP/3 200. */
  readonly headers?: HeadersInit;
  /**
   * Seconds of silence after which a peer is given up: a ping goes out at half of it, and without an answer the
   * socket closes with 1006. `0` switches it off. Default: twice `websocket_ping_interval`, which is off by default.
   */
  readonly idleTimeout?: number;
}

/** Result of `upgradeWebSocket`: return `response` from the handler, talk through `socket`. */
export interface WebSocketUpgrade {
  /** The server side of the WebSocket; it opens once `response` was sent. */
  readonly socket: WebSocket;
  /** The response that accepts; its status is 101 whatever the version, over HTTP/3 the client gets 200. */
  readonly response: Response;
}

/** A driver's way of upgrading a request. */
export type Upgrader = (request: Request, options: UpgradeOptions) => WebSocketUpgrade;

/** Registered, for the application may import another version of this package than the one that serves it. */
const UPGRADER = Symbol.for("@x/hypercorn.upgrader");

/** Leaves `upgrader` on a request. A property, not a WeakMap: it is set on every request and must cost nothing. */
export function setUpgrader(request: Request, upgrader: Upgrader): void {
  (request as { [UPGRADER]?: Upgrader })[UPGRADER] = upgrader;
}

/** The upgrader left on a request, if any. */
export function getUpgrader(request: Request): Upgrader | undefined {
  return (request as { [UPGRADER]?: Upgrader })[UPGRADER];
}
