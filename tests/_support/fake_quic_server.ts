/**
 * The server's end of the in-memory transport, see `fake_quic.ts`.
 *
 * @module
 */

import type { PeerInfo } from "../../src/exchange.ts";
import {
  type ConnectionEnd,
  ConnectionLostError,
  type QuicBidirectionalStream,
  type QuicConnection,
  type QuicReceiveStream,
  type QuicSendStream,
  type StreamId,
} from "../../src/quic/transport.ts";
import { Queue, StreamQueue } from "./fake_quic_network.ts";
import type { FakeServerStream } from "./fake_quic_outbox.ts";
import {
  FakeInbox,
  FakeReceiveStream,
  FakeSendStream,
  type HalfOwner,
} from "./fake_quic_streams.ts";

/** How the fake behaves. */
export interface FakeQuicOptions {
  /** Seed of all chances taken. Default 1. */
  readonly seed?: number;
  /** Most bytes a read returns; the size is drawn from 1 to it. Default: a read returns all that came. */
  readonly shred?: number;
  /** What different streams carry arrives in any order; within a stream order is kept. Default `false`. */
  readonly reorder?: boolean;
  /** Turns of the microtask queue that everything the client sends travels for. Default 0: it is there at once. */
  readonly delay?: number;
  /** Bytes per stream that the server may leave unread. Default 1 250 000, as with Deno. */
  readonly receiveWindow?: number;
  /** Bytes per stream that the client takes before `inbox.onAllow()`, i.e. `allow()`. Default: no limit. */
  readonly sendWindow?: number;
  /** Unidirectional streams the server may open before `client.allowStreams()`. Default: no limit. */
  readonly serverStreams?: number;
  /** Bidirectional streams the server may open before `client.allowBidirectional()`. Default: no limit. */
  readonly serverBidirectional?: number;
  /** Largest datagram the client takes; 0: it takes none. Default 1200. */
  readonly maxDatagramSize?: number;
  /** Addresses. */
  readonly peer?: PeerInfo;
  /** SNI. Default `"localhost"`. */
  readonly serverName?: string | null;
}

/** Counts of what is not over; see {@linkcode NOTHING_LIVE}. */
export interface FakeQuicLive {
  /** The server's receiving halves that were neither read to the end nor stopped. */
  readonly receiving: number;
  /** The server's sending halves that were neither finished nor abandoned. */
  readonly sending: number;
  /** Sending halves that were abandoned; they last as long as the connection. */
  readonly abandoned: number;
  /** Reads that wait for bytes. */
  readonly pendingReads: number;
  /** Writes that wait for credit. */
  readonly pendingWrites: number;
  /** Streams of the client that the server has not accepted. */
  readonly unaccepted: number;
}

/** What the `live` of a client is when everything was ended. */
export const NOTHING_LIVE: FakeQuicLive = {
  receiving: 0,
  sending: 0,
  abandoned: 0,
  pendingReads: 0,
  pendingWrites: 0,
  unaccepted: 0,
};

/** What the server's end needs of the client's. */
export interface FakeServerClient {
  /** Streams the server opened. */
  readonly streams: FakeServerStream[];
  /** Datagrams the server sent. */
  readonly datagrams: Uint8Array[];
  /** The server opened a bidirectional stream. @param receive Its half for what the client sends. */
  opened(receive: FakeReceiveStream, inbox: FakeInbox): void;
  /** Something changed. */
  changed(): void;
  /** The connection is over. */
  ended(): void;
}

/** The server's end. */
export class FakeServer implements QuicConnection, HalfOwner {
  readonly peer: PeerInfo;
  readonly serverName: string | null;
  readonly closed: Promise<ConnectionEnd>;
  readonly maxDatagramSize: number;
  readonly bidirectional = new StreamQueue<QuicBidirectionalStream>();
  readonly unidirectional = new StreamQueue<QuicReceiveStream>();
  readonly datagrams = new Queue<Uint8Array>();
  end: ConnectionEnd | null = null;
  readonly #closed = Promise.withResolvers<ConnectionEnd>();
  readonly #random: () => number;
  readonly #options: FakeQuicOptions;
  readonly #client: FakeServerClient;
  readonly #halves = new Set<FakeReceiveStream | FakeSendStream>();
  readonly #unidirectionalCredit: Credit;
  readonly #bidirectionalCredit: Credit;
  #nextId = 3;
  #nextBidirectionalId = 1;

  constructor(options: FakeQuicOptions, random: () => number, client: FakeServerClient) {
    this.#options = options;
    this.#random = random;
    this.#client = client;
    this.#unidirectionalCredit = new Credit(options.serverStreams ?? Infinity);
    this.#bidirectionalCredit = new Credit(options.serverBidirectional ?? Infinity);
    this.peer = options.peer ?? {
      client: { hostname: "127.0.0.1", port: 50_000 },
      server: { hostname: "127.0.0.1", port: 8443 },
    };
    this.serverName = options.serverName === undefined ? "localhost" : options.serverName;
    this.maxDatagramSize = options.maxDatagramSize ?? 1200;
    this.closed = this.#closed.promise;
  }

