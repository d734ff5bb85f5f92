/**
 * Streams as the client of the in-memory transport sees them, see `fake_quic.ts`.
 *
 * @module
 */

import type { StreamId } from "../../src/quic/transport.ts";
import { type FakeInbox, Sender, type Sink } from "./fake_quic_streams.ts";

/** What the client sends on one stream. */
export class FakeOutbox {
  /** Stream id. */
  readonly id: StreamId;
  /** The server sent STOP_SENDING, which the transport answers with RESET_STREAM. */
  stopped = false;
  readonly #sender: Sender;

  /** @param sink Where it goes. */
  constructor(id: StreamId, sink: Sink, credit: number) {
    this.id = id;
    this.#sender = new Sender(sink, credit);
  }

  /** Sends bytes. Settles when the server has room for them, or does not want them. */
  write(bytes: Uint8Array): Promise<void> {
    return this.#sender.write(bytes).catch(() => {});
  }

  /** Sends FIN. */
  finish(): void {
    this.#sender.finish().catch(() => {});
  }

  /** Sends RESET_STREAM. */
  reset(code: number): void {
    this.#sender.reset(code);
  }

  /** Gives credit. */
  grant(bytes: number): void {
    this.#sender.grant(bytes);
  }

  /** The stream or the connection is over. */
  fail(error: Error): void {
    this.#sender.fail(error);
  }
}

/** A bidirectional stream of the client. */
export class FakeClientStream extends FakeOutbox {
  /** What the server sent on it. */
  readonly inbox: FakeInbox;

  /** @param inbox What the server sends. */
  constructor(id: StreamId, sink: Sink, credit: number, inbox: FakeInbox) {
    super(id, sink, credit);
    this.inbox = inbox;
  }

  /** Sends STOP_SENDING: no more of the response is wanted. */
  stop(code: number): void {
    this.inbox.onStop(code);
  }

  /** Takes `bytes` more, see `sendWindow`. */
  allow(bytes: number): void {
    this.inbox.onAllow(bytes);
  }
}

/** A unidirectional stream of the server, at the client. */
export interface FakeServerStream {
  /** Stream id. */
  readonly id: StreamId;
  /** What came on it. */
  readonly inbox: FakeInbox;
}
