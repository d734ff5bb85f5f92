/**
 * WebTransport in memory, for testing handlers without a server: the handshake and its session obey the rules of
 * `src/webtransport_exchange.ts`, and the test plays the client.
 *
 * ```ts ignore
 * const exchange = new FakeWebTransportExchange({ protocols: ["chat"] });
 * const done = handler(exchange);
 * const session = await exchange.session; // settles when the handler accepts
 * const stream = session.open("bidirectional"); // the client opens a stream
 * stream.feed("hello");
 * stream.finish();
 * session.end({ code: 7, reason: "bye" }); // the client closes
 * await done;
 * ```
 *
 * @module
 */

import { ApplicationError, DisconnectError } from "../../src/errors.ts";
import {
  nextWebSocketState,
  type PeerInfo,
  type RequestHead,
  type WebSocketCall,
  type WebSocketState,
} from "../../src/exchange.ts";
import type {
  WebTransportAcceptOptions,
  WebTransportBidirectionalStream,
  WebTransportEnd,
  WebTransportExchange,
  WebTransportReceiveStream,
  WebTransportSendStream,
  WebTransportSession,
} from "../../src/webtransport_exchange.ts";
import { type FakeRequest, PEER, requestHead } from "./fake_exchange.ts";
import { FakeStream } from "./fake_webtransport_stream.ts";
import { ResponseRecorder } from "./response_recorder.ts";

export type { FakeStream };

/** What `new FakeWebTransportExchange()` takes. */
export interface FakeWebTransportOptions extends FakeRequest {
  /** Application protocols the client offers; default none. */
  readonly protocols?: readonly string[];
}

/** A handshake in memory, an extended CONNECT over HTTP/3. A denial is recorded like the response of `FakeExchange`. */
export class FakeWebTransportExchange extends ResponseRecorder implements WebTransportExchange {
  readonly request: RequestHead;
  readonly peer: PeerInfo;
  readonly protocols: readonly string[];
  /** What `accept` was given (`{}` for nothing); `null` before. */
  accepted: WebTransportAcceptOptions | null = null;
  readonly #session = Promise.withResolvers<FakeSession>();
  /** The table of WebSockets is that of sessions as well, up to the accept. */
  #state: WebSocketState = "handshake";

  constructor(options: FakeWebTransportOptions = {}) {
    super();
    const defaults = { method: "CONNECT", scheme: "https", httpVersion: "3" } as const;
    this.request = requestHead({ ...defaults, ...options });
    this.peer = options.peer ?? PEER;
    this.protocols = options.protocols ?? [];
  }

  /** The session, once it was accepted. */
  get session(): Promise<FakeSession> {
    return this.#session.promise;
  }

  // deno-lint-ignore require-await -- async turns the thrown state errors into rejections
  async accept(options: WebTransportAcceptOptions = {}): Promise<WebTransportSession> {
    const { protocol } = options;
    if (protocol !== undefined && !this.protocols.includes(protocol)) {
      throw new ApplicationError(`Cannot accept protocol "${protocol}": it was not offered`);
    }
    this.signal.throwIfAborted();
    this.advance("accept");
    this.accepted = options;
    this.record("accept");
    const session = new FakeSession();
    this.#session.resolve(session);
    return session;
  }

  protected override advance(call: WebSocketCall): void {
    this.#state = nextWebSocketState(this.#state, call);
  }

  protected override get over(): boolean {
    return this.#state !== "handshake" && this.#state !== "denying";
  }

  protected override get lengthIsFree(): boolean {
    return false;
  }
}

/** Kinds of streams. */
export type Kind = "bidirectional" | "unidirectional";

/** An accepted session. What the client does are the methods that a {@link WebTransportSession} does not have. */
export class FakeSession implements WebTransportSession {
  maxDatagramSize = 1200;
  droppedDatagrams = 0;
  /** What `sendDatagram` was given, as far as it was sent. */
  readonly sentDatagrams: Uint8Array[] = [];
  /** What `close` was given first; `null` before. */
  closedWith: { readonly code: number; readonly reason: string } | null = null;
  /** How often `drain` was called. */
  drains = 0;
  /** Streams of both sides by id. */
  readonly streams = new Map<number, FakeStream>();
  readonly closed: Promise<WebTransportEnd>;
  readonly draining: Promise<void>;
  readonly #closed = Promise.withResolvers<WebTransportEnd>();
  readonly #draining = Promise.withResolvers<void>();
  readonly #bidirectional = new Arrivals<FakeStream>();
  readonly #unidirectional = new Arrivals<FakeStream>();
  readonly #datagrams = new Arrivals<Uint8Array>();
  readonly #openings: (() => void)[] = [];
  #credit = Infinity;
  #over = false;

