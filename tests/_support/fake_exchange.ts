/**
 * In-memory exchanges for testing handlers without a server.
 *
 * They obey the state tables and rules of `src/exchange.ts`, so a handler that misbehaves fails here
 * as it would on a driver. The test plays the client:
 *
 * ```ts ignore
 * const exchange = new FakeExchange({ method: "POST", target: "/upload", content: ["a", "b"] });
 * await handler(exchange);
 * assert.equal(exchange.head?.status, 200);
 * assert.equal(exchange.text, "ab");
 *
 * const slow = new FakeExchange({ content: "open" }); // content comes piece by piece
 * const done = handler(slow);
 * await slow.until("read"); // no sleeps: wait for the call
 * slow.feed("piece");
 * slow.endContent();
 * slow.holdWrites(); // back-pressure: writes settle on settleWrite() / releaseWrites()
 * slow.disconnect(); // or the client leaves
 * ```
 *
 * @module
 */

import { ApplicationError, DisconnectError } from "../../src/errors.ts";
import {
  type AcceptOptions,
  type Exchange,
  type ExchangeSupport,
  type InformationalHead,
  nextState,
  nextWebSocketState,
  type PeerInfo,
  type RequestHead,
  type ResponseState,
  type WebSocketEvent,
  type WebSocketExchange,
  type WebSocketState,
} from "../../src/exchange.ts";
import type { ResponseCall, WebSocketCall } from "../../src/exchange.ts";
import { type FieldList, hasField } from "../../src/fields.ts";
import { type Content, ResponseRecorder, toBytes } from "./response_recorder.ts";

export { type Content, settled, toBytes } from "./response_recorder.ts";

/** The request and its circumstances; every member has a default. */
export interface FakeRequest extends Partial<RequestHead> {
  /** Addresses; default client `192.0.2.1:50000`, server `127.0.0.1:8000`. */
  readonly peer?: PeerInfo;
  /** What the protocol can carry; default everything. */
  readonly supports?: Partial<ExchangeSupport>;
}

/** What `new FakeExchange()` takes. */
export interface FakeExchangeOptions extends FakeRequest {
  /**
   * Request content, whole or in pieces (default none). No field is added for it. `{ open: true }`
   * leaves it to the test: `feed()` pieces, then `endContent()`.
   */
  readonly content?: Content | readonly Content[] | { readonly open: true };
}

/** Addresses where a test gives none. */
export const PEER: PeerInfo = {
  client: { hostname: "192.0.2.1", port: 50_000 },
  server: { hostname: "127.0.0.1", port: 8000 },
};

/** Request head of the options; `host` is put first from `authority`, as drivers do. */
export function requestHead(options: FakeRequest): RequestHead {
  const authority = options.authority ?? "localhost";
  const fields = options.fields ?? [];
  return {
    method: options.method ?? "GET",
    scheme: options.scheme ?? "http",
    authority,
    target: options.target ?? "/",
    httpVersion: options.httpVersion ?? "1.1",
    fields: hasField(fields, "host") || authority === ""
      ? fields
      : [["host", authority], ...fields],
  };
}

/** One piece of a queue that a handler waits on. */
type Waiter<T> = PromiseWithResolvers<T>;

/** An HTTP exchange in memory. */
export class FakeExchange extends ResponseRecorder implements Exchange {
  readonly request: RequestHead;
  readonly peer: PeerInfo;
  readonly supports: ExchangeSupport;
  /** What `inform` was given, in order. */
  readonly informational: InformationalHead[] = [];
  /** Path that `sendFile` was given; `null` before. */
  sentFile: string | null = null;

  #state: ResponseState = "initial";
  readonly #pieces: Uint8Array[] = [];
  readonly #readers: Waiter<Uint8Array | null>[] = [];
  readonly #contentEnd = Promise.withResolvers<FieldList | null>();
  #ended = false;

  constructor(options: FakeExchangeOptions = {}) {
    super();
    this.request = requestHead(options);
    this.peer = options.peer ?? PEER;
    this.supports = { informational: true, trailers: true, sendFile: true, ...options.supports };
    // Nobody need be waiting for the trailers when the client leaves.
    this.#contentEnd.promise.catch(() => {});
    const content = options.content ?? [];
    if (typeof content === "object" && "open" in content) return;
    const pieces = typeof content === "string" || content instanceof Uint8Array
      ? [content]
      : content;
    for (const piece of pieces) this.feed(piece);
    this.endContent();
  }

  /** State of the response half. */
  get state(): ResponseState {
    return this.#state;
  }

