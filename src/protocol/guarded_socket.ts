/**
 * A native WebSocket with what the runtime leaves out: a limit on messages, a close handshake that ends, one truthful
 * close event, and a place in the server's shutdown.
 *
 * @module
 */

import { containListeners } from "../contain_listeners.ts";
import { HandshakeError } from "../errors.ts";
import { WEBSOCKET_CLOSE_TIMEOUT_MS } from "../limits.ts";
import type { UpgradeOptions, WebSocketUpgrade } from "../upgrade.ts";
import { checkCloseArguments } from "../websocket_close.ts";
import { checkAcceptFields, checkHandshake, offeredSubprotocols } from "./handshake.ts";
import type { InFlight, OpenSocket } from "./in_flight.ts";
import { type ServeObservation, sizeOf } from "./serve_observation.ts";
import { cutSocket, keepReading } from "./socket_internals.ts";

/** Settings of every WebSocket of a server. */
export interface WebSocketSettings {
  /** Bytes of one message, in UTF-8 for text; more closes with 1009. */
  readonly maxMessageSize: number;
  /** Seconds of silence before a ping, `null` for none. */
  readonly pingInterval: number | null;
  /** Where open sockets are noted. */
  readonly inFlight: InFlight;
  /** Milliseconds for the peer to answer Close; default {@link WEBSOCKET_CLOSE_TIMEOUT_MS}. */
  readonly closeTimeoutMs?: number;
  /** Bytes that may wait for an application that does not receive; default `WEBSOCKET_RECEIVE_QUEUE_BYTES`. */
  readonly receiveQueueBytes?: number;
}

/** Who wants to know about one WebSocket. */
export interface SocketEvents {
  /**
   * Gets what listeners of the application throw; the socket is closed with 1011 then. Without it such an exception is an
   * uncaught error.
   */
  readonly onError?: (error: unknown) => void;
  /** Is told of messages sent, and the end. Not of the handshake. */
  readonly observation?: ServeObservation | null;
}

/**
 * Upgrades a native request.
 *
 * @throws {HandshakeError} When the handshake is bad, the subprotocol was not offered, or the server is stopping.
 * @throws {ApplicationError} For fields the handshake itself owns.
 */
export function upgradeNative(
  request: Request,
  options: UpgradeOptions,
  settings: WebSocketSettings,
  events: SocketEvents = {},
): WebSocketUpgrade {
  checkHandshake(request.method, request.headers);
  if (settings.inFlight.draining) throw new HandshakeError(503, "the server is shutting down", []);
  const { protocol } = options;
  if (protocol !== undefined && !offeredSubprotocols(request.headers).includes(protocol)) {
    throw new HandshakeError(400, `the client did not offer the subprotocol "${protocol}"`, []);
  }
  const fields = [...new Headers(options.headers)];
  checkAcceptFields(fields);
  // The runtime pings after half of its idle timeout; 0 switches that off.
  const idleTimeout = options.idleTimeout ?? (settings.pingInterval ?? 0) * 2;
  const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout });
  if (protocol !== undefined) {
    // Not through the runtime's option: it finds the name only in a list separated by exactly ", ".
    response.headers.set("sec-websocket-protocol", protocol);
    Object.defineProperty(socket, "protocol", { value: protocol });
  }
  for (const [name, value] of fields) response.headers.append(name, value);
  new SocketGuard(socket, settings, events);
  sockets.set(request, socket);
  return { socket, response };
}

const sockets = new WeakMap<Request, WebSocket>();

/** The WebSocket that {@link upgradeNative} made of a request, if it did. */
export function socketOf(request: Request): WebSocket | undefined {
  return sockets.get(request);
}

/**
 * Ends the observation of a WebSocket that does not open, once its 101 was handed over: the runtime has no event for a
 * client that left before.
 */
export function expectOpen(
  socket: WebSocket,
  observation: ServeObservation,
  { closeTimeoutMs = WEBSOCKET_CLOSE_TIMEOUT_MS }: WebSocketSettings,
): void {
  const timer = setTimeout(() => observation.ended("aborted"), closeTimeoutMs);
  for (const event of ["open", "close"]) {
    socket.addEventListener(event, () => clearTimeout(timer), { once: true });
  }
}

/** Watches one native socket from creation to close. */
class SocketGuard implements OpenSocket {
  readonly #socket: WebSocket;
  readonly #settings: WebSocketSettings;
  readonly #observation: ServeObservation | null;
  readonly #nativeClose: (code: number, reason: string) => void;
  #closeTimer: ReturnType<typeof setTimeout> | undefined;
  /** Arguments of a `close()` before the socket was open, when the runtime ignores it. */
  #closeAtOpen: [code: number, reason: string] | undefined;
  #cut = false;
  /** The close event the application gets. */
  #closeEvent: CloseEvent | undefined;