  constructor() {
    this.closed = this.#closed.promise;
    this.draining = this.#draining.promise;
  }

  /** The client opens a stream. */
  open(kind: Kind): FakeStream {
    const stream = this.#add(kind, "client");
    if (kind === "bidirectional") this.#bidirectional.push(stream);
    else this.#unidirectional.push(stream);
    return stream;
  }

  /** The client sends a datagram. */
  datagram(bytes: Uint8Array): void {
    this.#datagrams.push(bytes);
  }

  /** The client asks for the end. */
  clientDrains(): void {
    this.#draining.resolve();
  }

  /** Gives leave for so many more streams of the server; without a call there is no limit. */
  credit(streams: number): void {
    this.#credit = streams;
    while (this.#credit > 0 && this.#openings.length > 0) this.#openings.shift()!();
  }

  /** The session ends: closed by the client, or lost with `clean: false`. */
  end({ code = 0, reason = "", clean = true }: Partial<WebTransportEnd> = {}): void {
    if (this.#over) return;
    this.#over = true;
    for (const stream of this.streams.values()) stream.sessionOver();
    for (const opening of this.#openings.splice(0)) opening();
    for (const arrivals of [this.#bidirectional, this.#unidirectional, this.#datagrams]) {
      arrivals.end();
    }
    this.#closed.resolve({ code, reason, clean });
  }

  /** Streams and datagrams of the client that nobody has taken. */
  get untaken(): { readonly streams: number; readonly datagrams: number } {
    const streams = this.#bidirectional.size + this.#unidirectional.size;
    return { streams, datagrams: this.#datagrams.size };
  }

  acceptBidirectional(): Promise<WebTransportBidirectionalStream | null> {
    return this.#bidirectional.next();
  }

  acceptUnidirectional(): Promise<WebTransportReceiveStream | null> {
    return this.#unidirectional.next().then((stream) => stream && stream.receive);
  }

  openBidirectional(): Promise<WebTransportBidirectionalStream> {
    return this.#open("bidirectional");
  }

  async openUnidirectional(): Promise<WebTransportSendStream> {
    return (await this.#open("unidirectional")).send;
  }

  readDatagram(): Promise<Uint8Array | null> {
    return this.#datagrams.next();
  }

  sendDatagram(bytes: Uint8Array): void {
    if (!this.#over && bytes.length <= this.maxDatagramSize) this.sentDatagrams.push(bytes);
  }

  drain(): void {
    this.drains++;
  }

  close(code = 0, reason = ""): void {
    if (this.#over) return;
    if (code !== code >>> 0) throw new ApplicationError(`Cannot close with code ${code}`);
    this.closedWith = { code, reason };
    this.end({ code, reason });
  }

  async #open(kind: Kind): Promise<FakeStream> {
    if (this.#credit === 0) await new Promise<void>((resolve) => this.#openings.push(resolve));
    if (this.#over) throw new DisconnectError();
    this.#credit--;
    return this.#add(kind, "server");
  }

  #add(kind: Kind, by: "client" | "server"): FakeStream {
    const low = (kind === "unidirectional" ? 2 : 0) + (by === "server" ? 1 : 0);
    const stream = new FakeStream(4 * this.streams.size + low);
    this.streams.set(stream.id, stream);
    return stream;
  }
}

/** What comes and is taken one at a time. */
class Arrivals<T> {
  readonly #items: T[] = [];
  #waiting: ((item: T | null) => void) | undefined;
  #ended = false;

  get size(): number {
    return this.#items.length;
  }

  push(item: T): void {
    if (this.#waiting) this.#settle(item);
    else this.#items.push(item);
  }

  end(): void {
    this.#ended = true;
    this.#items.length = 0;
    this.#settle(null);
  }

  // deno-lint-ignore require-await -- errors are to be rejections
  async next(): Promise<T | null> {
    if (this.#waiting) throw new Error("Cannot take two at a time");
    const item = this.#items.shift();
    if (item !== undefined) return item;
    if (this.#ended) return null;
    return new Promise((resolve) => this.#waiting = resolve);
  }

  #settle(item: T | null): void {
    this.#waiting?.(item);
    this.#waiting = undefined;
  }
}
