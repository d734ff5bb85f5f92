/**
 * A `WebSocket`-shaped object over a WebSocket exchange, for fetch applications where the runtime has no native one.
 *
 * Same events and properties as the native WebSocket that `upgradeWebSocket` gives.
 *
 * @see {@link https://websockets.spec.whatwg.org/#the-websocket-interface | WebSockets Standard}
 * @module
 */

import { containListeners } from "../contain_listeners.ts";
import { DisconnectError, HandshakeError } from "../errors.ts";
import { SETTLED, type WebSocketExchange } from "../exchange.ts";
import { Fifo } from "../fifo.ts";
import type { FieldList } from "../fields.ts";
import { WEBSOCKET_BACKLOG_OVERHEAD_BYTES, WEBSOCKET_MAX_BACKLOG_BYTES } from "../limits.ts";
import type { UpgradeOptions } from "../upgrade.ts";
import { checkCloseArguments } from "../websocket_close.ts";

type EventName = "open" | "message" | "error" | "close";
type Handler<E extends Event> = ((event: E) => unknown) | null;
type SendData = string | ArrayBufferLike | ArrayBufferView | Blob;

/** A step towards the client: a message with its bytes, or the close. */
type Step =
  | { readonly data: string | Uint8Array | Blob; readonly size: number }
  | { readonly code: number; readonly reason: string };

const utf8 = new TextEncoder();

/** The socket handed to the application. */
export class ExchangeSocket extends EventTarget {
  readonly CONNECTING = 0;
  readonly OPEN = 1;
  readonly CLOSING = 2;
  readonly CLOSED = 3;
  readonly url: string;
  readonly protocol: string;
  binaryType: BinaryType = "arraybuffer";
  readonly #exchange: WebSocketExchange;
  readonly #idleTimeout: number | undefined;
  readonly #handlers = new Map<EventName, EventListener>();
  readonly #crash = Promise.withResolvers<never>();
  #readyState = 0;
  /** Bytes of messages that the exchange has not got. */
  #waitingBytes = 0;
  readonly #steps = new Fifo<Step>();
  /** Somebody takes the steps, or nobody may: before the accept, and after the client left. */
  #busy = true;

  /** @throws {HandshakeError} When the client did not offer `options.protocol`. */
  constructor(
    exchange: WebSocketExchange,
    url: string,
    { protocol, idleTimeout }: UpgradeOptions,
  ) {
    super();
    if (protocol !== undefined && !exchange.subprotocols.includes(protocol)) {
      throw new HandshakeError(400, `the client did not offer the subprotocol "${protocol}"`, []);
    }
    this.#exchange = exchange;
    this.#idleTimeout = idleTimeout;
    this.url = url;
    this.protocol = protocol ?? "";
    this.#crash.promise.catch(() => {}); // it is looked at while the socket runs
    containListeners(this, (error) => this.#crash.reject(error));
  }

  /** This object under the type applications know. */
  asWebSocket(): WebSocket {
    return this as unknown as WebSocket;
  }

  /** Also tells that the server itself, or a limit, has begun to close. */
  get readyState(): number {
    const closes = this.#readyState === this.OPEN && this.#exchange.closing;
    return closes ? this.CLOSING : this.#readyState;
  }

  get extensions(): string {
    return this.#exchange.extensions ?? "";
  }

  get bufferedAmount(): number {
    return this.#waitingBytes + (this.#exchange.buffered ?? 0);
  }

  get onopen(): Handler<Event> {
    return this.#handler("open");
  }

  set onopen(handler: Handler<Event>) {
    this.#handle("open", handler);
  }

  get onmessage(): Handler<MessageEvent> {
    return this.#handler("message");
  }

  set onmessage(handler: Handler<MessageEvent>) {
    this.#handle("message", handler);
  }

  get onerror(): Handler<Event> {
    return this.#handler("error");
  }

  set onerror(handler: Handler<Event>) {
    this.#handle("error", handler);
  }

  get onclose(): Handler<CloseEvent> {
    return this.#handler("close");
  }

  set onclose(handler: Handler<CloseEvent>) {
    this.#handle("close", handler);
  }

  /** Queues a message. @throws {DOMException} `InvalidStateError` while connecting. */
  send(data: SendData): void {
    if (this.#readyState === this.CONNECTING) {
      throw new DOMException("The WebSocket is not open yet", "InvalidStateError");
    }
    if (this.readyState !== this.OPEN) return;
    const copy = copyOf(data); // the application may change its bytes once this returns
    const size = this.#busy || copy instanceof Blob ? sizeOf(copy) : 0; // else it goes at once
    const backlog = this.#waitingBytes + this.#steps.size * WEBSOCKET_BACKLOG_OVERHEAD_BYTES;
    if (backlog > WEBSOCKET_MAX_BACKLOG_BYTES) return this.#giveUp();
    this.#waitingBytes += size;
    this.#enqueue({ data: copy, size });
  }

  /** Starts the close handshake after what was sent so far. @throws {DOMException} For a code or reason that cannot be sent. */
  close(code = 1000, reason = ""): void {
    checkCloseArguments(code, reason);
    if (this.readyState >= this.CLOSING) return;
    this.#readyState = this.CLOSING;
    this.#enqueue({ code, reason });
  }

  /**
   * Accepts the handshake and delivers events until the WebSocket is closed.
   *
   * @throws What a listener of the application threw.
   */
  async run(fields: FieldList): Promise<void> {
    await this.#exchange.accept({
      fields,
      ...(this.protocol === "" ? {} : { subprotocol: this.protocol }),
      ...(this.#idleTimeout === undefined ? {} : { idleTimeout: this.#idleTimeout }),
    });
    await Promise.race([this.#deliver(), this.#crash.promise]);
  }

  async #deliver(): Promise<void> {
    this.#walk();
    if (this.#readyState === this.CONNECTING) this.#readyState = this.OPEN;
    this.dispatchEvent(new Event("open"));
    for (;;) {
      const event = await this.#exchange.receive();
      if (event.type === "close") return this.#closed(event.code, event.reason);
      if (this.readyState !== this.OPEN) continue; // the standard drops what comes after close()
      const data = typeof event.data === "string" ? event.data : this.#binary(event.data);
      this.dispatchEvent(new MessageEvent("message", { data }));
    }
  }

  #closed(code: number, reason: string): void {
    this.#readyState = this.CLOSED;
    this.#stop();
    const wasClean = code !== 1006;
    if (!wasClean) this.dispatchEvent(new Event("error"));
    this.dispatchEvent(new CloseEvent("close", { code, reason, wasClean }));
  }

  #binary(data: Uint8Array): ArrayBuffer | Blob {
    const bytes = data.slice();
    return this.binaryType === "blob" ? new Blob([bytes]) : bytes.buffer;
  }

