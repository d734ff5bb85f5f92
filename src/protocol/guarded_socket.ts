/**
 * A native WebSocket with what the runtime leaves out: limits on messages either way, a close handshake that ends, one
 * truthful close event, and a place in the server's shutdown.
 *
 * @module
 */

import { containListeners } from "../contain_listeners.ts";
import { HandshakeError } from "../errors.ts";
import { WEBSOCKET_CLOSE_TIMEOUT_MS } from "../limits.ts";
import type { UpgradeOptions, WebSocketUpgrade } from "../upgrade.ts";
import { checkCloseArguments } from "../websocket_close.ts";
import type { Expiring } from "./deadline_clock.ts";
import { checkAcceptFields, checkHandshake, offeredSubprotocols } from "./handshake.ts";
import type { Outcome } from "../observation.ts";
import type { InFlight, OpenSocket } from "./in_flight.ts";
import type { RareReport } from "./rare_report.ts";
import type { ServeObservation } from "./serve_observation.ts";
import { answerCalls, type SocketCalls } from "./socket_calls.ts";
import { NativeSocket } from "./socket_internals.ts";
import {
  isWithin,
  messageSize,
  type OutboxSettings,
  type SendData,
  socketClock,
  SocketOutbox,
} from "./socket_outbox.ts";

/** Settings of every WebSocket of a server. */
export interface WebSocketSettings extends OutboxSettings {
  /** Bytes of one message, in UTF-8 for text; more closes with 1009. */
  readonly maxMessageSize: number;
  /** Seconds of silence before a ping, `null` for none. */
  readonly pingInterval: number | null;
  /** Whether messages are compressed where a client offers it; HTTP/3 only. Default `false`. */
  readonly permessageDeflate?: boolean;
  /** Where open sockets are noted. */
  readonly inFlight: InFlight;
  /** Where it is reported that a client was cut, which clients cause at will. */
  readonly failures?: RareReport;
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
  /** Gets messages before the listeners of the application do, binary ones as `ArrayBuffer`. */
  readonly onMessage?: (data: string | ArrayBuffer) => void;
}

/** A {@link WebSocketUpgrade} as exchanges see it. */
export interface GuardedUpgrade extends WebSocketUpgrade {
  /** Settles when the next message could be sent at once; `undefined` when that is now. */
  ready(): Promise<void> | undefined;
  /** Whether this end has begun to close. */
  closing(): boolean;
}

/** The connection below a WebSocket; it may outlive what the application sees. */
export type SocketConnection = Pick<WebSocket, "readyState"> & EventTarget;

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
  const { socket, response } = upgradeGuarded(request, options, settings, events);
  return { socket, response };
}

/** As {@link upgradeNative}. */
export function upgradeGuarded(
  request: Request,
  options: UpgradeOptions,
  settings: WebSocketSettings,
  events: SocketEvents,
): GuardedUpgrade {
  checkHandshake(request.method, request.headers);
  if (settings.inFlight.draining) throw new HandshakeError(503, "the server is shutting down", []);
  const { protocol } = options;
  if (protocol !== undefined && !offeredSubprotocols(request.headers).includes(protocol)) {
    throw new HandshakeError(400, `the client did not offer the subprotocol "${protocol}"`, []);
  }
  const fields = [...new Headers(options.headers)];
  checkAcceptFields(fields);
  if (request.signal.aborted) throw new HandshakeError(400, "the client has left", []);
  const { pathname } = new URL(request.url);
  // The runtime pings after half of its idle timeout; 0 switches that off.
  const idleTimeout = options.idleTimeout ?? (settings.pingInterval ?? 0) * 2;
  const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout });
  if (protocol !== undefined) {
    // Not through the runtime's option: it finds the name only in a list separated by exactly ", ".
    response.headers.set("sec-websocket-protocol", protocol);
    Object.defineProperty(socket, "protocol", { value: protocol });
  }
  for (const [name, value] of fields) response.headers.append(name, value);
  const guard = new SocketGuard(socket, `a WebSocket on ${pathname}`, settings, events);
  connections.set(request, guard.connection);
  return { socket, response, ready: () => guard.ready(), closing: () => guard.closing };
}