  get live(): FakeQuicLive {
    const halves = [...this.#halves];
    const receiving = halves.filter((half) => half instanceof FakeReceiveStream);
    const sending = halves.filter((half) => half instanceof FakeSendStream);
    return {
      receiving: receiving.length,
      sending: sending.filter((half) => !half.abandoned).length,
      abandoned: sending.filter((half) => half.abandoned).length,
      pendingReads: receiving.filter((half) => half.reading).length,
      pendingWrites: sending.reduce((sum, half) => sum + half.pending, 0),
      unaccepted: this.bidirectional.length + this.unidirectional.length,
    };
  }

  receiveStream(id: StreamId): FakeReceiveStream {
    const stream = new FakeReceiveStream(id, this);
    if (this.end !== null) stream.lose(new ConnectionLostError("The connection is over"));
    else this.#halves.add(stream);
    return stream;
  }

  sendStream(id: StreamId, inbox: FakeInbox): FakeSendStream {
    const stream = new FakeSendStream(id, this, inbox, this.#options.sendWindow ?? Infinity);
    if (this.end !== null) stream.lose(new ConnectionLostError("The connection is over"));
    else this.#halves.add(stream);
    return stream;
  }

  /** The first thing of a stream arrived; the streams before it exist with it (RFC 9000 §2.1). */
  announce(id: StreamId): void {
    if (this.end !== null) return;
    if (id % 4 === 0) this.bidirectional.announce(id);
    else if (id % 4 === 2) this.unidirectional.announce(id);
  }

  allowStreams(count: number): void {
    this.#unidirectionalCredit.grant(count);
  }

  allowBidirectional(count: number): void {
    this.#bidirectionalCredit.grant(count);
  }

  async openUnidirectional(): Promise<QuicSendStream> {
    await this.#spend(this.#unidirectionalCredit);
    const id = this.#nextId;
    this.#nextId += 4;
    const inbox = new FakeInbox(() => this.changed());
    this.#client.streams.push({ id, inbox });
    this.changed();
    return this.sendStream(id, inbox);
  }

  async openBidirectional(): Promise<QuicBidirectionalStream> {
    await this.#spend(this.#bidirectionalCredit);
    const id = this.#nextBidirectionalId;
    this.#nextBidirectionalId += 4;
    const inbox = new FakeInbox(() => this.changed());
    const receive = this.receiveStream(id);
    const send = this.sendStream(id, inbox);
    this.#client.opened(receive, inbox);
    this.changed();
    return { id, receive, send };
  }

  async #spend(credit: Credit): Promise<void> {
    const wait = credit.take();
    if (wait) await wait;
    if (this.end !== null) throw new ConnectionLostError("The connection is over");
  }

  acceptUnidirectional(): Promise<QuicReceiveStream | null> {
    const next = this.unidirectional.next();
    this.changed();
    return next;
  }

  acceptBidirectional(): Promise<QuicBidirectionalStream | null> {
    const next = this.bidirectional.next();
    this.changed();
    return next;
  }

  sendDatagram(bytes: Uint8Array): void {
    if (this.end !== null || bytes.length > this.maxDatagramSize) return;
    this.#client.datagrams.push(bytes);
    this.changed();
  }

  readDatagram(): Promise<Uint8Array | null> {
    return this.datagrams.next();
  }

  close(code: number, reason: string): void {
    this.finish({ by: "us", code, reason });
  }

  finish(end: ConnectionEnd): void {
    if (this.end !== null) return;
    this.end = end;
    const error = new ConnectionLostError(`The connection is over: ${end.reason || end.code}`);
    for (const half of [...this.#halves]) {
      if (half instanceof FakeSendStream) half.lose(error);
      else half.lose(end.by === "us" ? null : error);
    }
    this.#unidirectionalCredit.grant(Infinity);
    this.#bidirectionalCredit.grant(Infinity);
    for (const queue of [this.bidirectional, this.unidirectional, this.datagrams]) queue.close();
    this.#closed.resolve(end);
    this.#client.ended();
  }

  pieceSize(available: number): number {
    const { shred } = this.#options;
    return shred === undefined ? available : Math.min(available, 1 + this.#random() % shred);
  }

  release(half: FakeReceiveStream | FakeSendStream): void {
    this.#halves.delete(half);
    this.changed();
  }

  changed(): void {
    this.#client.changed();
  }
}

/** Streams that may be opened. */
class Credit {
  #left: number;
  readonly #waiting: (() => void)[] = [];

  constructor(left: number) {
    this.#left = left;
  }

  /** Takes one, as soon as there is one; `null` when that is now. */
  take(): Promise<void> | null {
    if (this.#left === 0) return new Promise((resolve) => this.#waiting.push(resolve));
    this.#left -= 1;
    return null;
  }

  grant(count: number): void {
    this.#left += count;
    for (; this.#left > 0 && this.#waiting.length > 0; this.#left -= 1) this.#waiting.shift()!();
  }
}