  /** The client sends a piece of content; an empty one is dropped, since `read` never yields any. */
  feed(piece: Content): void {
    if (this.#ended) throw new Error("Cannot feed content: it was ended already");
    const bytes = toBytes(piece);
    if (bytes.length === 0) return;
    const reader = this.#readers.shift();
    if (reader === undefined) this.#pieces.push(bytes);
    else reader.resolve(bytes);
  }

  /** The client ends the content, with `trailers` if any. */
  endContent(trailers: FieldList | null = null): void {
    this.#ended = true;
    for (const reader of this.#readers.splice(0)) reader.resolve(null);
    this.#contentEnd.resolve(trailers);
  }

  override disconnect(error?: DisconnectError): DisconnectError {
    const reason = super.disconnect(error);
    if (!this.signal.aborted) return reason;
    for (const reader of this.#readers.splice(0)) reader.reject(reason);
    this.#contentEnd.reject(reason);
    return reason;
  }

  async read(): Promise<Uint8Array | null> {
    this.record("read");
    this.signal.throwIfAborted();
    const piece = this.#pieces.shift();
    if (piece !== undefined) return piece;
    if (this.#ended) return null;
    const reader = Promise.withResolvers<Uint8Array | null>();
    this.#readers.push(reader);
    return await reader.promise;
  }

  /** Resolves once the content has ended. */
  trailers(): Promise<FieldList | null> {
    return this.#contentEnd.promise;
  }

  // deno-lint-ignore require-await -- async turns the thrown state errors into rejections
  async inform(head: InformationalHead): Promise<void> {
    if (!this.supports.informational) throw unsupported("inform");
    this.advance("inform");
    this.informational.push(head);
    this.record("inform");
  }

  // deno-lint-ignore require-await -- as above
  async sendFile(path: string): Promise<void> {
    if (!this.supports.sendFile) throw unsupported("sendFile");
    this.advance("sendFile");
    this.signal.throwIfAborted();
    this.sentFile = path;
    this.record("sendFile");
  }

  override async end(trailers?: FieldList): Promise<void> {
    if (trailers !== undefined && !this.supports.trailers) throw unsupported("end");
    await super.end(trailers);
  }

  protected override advance(call: ResponseCall): void {
    this.#state = nextState(this.#state, call);
  }

  protected override get over(): boolean {
    return this.#state === "ended" || this.#state === "aborted";
  }

  protected override get lengthIsFree(): boolean {
    return this.request.method === "HEAD";
  }
}

function unsupported(call: ResponseCall): ApplicationError {
  return new ApplicationError(`Cannot call ${call}(): this protocol does not carry it`);
}

/** What `new FakeWebSocketExchange()` takes. */
export interface FakeWebSocketOptions extends FakeRequest {
  /** Subprotocols the client offers; default none. */
  readonly subprotocols?: readonly string[];
}

/** A WebSocket in memory. A denial is recorded like the response of {@link FakeExchange}. */
export class FakeWebSocketExchange extends ResponseRecorder implements WebSocketExchange {
  readonly request: RequestHead;
  readonly peer: PeerInfo;
  readonly subprotocols: readonly string[];
  /** What `accept` was given (`{}` for nothing); `null` before. */
  accepted: AcceptOptions | null = null;
  /** Messages the handler sent, in order. */
  readonly sent: (string | Uint8Array)[] = [];
  /** What `close` was given first; `null` before. */
  closed: { readonly code: number; readonly reason: string } | null = null;

  #state: WebSocketState = "handshake";
  readonly #events: WebSocketEvent[] = [];
  readonly #receivers: Waiter<WebSocketEvent>[] = [];
  #peerClosed = false;

  constructor(options: FakeWebSocketOptions = {}) {
    super();
    this.request = requestHead(options);
    this.peer = options.peer ?? PEER;
    this.subprotocols = options.subprotocols ?? [];
  }

  /** State of the WebSocket. */
  get state(): WebSocketState {
    return this.#state;
  }

  /** The client sends a message. Allowed before `accept`: drivers buffer such messages. */
  message(data: string | Uint8Array): void {
    if (this.#state === "closed") throw new Error("Cannot send a message: the WebSocket is closed");
    this.#deliver({ type: "message", data });
  }

  /** The client closes; later sends reject with `DisconnectError`. Code 1005 stands for "none given". */
  clientClose(code = 1005, reason = ""): void {
    if (this.#state === "closed") return;
    this.#peerClosed = true;
    this.#state = "closed";
    this.#deliver({ type: "close", code, reason });
  }

  /** The connection is lost: close code 1006; `signal` aborts only before the handshake was answered. */
  override disconnect(error: DisconnectError = new DisconnectError()): DisconnectError {
    if (this.#state === "handshake" || this.#state === "denying") super.disconnect(error);
    else this.clientClose(1006);
    return error;
  }

  // deno-lint-ignore require-await -- async turns the thrown state errors into rejections
  async accept(options: AcceptOptions = {}): Promise<void> {
    const { subprotocol } = options;
    if (subprotocol !== undefined && !this.subprotocols.includes(subprotocol)) {
      throw new ApplicationError(`Cannot accept subprotocol "${subprotocol}": it was not offered`);
    }
    this.signal.throwIfAborted();
    this.advance("accept");
    this.accepted = options;
    this.record("accept");
  }

  async receive(): Promise<WebSocketEvent> {
    this.advance("receive");
    this.record("receive");
    const event = this.#events[0];
    if (event === undefined) {
      const receiver = Promise.withResolvers<WebSocketEvent>();
      this.#receivers.push(receiver);
      return await receiver.promise;
    }
    // The close event stays at the head of the queue and so is repeated for ever.
    if (event.type === "message") this.#events.shift();
    return event;
  }

  // deno-lint-ignore require-await -- as above
  async send(data: string | Uint8Array): Promise<void> {
    // Only the client's close is a disconnect; sending after one's own close is an error of order.
    if (this.#peerClosed) throw new DisconnectError();
    this.advance("send");
    this.sent.push(data);
    this.record("send");
  }

  /** Records the close; the client answers it at once. */
  // deno-lint-ignore require-await -- as above
  async close(code = 1000, reason = ""): Promise<void> {
    this.advance("close");
    this.record("close");
    if (this.#state !== "closing") return;
    this.closed = { code, reason };
    this.#state = "closed";
    this.#deliver({ type: "close", code, reason });
  }

  protected override advance(call: WebSocketCall): void {
    this.#state = nextWebSocketState(this.#state, call);
  }

  protected override get over(): boolean {
    return this.#state === "closed";
  }

  protected override get lengthIsFree(): boolean {
    return false;
  }

  #deliver(event: WebSocketEvent): void {
    const waiting = event.type === "close"
      ? this.#receivers.splice(0)
      : this.#receivers.splice(0, 1);
    for (const receiver of waiting) receiver.resolve(event);
    if (waiting.length === 0 || event.type === "close") this.#events.push(event);
  }
}
