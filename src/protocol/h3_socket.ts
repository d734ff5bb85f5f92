/**
 * An accepted WebSocket over HTTP/3: the frames of RFC 6455 in the DATA of an extended CONNECT.
 *
 * Theory of operation. The rules are those of the {@link WebSocketMachine}; here are its bytes and its time. The stream
 * is read a little ahead of the application, so that Close frames and pings are noticed, and then no more: the client
 * waits, by the flow control of QUIC. Frames leave the machine as the transport takes them, so that a pong need not wait
 * behind all messages. After the close both halves end with FIN. So they do when the WebSocket is cut, for the transport
 * cannot reset a stream: without a Close frame before it that is an abnormal end for the client (RFC 6455 §7.1.5).
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9220 | RFC 9220}
 * @module
 */

import { DisconnectError } from "../errors.ts";
import { type AcceptOptions, SETTLED, type WebSocketEvent } from "../exchange.ts";
import { Fifo } from "../fifo.ts";
import {
  WEBSOCKET_CLOSE_TIMEOUT_MS,
  WEBSOCKET_QUEUE_OVERHEAD_BYTES,
  WEBSOCKET_READ_AHEAD_BYTES,
  WEBSOCKET_SEND_BUFFER_BYTES,
} from "../limits.ts";
import { type DeflateOptions, type MachineEvent, WebSocketMachine } from "../websocket/mod.ts";
import type { DeadlineClock, Expiring } from "./deadline_clock.ts";
import type { WebSocketSettings } from "./guarded_socket.ts";
import type { H3Input } from "./h3_input.ts";
import type { H3Observation } from "./h3_observation.ts";
import type { H3ResponseWriter } from "./h3_response.ts";
import type { OpenSocket } from "./in_flight.ts";
import { sizeOf } from "./serve_observation.ts";

/** What a WebSocket is made of. */
export interface H3SocketParts {
  /** Reads the stream. */
  readonly input: Pick<H3Input, "read">;
  /** Writes the stream. */
  readonly writer: Pick<H3ResponseWriter, "data" | "finish" | "queued">;
  /** Told of messages and of an end that is not regular; `null` when nobody takes note. */
  readonly observed: H3Observation | null;
  /** Limits, and where it is noted as open. */
  readonly settings: WebSocketSettings;
  /** Where its time-outs run. */
  readonly clock: DeadlineClock;
  /** Gets a fault of ours, which must end no more than the connection. */
  readonly onFault: (error: unknown) => void;
}

/** What was agreed on in the handshake. */
export interface H3SocketTerms {
  /** As in {@link AcceptOptions}. */
  readonly idleTimeout: AcceptOptions["idleTimeout"];
  /** Compression; `null` for none. */
  readonly deflate: DeflateOptions | null;
}

const NOTHING = new Uint8Array(0);

type Data = string | Uint8Array;

/** One WebSocket from its handshake to its end. */
export class H3Socket implements OpenSocket, Expiring {
  deadline = Infinity;
  readonly #parts: H3SocketParts;
  readonly #machine: WebSocketMachine;
  readonly #closeMs: number;
  /** What came and was not received. */
  readonly #messages = new Fifo<Data>();
  #waitingBytes = 0;
  /** Calls of `receive()` that wait, each for one event. */
  readonly #receivers = new Fifo<(event: WebSocketEvent) => void>();
  #closed: WebSocketEvent | undefined;
  /** It was this end that began to close. */
  #closing = false;
  /** Reading waits for the application. */
  #hold: PromiseWithResolvers<void> | undefined;
  #writing = false;
  /** Senders that wait for the client. */
  #room: PromiseWithResolvers<void> | undefined;
  /** Something went before our Close frame that the client had not taken when the wait for its answer began. */
  #unsent = false;

