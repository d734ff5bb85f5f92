/**
 * A native WebSocket with the limits the runtime leaves out: message size, a close handshake that ends, and a
 * place in the server's shutdown.
 *
 * @module
 */

import { HandshakeError } from "../errors.ts";
import { WEBSOCKET_CLOSE_TIMEOUT_MS } from "../limits.ts";
import type { UpgradeOptions, WebSocketUpgrade } from "../upgrade.ts";
import { cutSocket } from "./cut_socket.ts";
import { checkHandshake, offeredSubprotocols } from "./handshake.ts";
import type { InFlight, OpenSocket } from "./in_flight.ts";

/** Settings of every WebSocket of a server. */
export interface WebSocketSettings {
  /** Bytes of one message, in UTF-8 for text; more closes with 1009. */
  readonly maxMessageSize: number;
  /** Seconds between pings, `0` for none, `null` for the runtime's own 15. */
  readonly pingInterval: number | null;
  /** Where open sockets are noted. */
  readonly inFlight: InFlight;
}

/**
 * Upgrades a native request.
 *
 * @throws {HandshakeError} When the handshake is bad, the subprotocol was not offered, or the server is stopping.
 */
export function upgradeNative(
  request: Request,
  options: UpgradeOptions,
  settings: WebSocketSettings,
): WebSocketUpgrade {
  checkHandshake(request.method, request.headers);
  if (settings.inFlight.draining) throw new HandshakeError(503, "the server is shutting down", []);
  const { protocol } = options;
  if (protocol !== undefined && !offeredSubprotocols(request.headers).includes(protocol)) {
    throw new HandshakeError(400, `the client did not offer the subprotocol "${protocol}"`, []);
  }
  const idleTimeout = options.idleTimeout ?? idleTimeoutOf(settings.pingInterval);
  const { socket, response } = Deno.upgradeWebSocket(
    request,
    idleTimeout === undefined ? {} : { idleTimeout },
  );
  if (protocol !== undefined) {
    // Not through the runtime's option: it finds the name only in a list separated by exactly ", ".
    response.headers.set("sec-websocket-protocol", protocol);
    Object.defineProperty(socket, "protocol", { value: protocol });
  }
  for (const [name, value] of new Headers(options.headers)) response.headers.append(name, value);
  new SocketGuard(socket, settings);
  return { socket, response };
}

/** The runtime pings after half of its idle timeout. */
function idleTimeoutOf(pingInterval: number | null): number | undefined {
  return pingInterval === null ? undefined : pingInterval * 2;
}

/** Watches one native socket from creation to close. */
class SocketGuard implements OpenSocket {
  readonly #socket: WebSocket;
  readonly #settings: WebSocketSettings;
  #closeTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(socket: WebSocket, settings: WebSocketSettings) {
    this.#socket = socket;
    this.#settings = settings;
    socket.binaryType = "arraybuffer";
    socket.addEventListener("open", () => settings.inFlight.addSocket(this), { once: true });
    socket.addEventListener("message", (event) => this.#checkSize(event)); // first, so it can withhold the event
    socket.addEventListener("close", () => this.#closed());
    const close = socket.close.bind(socket);
    socket.close = (code, reason) => {
      close(code, reason);
      this.#closeTimer ??= setTimeout(() => this.cut(), WEBSOCKET_CLOSE_TIMEOUT_MS);
    };
  }

  close(code: number, reason: string): void {
    if (this.#socket.readyState <= WebSocket.OPEN) this.#socket.close(code, reason);
  }

  cut(): void {
    cutSocket(this.#socket);
    this.#closed(); // also when the runtime offers no way: nothing more can be done about it
  }

  #checkSize(event: MessageEvent): void {
    if (messageBytes(event.data, this.#settings.maxMessageSize) <= this.#settings.maxMessageSize) {
      return;
    }
    event.stopImmediatePropagation();
    this.close(1009, "Message too big");
  }

  #closed(): void {
    clearTimeout(this.#closeTimer);
    this.#settings.inFlight.deleteSocket(this);
  }
}

const utf8 = new TextEncoder();

/** Bytes of a message; text is only encoded when its length leaves the answer to `limit` open. */
function messageBytes(data: string | ArrayBuffer, limit: number): number {
  if (typeof data !== "string") return data.byteLength;
  if (data.length * 3 <= limit || data.length > limit) return data.length;
  return utf8.encode(data).byteLength;
}