  #enqueue(step: Step): void {
    this.#steps.push(step);
    if (!this.#busy) this.#walk();
  }

  /** Takes all steps that wait, one after the other; those with nothing to wait for at once. */
  readonly #walk = (): void => {
    this.#busy = true;
    for (let step = this.#steps.shift(); step; step = this.#steps.shift()) {
      const taken = this.#take(step);
      if (taken !== SETTLED) return void taken.then(this.#walk, this.#onFailure);
    }
    this.#busy = false;
  };

  readonly #onFailure = (error: unknown): void => {
    this.#stop(); // there is no way on, and a failure for each step would cost more than all of them
    if (!(error instanceof DisconnectError)) this.#crash.reject(error);
  };

  #take(step: Step): Promise<void> {
    if ("code" in step) return this.#exchange.close(step.code, step.reason);
    if (step.data instanceof Blob) return this.#takeBlob(step.data);
    this.#waitingBytes -= step.size;
    return this.#exchange.send(step.data);
  }

  async #takeBlob(blob: Blob): Promise<void> {
    const bytes = await blob.bytes();
    this.#waitingBytes -= blob.size;
    await this.#exchange.send(bytes);
  }

  /** Takes no more steps. */
  #stop(): void {
    this.#busy = true;
    this.#steps.clear();
  }

  /** The application goes on to send, and the client does not read. */
  #giveUp(): void {
    this.#readyState = this.CLOSING;
    this.#stop();
    this.#crash.reject(new DisconnectError("The client does not read, and too much waits for it"));
  }

  #handler<E extends Event>(name: EventName): Handler<E> {
    return (this.#handlers.get(name) ?? null) as Handler<E>;
  }

  #handle<E extends Event>(name: EventName, handler: Handler<E>): void {
    const before = this.#handlers.get(name);
    if (before) this.removeEventListener(name, before);
    this.#handlers.delete(name);
    if (typeof handler !== "function") return;
    this.#handlers.set(name, handler as EventListener);
    this.addEventListener(name, handler as EventListener);
  }
}

function copyOf(data: SendData): string | Uint8Array | Blob {
  if (typeof data === "string" || data instanceof Blob) return data;
  if (!ArrayBuffer.isView(data)) return new Uint8Array(data).slice();
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
}

function sizeOf(data: string | Uint8Array | Blob): number {
  if (typeof data === "string") return utf8.encode(data).length;
  return data instanceof Blob ? data.size : data.byteLength;
}