  /** Opens it, now that the handshake was accepted; a server that stops closes it at once. */
  constructor(parts: H3SocketParts, { idleTimeout, deflate }: H3SocketTerms) {
    this.#parts = parts;
    const { settings, clock } = parts;
    const { maxMessageSize, closeTimeoutMs, inFlight } = settings;
    const pingMs = pingMsOf(settings, idleTimeout);
    this.#closeMs = closeTimeoutMs ?? WEBSOCKET_CLOSE_TIMEOUT_MS;
    this.#machine = new WebSocketMachine({
      role: "server",
      maxMessageSize,
      pingInterval: pingMs,
      closeTimeout: this.#closeMs,
      deflate,
    }, clock.now());
    if (pingMs < Infinity) clock.add(this, pingMs);
    inFlight.addSocket(this);
    void this.#readAll().catch(parts.onFault);
  }

  /** Whether it is closed, so that nothing comes but the close event. */
  get closed(): boolean {
    return this.#closed !== undefined;
  }

  /** Whether this end has begun to close it. */
  get closing(): boolean {
    return this.#closing;
  }

  /** Bytes that wait for the client, headers of frames included. */
  get buffered(): number {
    return this.#machine.pendingBytes + this.#parts.writer.queued;
  }

  get #isOpen(): boolean {
    return this.#closed === undefined && this.#machine.state === "open";
  }

  /** Next message, or the close event for ever. */
  receive(): Promise<WebSocketEvent> {
    const data = this.#messages.shift();
    if (data !== undefined) {
      this.#waitingBytes -= costOf(data);
      if (this.#waitingBytes < WEBSOCKET_READ_AHEAD_BYTES) this.#readOn();
      return Promise.resolve({ type: "message", data });
    }
    if (this.#closed) return Promise.resolve(this.#closed);
    return new Promise((resolve) => this.#receivers.push(resolve));
  }

  /**
   * Sends a message; settles when not too much waits, and is rejected when the end came meanwhile.
   *
   * @throws {DisconnectError} When nothing can be sent any more.
   */
  send(data: Data): Promise<void> {
    this.checkOpen();
    this.#machine.send(data);
    this.#parts.observed?.sent(sizeOf(data));
    this.#flush();
    return this.#machine.pendingBytes <= WEBSOCKET_SEND_BUFFER_BYTES ? SETTLED : this.#sendable();
  }

  async #sendable(): Promise<void> {
    this.#room ??= Promise.withResolvers();
    await this.#room.promise;
    if (this.#closed) this.checkOpen();
  }

  /** @throws {DisconnectError} When nothing can be sent, and it was not the application who closed. */
  checkOpen(): void {
    if (this.#closed) throw new DisconnectError("The WebSocket is closed");
    if (this.#machine.state !== "open") throw new DisconnectError("The WebSocket is closing");
  }

  /** Begins the close handshake, unless it is not open any more. Code and reason are such that can be sent. */
  close(code: number, reason: string): void {
    if (!this.#isOpen) return;
    const { clock } = this.#parts;
    this.#closing = true;
    this.#unsent = this.buffered > 0;
    this.#machine.close({ code, reason }, clock.now());
    clock.add(this, this.#closeMs);
    this.#readOn();
    this.#flush();
  }

  /** The application failed, or gave up a client that takes nothing. */
  fail(error: Error): void {
    if (!this.#isOpen) return;
    if (error instanceof DisconnectError) return this.cut();
    this.#parts.observed?.decide("failed");
    this.close(1011, "Internal error");
  }

  /** Ends it without a Close frame, and what waits for the client is not sent: it is gone, or the server has to be. */
  cut(): void {
    if (this.#closed) return;
    while (this.#machine.take() !== null);
    this.#end({ type: "close", code: 1006, reason: "" });
  }

  /** The peer was silent for long, or did not answer our Close frame. */
  expire(): void {
    const { clock } = this.#parts;
    const now = clock.now();
    if (this.#machine.state === "closing" && this.#unsent) {
      this.#unsent = this.buffered > 0; // its time runs from when it has our Close frame
      return clock.arm(this, this.#closeMs);
    }
    if (this.#hold) this.#machine.receive(NOTHING, now); // it is not silent but kept waiting
    else this.#machine.tick(now);
    this.#settle();
    if (!this.#closed) clock.armAt(this, this.#machine.deadline, now);
  }

  async #readAll(): Promise<void> {
    const { input, clock } = this.#parts;
    while (!this.#closed) {
      let bytes: Uint8Array | null;
      try {
        bytes = await input.read();
      } catch {
        return this.cut(); // the client reset the stream
      }
      if (bytes === null) this.#machine.finish();
      else this.#machine.receive(bytes, clock.now());
      while (!this.#settle()) await this.#hold!.promise;
    }
  }

  /** Looks at everything that came. Says whether that was all, or else holds up the client. */
  #settle(): boolean {
    while (!this.#closed) {
      if (this.#hold) return false;
      const full = this.#waitingBytes >= WEBSOCKET_READ_AHEAD_BYTES;
      if (full && this.#isOpen) {
        this.#hold = Promise.withResolvers();
        return false;
      }
      const event = this.#machine.next();
      this.#flush();
      if (event === null) return true;
      this.#on(event);
    }
    return true;
  }

  #readOn(): void {
    this.#hold?.resolve();
    this.#hold = undefined;
  }

  #on(event: MachineEvent): void {
    if (event.type === "message") this.#onMessage(event.data);
    else if (event.type === "closed") {
      const { code, reason } = event;
      this.#end({ type: "close", code, reason });
    }
  }

  #onMessage(data: Data): void {
    const receiver = this.#receivers.shift();
    if (receiver) return receiver({ type: "message", data });
    this.#messages.push(data);
    this.#waitingBytes += costOf(data);
  }

  #end(event: WebSocketEvent & { readonly type: "close" }): void {
    const { observed, clock, settings } = this.#parts;
    this.#closed = event;
    if (event.code === 1006) observed?.decide("aborted"); // unless it was decided why
    clock.delete(this);
    settings.inFlight.deleteSocket(this);
    this.#readOn();
    for (let next = this.#receivers.shift(); next; next = this.#receivers.shift()) next(event);
    this.#flush(); // and FIN
  }

  /** Hands frames over as far as the transport takes them. */
  #flush(): void {
    if (this.#writing) return;
    const { writer } = this.#parts;
    for (let frame = this.#machine.take(); frame !== null; frame = this.#machine.take()) {
      const taken = writer.data(frame);
      if (taken !== SETTLED) {
        this.#writing = true;
        return void taken.then(this.#onTaken);
      }
    }
    this.#makeRoom();
    if (this.#closed) writer.finish();
  }

  readonly #onTaken = (): void => {
    this.#writing = false;
    if (this.#machine.pendingBytes <= WEBSOCKET_SEND_BUFFER_BYTES) this.#makeRoom();
    this.#flush();
  };

  #makeRoom(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }
}

/** Milliseconds of silence before a ping. */
function pingMsOf({ pingInterval }: WebSocketSettings, idleTimeout: number | undefined): number {
  const seconds = idleTimeout === undefined ? pingInterval ?? 0 : idleTimeout / 2;
  return seconds > 0 ? seconds * 1000 : Infinity;
}

function costOf(data: Data): number {
  return data.length + WEBSOCKET_QUEUE_OVERHEAD_BYTES;
}