  constructor(
    socket: WebSocket,
    settings: WebSocketSettings,
    { onError, observation = null }: SocketEvents,
  ) {
    this.#socket = socket;
    this.#settings = settings;
    this.#observation = observation;
    this.#nativeClose = socket.close.bind(socket);
    socket.binaryType = "arraybuffer";
    // These listeners come first, so they can withhold an event from the application's.
    socket.addEventListener("open", () => this.#onOpen(), { once: true });
    socket.addEventListener("message", (event) => this.#onMessage(event));
    socket.addEventListener("close", (event) => this.#onClose(event));
    socket.close = (code, reason) => this.close(code, reason);
    if (observation) countMessages(socket, observation);
    if (onError === undefined) return;
    containListeners(socket, (error) => {
      onError(error);
      this.fail();
    });
  }

  /** Closes the socket because the application failed, unless it is closing already. */
  fail(): void {
    const { readyState } = this.#socket;
    const closing = readyState !== WebSocket.OPEN &&
      (readyState !== WebSocket.CONNECTING || this.#closeAtOpen !== undefined);
    if (!closing) this.#observation?.fail();
    this.close(1011, "Internal error");
  }

  /** The socket's `close()`. Without a code 1000 is sent. */
  close(code = 1000, reason = ""): void {
    checkCloseArguments(code, reason);
    const { readyState } = this.#socket;
    if (readyState === WebSocket.CONNECTING) this.#closeAtOpen ??= [code, reason];
    if (readyState !== WebSocket.OPEN) return;
    this.#nativeClose(code, reason);
    keepReading(this.#socket);
    const limit = this.#settings.closeTimeoutMs ?? WEBSOCKET_CLOSE_TIMEOUT_MS;
    this.#closeTimer = setTimeout(() => this.cut(), limit);
  }

  cut(): void {
    this.#cut = true;
    this.#observation?.ended("aborted");
    // Where the runtime offers no way nothing more can be done about the connection; the application is told.
    if (!cutSocket(this.#socket)) this.#socket.dispatchEvent(new CloseEvent("close"));
  }

  #onOpen(): void {
    this.#settings.inFlight.addSocket(this);
    if (this.#closeAtOpen) this.close(...this.#closeAtOpen);
  }

  #onMessage(event: MessageEvent): void {
    const { maxMessageSize } = this.#settings;
    const open = this.#socket.readyState === WebSocket.OPEN; // later ones are dropped, as the standard has it
    if (open && messageBytes(event.data, maxMessageSize) <= maxMessageSize) return;
    event.stopImmediatePropagation();
    this.close(1009, "Message too big");
  }

  /**
   * Passes one close event on. The runtime fires a second one after a missing pong, says code 0 for a lost connection
   * and a clean 1005 for one we cut; RFC 6455 §7.1.5 calls all of them 1006.
   */
  #onClose(event: CloseEvent): void {
    if (event === this.#closeEvent) return;
    const lost = this.#cut || !event.wasClean;
    if (lost || this.#closeEvent) event.stopImmediatePropagation();
    if (this.#closeEvent) return;
    clearTimeout(this.#closeTimer);
    this.#settings.inFlight.deleteSocket(this);
    this.#observation?.ended(lost ? "aborted" : "complete");
    this.#closeEvent = lost ? new CloseEvent("close", { code: 1006 }) : event;
    if (lost) this.#socket.dispatchEvent(this.#closeEvent);
  }
}

/** Tells of every message that is sent. */
function countMessages(socket: WebSocket, observation: ServeObservation): void {
  const send = socket.send.bind(socket);
  socket.send = (data) => {
    const open = socket.readyState === WebSocket.OPEN; // later ones are dropped, as the standard has it
    send(data);
    if (open) observation.sent(payloadBytes(data));
  };
}

/** Bytes of what was passed to `send()`. */
function payloadBytes(data: string | ArrayBufferLike | ArrayBufferView | Blob): number {
  if (data instanceof Blob) return data.size;
  return typeof data === "object" ? data.byteLength : sizeOf(String(data));
}

const utf8 = new TextEncoder();

/** Bytes of a message; text is only encoded when its length leaves the answer to `limit` open. */
function messageBytes(data: string | ArrayBuffer, limit: number): number {
  if (typeof data !== "string") return data.byteLength;
  if (data.length * 3 <= limit || data.length > limit) return data.length;
  return utf8.encode(data).byteLength;
}
