/**
 * QUIC in memory: the port of `src/quic/transport.ts` with a client that the test plays.
 *
 * ```ts ignore
 * const { connection, client } = fakeQuic({ seed: 7, shred: 3 }); // reads return 1 to 3 bytes
 * const driver = drive(connection);
 *
 * const control = client.openUnidirectional();
 * control.write(settings); // settles when the server has room; need not be awaited, never rejects
 * const request = client.openBidirectional();
 * request.write(head);
 * request.finish(); // or reset(code); and stop(code) for the other half
 *
 * await client.until(() => request.inbox.fin); // no sleeps: looks again after every change
 * request.inbox.bytes; // all bytes so far
 * client.streams; // the server's unidirectional streams, as inboxes with their ids
 *
 * client.close(0x100, "bye"); // or fail("timed out"), or see how the server closed: await client.closed
 * assert.deepEqual(client.live, NOTHING_LIVE); // every half ended, nothing pending
 * ```
 *
 * What it models: stream ids; streams that appear with their first byte and in order; flow control both ways
 * (`receiveWindow`; `sendWindow` with `allow()`); credit for the server's unidirectional streams; FIN, RESET_STREAM,
 * STOP_SENDING; application close and transport errors; datagrams. What breaks the rules of the port throws: two
 * reads at a time, writing after `finish()` or `abandon()`.
 *
 * Everything happens at once and in order, unless `delay` or `reorder` let what the client sends travel for some turns
 * of the microtask queue. There are no timers, and the same seed gives the same run.
 *
 * @module
 */

import type { ConnectionEnd, QuicConnection } from "../../src/quic/transport.ts";
import { Network, seededRandom } from "./fake_quic_network.ts";
import { FakeClientStream, FakeOutbox, type FakeServerStream } from "./fake_quic_outbox.ts";
import { type FakeQuicLive, type FakeQuicOptions, FakeServer } from "./fake_quic_server.ts";
import { FakeInbox, type FakeReceiveStream, type Sink } from "./fake_quic_streams.ts";

export type { FakeClientStream, FakeInbox, FakeOutbox, FakeServerStream };
export { type FakeQuicLive, type FakeQuicOptions, NOTHING_LIVE } from "./fake_quic_server.ts";

/** A connection in memory: `connection` is the server's, `client` the test's. */
export function fakeQuic(
  options: FakeQuicOptions = {},
): { connection: QuicConnection; client: FakeQuicClient } {
  const client = new FakeQuicClient(options);
  return { connection: client.connection, client };
}

/** The client's end, played by the test. */
export class FakeQuicClient {
  /** The server's end. */
  readonly connection: QuicConnection;
  /** Unidirectional streams of the server, in order. */
  readonly streams: FakeServerStream[] = [];
  /** Bidirectional streams of the server, in order. */
  readonly bidirectional: FakeClientStream[] = [];
  /** Datagrams of the server. */
  readonly datagrams: Uint8Array[] = [];
  /** How the server closed; never settles when it did not. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  readonly #options: FakeQuicOptions;
  readonly #server: FakeServer;
  readonly #network: Network;
  #nextBidirectional = 0;
  #nextUnidirectional = 2;
  #waiters: { readonly condition: () => boolean; readonly resolve: () => void }[] = [];

  /** Use {@linkcode fakeQuic}. */
  constructor(options: FakeQuicOptions) {
    this.#options = options;
    const random = seededRandom(options.seed ?? 1);
    this.#network = new Network(random, options.reorder ?? false, options.delay ?? 0);
    this.#server = new FakeServer(options, random, this);
    this.connection = this.#server;
    this.closed = this.#server.closed.then((end) =>
      end.by === "us" ? end : new Promise<never>(() => {})
    );
  }

  /** How the connection ended, `null` while it is open. */
  get end(): ConnectionEnd | null {
    return this.#server.end;
  }

  /** What is not over on the server's side. */
  get live(): FakeQuicLive {
    return this.#server.live;
  }

  /** Opens a bidirectional stream; the server learns of it with the first byte, FIN or reset. */
  openBidirectional(): FakeClientStream {
    const id = this.#nextBidirectional;
    this.#nextBidirectional += 4;
    const inbox = new FakeInbox(() => this.changed());
    const receive = this.#server.receiveStream(id);
    const send = this.#server.sendStream(id, inbox);
    this.#server.bidirectional.expect({ id, receive, send });
    return this.#joinBoth(receive, inbox);
  }

  /** Opens a unidirectional stream; the server learns of it with the first byte, FIN or reset. */
  openUnidirectional(): FakeOutbox {
    const id = this.#nextUnidirectional;
    this.#nextUnidirectional += 4;
    const receive = this.#server.receiveStream(id);
    this.#server.unidirectional.expect(receive);
    return this.#join(receive, (sink) => new FakeOutbox(id, sink, this.#receiveWindow()));
  }

  /** Lets the server open `count` more unidirectional streams. */
  allowStreams(count: number): void {
    this.#server.allowStreams(count);
  }

  /** Lets the server open `count` more bidirectional streams. */
  allowBidirectional(count: number): void {
    this.#server.allowBidirectional(count);
  }

  /** For the other end: the server opened a bidirectional stream. */
  opened(receive: FakeReceiveStream, inbox: FakeInbox): void {
    this.bidirectional.push(this.#joinBoth(receive, inbox));
  }

  /** Sends a datagram. */
  sendDatagram(bytes: Uint8Array): void {
    if (this.end === null) this.#server.datagrams.push(bytes.slice());
  }

  /** Closes the connection with an application error code. */
  close(code: number, reason = ""): void {
    this.#server.finish({ by: "peer", code, reason });
  }

  /** Ends the connection as a time-out or a transport error does. */
  fail(reason = "timed out"): void {
    this.#server.finish({ by: "transport", code: 0, reason });
  }

  /** Settles when `condition` holds; looks after everything that happens on the connection. */
  until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiters.push({ condition, resolve });
    return promise;
  }

  /** Settles when everything sent has arrived, see `delay`. */
  arrived(): Promise<void> {
    return this.until(() => this.#network.idle);
  }

  /** For the other end: something changed. */
  changed(): void {
    const waiting = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiting) {
      if (waiter.condition()) waiter.resolve();
      else this.#waiters.push(waiter);
    }
  }

  /** For the other end: the connection is over. */
  ended(): void {
    this.#network.drop();
    this.changed();
  }

  #receiveWindow(): number {
    return this.#options.receiveWindow ?? 1_250_000;
  }

  #joinBoth(receive: FakeReceiveStream, inbox: FakeInbox): FakeClientStream {
    return this.#join(receive, (sink) => {
      return new FakeClientStream(receive.id, sink, this.#receiveWindow(), inbox);
    });
  }

  /** Joins the client's sending half with the server's receiving half, the network between them. */
  #join<T extends FakeOutbox>(receive: FakeReceiveStream, open: (sink: Sink) => T): T {
    const { id } = receive;
    const send = (deliver: () => void) =>
      this.#network.send(id, () => {
        this.#server.announce(id);
        deliver();
        this.changed();
      });
    const outbox = open({
      receive: (bytes) => send(() => receive.receive(bytes)),
      finish: () => send(() => receive.finish()),
      reset: (code) => send(() => receive.reset(code)),
    });
    receive.onConsumed = (bytes) => outbox.grant(bytes);
    receive.onStop = () => {
      outbox.stopped = true;
      outbox.fail(new Error("The server stopped the stream"));
      this.changed();
    };
    return outbox;
  }
}
