/**
 * The streams of one session, in all directions, from its handshake to the moment when nothing of them is left.
 *
 * @module
 */

import type { DisconnectError } from "../errors.ts";
import type {
  QuicBidirectionalStream,
  QuicReceiveStream,
  QuicSendStream,
} from "../quic/transport.ts";
import { streamHeader } from "../webtransport/mod.ts";
import type {
  WebTransportBidirectionalStream,
  WebTransportReceiveStream,
  WebTransportSendStream,
} from "../webtransport_exchange.ts";
import { Arrivals } from "./webtransport_arrivals.ts";
import { type HalfEvents, SessionReceiveStream, SessionSendStream } from "./webtransport_halves.ts";
import type { StreamOpener } from "./webtransport_opener.ts";

/** A stream that the client opened for a session. */
export interface IncomingStream {
  /** From the client. */
  readonly receive: QuicReceiveStream;
  /** To the client; `null` when it only sends. */
  readonly send: QuicSendStream | null;
  /** What came so far after the id of the session. */
  readonly rest: Uint8Array;
}

/** Where streams of ours come from: those of the connection. */
export interface StreamOpeners {
  /** In both directions. */
  readonly bidirectional: StreamOpener<QuicBidirectionalStream>;
  /** To the client. */
  readonly unidirectional: StreamOpener<QuicSendStream>;
}

/** What becomes of them. */
export interface StreamsEvents {
  /** The transport took so many bytes. */
  onSent(bytes: number): void;
  /** A half is over, and was the last. */
  onEmpty(): void;
}

/** The streams of a session. */
export class SessionStreams implements HalfEvents {
  readonly #sessionId: number;
  readonly #openers: StreamOpeners;
  readonly #events: StreamsEvents;
  readonly #bidirectional = new Arrivals<WebTransportBidirectionalStream>();
  readonly #unidirectional = new Arrivals<WebTransportReceiveStream>();
  readonly #halves = new Set<SessionReceiveStream | SessionSendStream>();
  /** Those who wait for a stream of ours. */
  readonly #cancels = new Set<(reason: DisconnectError) => void>();
  #over: DisconnectError | null = null;
  #released = false;

  /** Takes no streams yet: see `deliver`. */
  constructor(sessionId: number, openers: StreamOpeners, events: StreamsEvents) {
    this.#sessionId = sessionId;
    this.#openers = openers;
    this.#events = events;
  }

  /** Halves that are not over. */
  get size(): number {
    return this.#halves.size;
  }

  /** A stream of the client. After the end it is stopped like all others. */
  deliver({ receive, send, rest }: IncomingStream): void {
    const receiving = this.#receive(receive, rest);
    if (send === null) return this.#unidirectional.push(receiving);
    this.#bidirectional.push({ id: receive.id, receive: receiving, send: this.#send(send) });
  }

  /** Next stream of the client in both directions; `null` after the end. */
  acceptBidirectional(): Promise<WebTransportBidirectionalStream | null> {
    return this.#bidirectional.next();
  }

  /** Next stream of the client in one; `null` after the end. */
  acceptUnidirectional(): Promise<WebTransportReceiveStream | null> {
    return this.#unidirectional.next();
  }

  /** Opens a stream in both directions. @throws {DisconnectError} After the end. */
  async openBidirectional(): Promise<WebTransportBidirectionalStream> {
    const { id, receive, send } = await this.#open(this.#openers.bidirectional);
    void send.write(streamHeader("bidirectional", this.#sessionId));
    return { id, receive: this.#receive(receive, null), send: this.#send(send) };
  }

  /** Opens a stream to the client. @throws {DisconnectError} After the end. */
  async openUnidirectional(): Promise<WebTransportSendStream> {
    const send = await this.#open(this.#openers.unidirectional);
    void send.write(streamHeader("unidirectional", this.#sessionId));
    return this.#send(send);
  }

  /** The session is over: everything that waits settles, and the client is asked to send no more. */
  end(reason: DisconnectError): void {
    this.#over = reason;
    this.#bidirectional.end();
    this.#unidirectional.end();
    for (const cancel of this.#cancels) cancel(reason);
    for (const half of [...this.#halves]) half.lose(reason);
  }

  /** The client knows of the end: what is still open is ended. */
  release(): void {
    this.#released = true;
    for (const half of [...this.#halves]) {
      if (half instanceof SessionSendStream) half.release();
    }
  }

  onSent(bytes: number): void {
    this.#events.onSent(bytes);
  }

  onOver(half: SessionReceiveStream | SessionSendStream): void {
    this.#halves.delete(half);
    if (this.#halves.size === 0) this.#events.onEmpty();
  }

  #receive(stream: QuicReceiveStream, rest: Uint8Array | null): SessionReceiveStream {
    const half = new SessionReceiveStream(stream, rest, this);
    this.#halves.add(half);
    if (this.#over) half.lose(this.#over);
    return half;
  }

  #send(stream: QuicSendStream): SessionSendStream {
    const half = new SessionSendStream(stream, this);
    this.#halves.add(half);
    if (this.#over) half.lose(this.#over);
    if (this.#released) half.release();
    return half;
  }

  async #open<T>(opener: StreamOpener<T>): Promise<T> {
    if (this.#over) throw this.#over;
    const opening = opener.request();
    const cancel = (reason: DisconnectError) => opener.cancel(opening, reason);
    this.#cancels.add(cancel);
    let stream: T;
    try {
      stream = await opening.promise;
    } finally {
      this.#cancels.delete(cancel);
    }
    if (this.#over === null) return stream;
    opener.give(stream);
    throw this.#over;
  }
}
