/**
 * A `WebSocket`-shaped object over a WebSocket exchange, for fetch applications where the runtime has no native one.
 *
 * Same events and properties as Deno's server-side WebSocket.
 *
 * @see {@link https://websockets.spec.whatwg.org/#the-websocket-interface | WebSockets Standard}
 * @module
 */

import { DisconnectError } from "../errors.ts";
import type { WebSocketExchange } from "../exchange.ts";
import type { FieldList } from "../fields.ts";
import type { UpgradeOptions } from "../upgrade.ts";

type Handler<E extends Event> = ((event: E) => unknown) | null;
type SendData = string | ArrayBufferLike | ArrayBufferView | Blob;

const utf8 = new TextEncoder();

/** The socket handed to the application. */
export class ExchangeSocket extends EventTarget {
  readonly CONNECTING = 0;
  readonly OPEN = 1;
  readonly CLOSING = 2;
  readonly CLOSED = 3;
  readonly extensions = "";
  readonly url: string;
  readonly protocol: string;
  binaryType: BinaryType = "arraybuffer";
  onopen: Handler<Event> = null;
  onmessage: Handler<MessageEvent> = null;
  onerror: Handler<Event> = null;
  onclose: Handler<CloseEvent> = null;
  readonly #exchange: WebSocketExchange;
  #readyState = 0;
  #bufferedAmount = 0;
  #sending: Promise<void> = Promise.resolve();

  constructor(exchange: WebSocketExchange, url: string, options: UpgradeOptions) {
    super();
    this.#exchange = exchange;
    this.url = url;
    this.protocol = options.protocol ?? "";
  }

  /** This object under the type applications know. */
  asWebSocket(): WebSocket {
    return this as unknown as WebSocket;
  }

  get readyState(): number {
    return this.#readyState;
  }

  get bufferedAmount(): number {
    return this.#bufferedAmount;
  }

  /** Queues a message. @throws {DOMException} `InvalidStateError` while connecting. */
  send(data: SendData): void {
    if (this.#readyState === this.CONNECTING) {
      throw new DOMException("The WebSocket is not open yet", "InvalidStateError");
    }
    if (this.#readyState !== this.OPEN) return;
    const size = byteLengthOf(data);
    this.#bufferedAmount += size;
    this.#enqueue(async () => {
      await this.#exchange.send(typeof data === "string" ? data : await bytesOf(data));
      this.#bufferedAmount -= size;
    });
  }

  /** Starts the close handshake after what was sent so far. */
  close(code = 1000, reason = ""): void {
    if (this.#readyState >= this.CLOSING) return;
    this.#readyState = this.CLOSING;
    this.#enqueue(() => this.#exchange.close(code, reason));
  }

  /** Accepts the handshake and delivers events until the WebSocket is closed. */
  async run(fields: FieldList): Promise<void> {
    await this.#exchange.accept({
      fields,
      ...(this.protocol === "" ? {} : { subprotocol: this.protocol }),
    });
    if (this.#readyState === this.CONNECTING) this.#readyState = this.OPEN;
    this.#emit("open", new Event("open"));
    for (;;) {
      const event = await this.#exchange.receive();
      if (event.type === "close") return this.#closed(event.code, event.reason);
      const data = typeof event.data === "string" ? event.data : this.#binary(event.data);
      this.#emit("message", new MessageEvent("message", { data }));
    }
  }

  #closed(code: number, reason: string): void {
    this.#readyState = this.CLOSED;
    const wasClean = code !== 1006;
    if (!wasClean) this.#emit("error", new Event("error"));
    this.#emit("close", new CloseEvent("close", { code, reason, wasClean }));
  }

  #binary(data: Uint8Array): ArrayBuffer | Blob {
    const bytes = data.slice();
    return this.binaryType === "blob" ? new Blob([bytes]) : bytes.buffer;
  }

  #enqueue(action: () => Promise<void>): void {
    this.#sending = this.#sending.then(action).catch((error) => {
      if (!(error instanceof DisconnectError)) {
        this.#emit("error", new ErrorEvent("error", { error }));
      }
    });
  }

  #emit(name: "open" | "message" | "error" | "close", event: Event): void {
    this.dispatchEvent(event);
    const handler = this[`on${name}`] as Handler<Event>;
    handler?.call(this, event);
  }
}

function byteLengthOf(data: SendData): number {
  if (typeof data === "string") return utf8.encode(data).byteLength;
  return data instanceof Blob ? data.size : data.byteLength;
}

async function bytesOf(data: ArrayBufferLike | ArrayBufferView | Blob): Promise<Uint8Array> {
  if (data instanceof Blob) return await data.bytes();
  if (ArrayBuffer.isView(data)) {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
  return new Uint8Array(data);
}