const connections = new WeakMap<Request, SocketConnection>();

/** The connection of the WebSocket that {@link upgradeNative} made of a request, if it did. */
export function socketOf(request: Request): SocketConnection | undefined {
  return connections.get(request);
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

/** Milliseconds between looks at a connection that is only held because its client does not read. */
const HELD_LOOK_MS = 10_000;

/** Watches one native socket from creation to close. */
class SocketGuard implements OpenSocket, Expiring, SocketCalls {
  deadline = Infinity;
  /** Closes when the runtime has let go of the connection. */
  readonly connection: Connection;
  readonly #socket: WebSocket;
  /** How the log calls it. */
  readonly #name: string;
  readonly #settings: WebSocketSettings;
  readonly #observation: ServeObservation | null;
  readonly #receive: SocketEvents["onMessage"];
  readonly #native: NativeSocket;
  readonly #outbox: SocketOutbox;
  #closeTimer: ReturnType<typeof setTimeout> | undefined;
  /** Arguments of a `close()` before the socket was open, when the runtime ignores it. */
  #closeAtOpen: [code: number, reason: string] | undefined;
  #closing = false;
  /** The close event the application gets. */
  #closeEvent: CloseEvent | undefined;

  constructor(
    socket: WebSocket,
    name: string,
    settings: WebSocketSettings,
    { onError, observation = null, onMessage }: SocketEvents,
  ) {
    this.#socket = socket;
    this.#name = name;
    this.#settings = settings;
    this.#observation = observation;
    this.#receive = onMessage;
    this.connection = new Connection(socket);
    this.#native = new NativeSocket(socket);
    this.#outbox = new SocketOutbox(this.#native, settings, (...why) => this.#fail(...why));
    socket.binaryType = "arraybuffer";
    // These listeners come first, so they can withhold an event from the application's.
    socket.addEventListener("open", () => this.#onOpen(), { once: true });
    socket.addEventListener("message", (event) => this.#onMessage(event));
    socket.addEventListener("error", (event) => this.#onError(event));
    socket.addEventListener("close", (event) => this.#onClose(event));
    answerCalls(socket, this);
    if (onError === undefined) return;
    containListeners(socket, (error) => {
      onError(error);
      this.fail();
    });
  }

  get left(): number {
    return this.#outbox.left;
  }

  /** Settles when the next message could be sent at once; `undefined` when that is now. */
  ready(): Promise<void> | undefined {
    return this.#outbox.ready();
  }

  /** Whether this end has begun to close. */
  get closing(): boolean {
    return this.#closing;
  }

  /** Closes the socket because the application failed, unless it is closing already. */
  fail(): void {
    const { readyState } = this.#socket;
    const closing = readyState !== WebSocket.OPEN &&
      (readyState !== WebSocket.CONNECTING || this.#closeAtOpen !== undefined);
    if (!closing) this.#observation?.fail();
    this.close(1011, "Internal error");
  }

  /** The socket's `close()`, after what was sent before. Without a code 1000 is sent. */
  close(code = 1000, reason = ""): void {
    checkCloseArguments(code, reason);
    const { readyState } = this.#socket;
    if (readyState === WebSocket.CONNECTING) this.#closeAtOpen ??= [code, reason];
    if (readyState !== WebSocket.OPEN) return;
    this.#closing = true;
    this.#native.linger();
    this.#outbox.finish(() => this.#native.close(code, reason));
    this.#awaitClose(this.#outbox.left);
  }

  /**
   * Cuts the connection and tells the application. What is queued for a client that does not read holds the connection
   * with the runtime until that client reads or leaves, so it goes on to count.
   */
  cut(): void {
    if (this.#closeEvent) return;
    if (this.#native.buffered === 0) this.#native.cut();
    else if (this.#native.abandon()) socketClock.add(this, HELD_LOOK_MS);
    this.#lose();
  }

  /** Looks at a connection that is held. */
  expire(): void {
    if (this.#native.buffered === 0) this.#native.cut();
    else socketClock.arm(this, HELD_LOOK_MS);
  }

  /** The socket's `send()`. */
  send(data: SendData): void {
    const { readyState } = this.#socket;
    if (readyState === WebSocket.CONNECTING) return this.#native.send(""); // throws what the standard says
    if (readyState !== WebSocket.OPEN) return; // dropped, as the standard has it
    const message = typeof data === "object" ? data : String(data);
    this.#outbox.send(message);
    this.#observation?.sent(messageSize(message));
  }

  /** Cuts a client that does not read. */
  #fail(reason: string, detail?: string): void {
    this.#settings.failures?.report(this.#name, reason, detail);
    this.cut();
  }

  /**
   * Cuts a client that does not answer Close in time, which runs when it has all messages. Until then the outbox sees to
   * it that it takes them.
   *
   * @param left Bytes it did not have when this wait began.
   */
  #awaitClose(left: number): void {
    const limit = this.#settings.closeTimeoutMs ?? WEBSOCKET_CLOSE_TIMEOUT_MS;
    this.#closeTimer = setTimeout(() => {
      if (left === 0) this.cut();
      else this.#awaitClose(this.#outbox.left);
    }, limit);
  }

  #onOpen(): void {
    this.#settings.inFlight.addSocket(this);
    if (this.#closeAtOpen) this.close(...this.#closeAtOpen);
  }

  #onMessage(event: MessageEvent): void {
    const { maxMessageSize } = this.#settings;
    const { data } = event;
    const open = this.#socket.readyState === WebSocket.OPEN; // later ones are dropped, as the standard has it
    if (open && isWithin(maxMessageSize, data)) return this.#receive?.(data);
    event.stopImmediatePropagation();
    this.close(1009, "Message too big");
  }

  /** Keeps to itself what happens to a connection whose socket is closed. */
  #onError(event: Event): void {
    if (this.#closeEvent) event.stopImmediatePropagation();
  }

  /**
   * Passes one close event on. The runtime fires a second one after a missing pong, says code 0 for a lost connection
   * and a clean 1005 for one we cut; RFC 6455 §7.1.5 calls all of them 1006.
   */
  #onClose(event: CloseEvent): void {
    if (event === this.#closeEvent) return;
    const told = this.#closeEvent !== undefined;
    if (event.wasClean && !told) this.#end(event, "complete");
    else event.stopImmediatePropagation();
    if (!event.wasClean && !told) this.#lose();
    socketClock.delete(this);
    this.connection.close();
  }

  /** Tells the application that the connection is lost. */
  #lose(): void {
    this.#end(new CloseEvent("close", { code: 1006 }), "aborted");
    this.#socket.dispatchEvent(this.#closeEvent!);
  }

  #end(event: CloseEvent, outcome: Outcome): void {
    this.#closeEvent = event;
    clearTimeout(this.#closeTimer);
    this.#outbox.discard();
    this.#settings.inFlight.deleteSocket(this);
    this.#observation?.ended(outcome);
  }
}

/** The connection of one WebSocket. */
class Connection extends EventTarget {
  readonly #socket: WebSocket;
  #closed = false;

  constructor(socket: WebSocket) {
    super();
    this.#socket = socket;
    socket.addEventListener("open", () => this.dispatchEvent(new Event("open")), { once: true });
  }

  get readyState(): number {
    return this.#closed ? WebSocket.CLOSED : Math.min(this.#socket.readyState, WebSocket.CLOSING);
  }

  /** The runtime let go of it. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.dispatchEvent(new Event("close"));
  }
}
