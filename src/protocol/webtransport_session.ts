/**
 * An accepted WebTransport session over HTTP/3.
 *
 * Theory of operation. What the two sides say about the session are capsules in the content of its CONNECT request, whose
 * rules are those of the {@link SessionMachine}; that content is read as it comes, for no application takes part, and in
 * turns with everybody else's, for 64 KB of it may be 20,000 capsules. Streams and datagrams of the session come from the
 * connection, and wait as `webtransport_streams.ts` says: for as long as the session is open, since a client that does
 * not read a stream for a while may well use others.
 *
 * The end has three steps. When either side closes, or the client is lost, the application is told, the client is asked
 * to stop its streams, and our half of the CONNECT ends. When the client has ended its half, or took too long, it knows
 * of the end, and our halves of streams that were not complete are ended, too (see {@link SessionSendStream}). When the
 * transport got rid of them, nothing is left.
 *
 * @see {@link https://datatracker.ietf.org/doc/html/draft-ietf-webtrans-http3#section-6 | WebTransport over HTTP/3 §6}
 * @module
 */

import { ApplicationError, DisconnectError } from "../errors.ts";
import { encodeDatagram, H3Error } from "../h3/mod.ts";
import { WEBTRANSPORT_CLOSE_TIMEOUT_MS, WEBTRANSPORT_DATAGRAM_QUEUE } from "../limits.ts";
import { ConnectionLostError, type QuicConnection, StreamResetError } from "../quic/transport.ts";
import {
  DatagramQueue,
  type SessionClose,
  type SessionEvent,
  SessionMachine,
} from "../webtransport/mod.ts";
import type {
  WebTransportBidirectionalStream,
  WebTransportEnd,
  WebTransportReceiveStream,
  WebTransportSendStream,
  WebTransportSession,
} from "../webtransport_exchange.ts";
import type { DeadlineClock, Expiring } from "./deadline_clock.ts";
import type { H3Input } from "./h3_input.ts";
import type { H3Observation } from "./h3_observation.ts";
import type { H3ResponseWriter } from "./h3_response.ts";
import type { InFlight, OpenSession } from "./in_flight.ts";
import { Pace } from "./pace.ts";
import { Arrivals } from "./webtransport_arrivals.ts";
import { type IncomingStream, SessionStreams, type StreamOpeners } from "./webtransport_streams.ts";

/** The connection, as its sessions see it. */
export interface SessionOwner extends StreamOpeners {
  /** Where datagrams go. */
  readonly quic: Pick<QuicConnection, "sendDatagram" | "maxDatagramSize">;
  /** The session is over, its streams may not be. Once. */
  onSessionOver(session: H3WebTransportSession): void;
  /** Nothing is left of it. Once, after `onSessionOver`. */
  onSessionGone(session: H3WebTransportSession): void;
  /** The client does not let go of the streams of a session that is over. */
  onStreamsStuck(): void;
}

/** What a session is made of. */
export interface SessionParts {
  /** Id of the stream of its CONNECT request. */
  readonly id: number;
  /** Reads that stream. */
  readonly input: Pick<H3Input, "read" | "stop">;
  /** Writes it. */
  readonly writer: Pick<H3ResponseWriter, "data" | "finish">;
  /** The connection. */
  readonly owner: SessionOwner;
  /** Told of bytes and of an end that is not regular; `null` when nobody takes note. */
  readonly observed: H3Observation | null;
  /** Where it is noted as open. */
  readonly inFlight: InFlight;
  /** Where its time-outs run. */
  readonly clock: DeadlineClock;
  /** Milliseconds for the client to let go of streams after the end. */
  readonly stallMs: number;
  /** Charges the client for a capsule that does nothing; may end the connection. */
  readonly onUseless: () => void;
  /** Gets what the client did wrong. */
  readonly onBroken: (error: H3Error) => void;
  /** Gets a fault of ours, which must end no more than the session. */
  readonly onFault: (error: unknown) => void;
}

/** What the client is told when its application failed: a code of our choice, for all of them are the application's. */
const FAILED = { code: 1, reason: "Internal error" } as const;

/** Code of a session that the server ends before the application would. */
const CUT = 0;

/** One session. */
export class H3WebTransportSession implements WebTransportSession, OpenSession, Expiring {
  deadline = Infinity;
  readonly id: number;
  readonly closed: Promise<WebTransportEnd>;
  readonly draining: Promise<void>;
  readonly #parts: SessionParts;
  readonly #machine: SessionMachine;
  readonly #streams: SessionStreams;
  readonly #queue = new DatagramQueue(WEBTRANSPORT_DATAGRAM_QUEUE);
  readonly #datagrams = new Arrivals<Uint8Array>(this.#queue);
  readonly #closed = Promise.withResolvers<WebTransportEnd>();
  readonly #draining = Promise.withResolvers<void>();
  readonly #datagramOverhead: number;
  readonly #pace = new Pace();
  #state: "open" | "over" | "released" | "gone" = "open";
  #asked = false;

  /** Opens it, now that the handshake was accepted. See `start`, too. */
  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#machine = new SessionMachine(parts.onUseless);
    this.id = parts.id;
    this.#datagramOverhead = encodeDatagram(parts.id, NOTHING).length;
    this.closed = this.#closed.promise;
    this.draining = this.#draining.promise;
    this.#streams = new SessionStreams(parts.id, parts.owner, {
      onSent: (bytes) => parts.observed?.sent(bytes),
      onEmpty: () => this.#endIfGone(),
    });
    parts.inFlight.addSession(this);
  }

  /**
   * Reads what the client says. Once, when all others know the session: what came ahead is read at once, and may be what
   * ends it, or the connection.
   */
  start(): void {
    void this.#readAll().catch((error) => this.#onFault(error));
  }

  /** Whether it is over, so that nothing comes or goes any more. */
  get over(): boolean {
    return this.#state !== "open";
  }

  /** Halves of streams that are not over. */
  get streams(): number {
    return this.#streams.size;
  }

  get maxDatagramSize(): number {
    const { quic } = this.#parts.owner;
    return this.over ? 0 : Math.max(0, quic.maxDatagramSize - this.#datagramOverhead);
  }

  get droppedDatagrams(): number {
    return this.#queue.dropped;
  }

  acceptBidirectional(): Promise<WebTransportBidirectionalStream | null> {
    return this.#streams.acceptBidirectional();
  }

  acceptUnidirectional(): Promise<WebTransportReceiveStream | null> {
    return this.#streams.acceptUnidirectional();
  }

  openBidirectional(): Promise<WebTransportBidirectionalStream> {
    return this.#streams.openBidirectional();
  }

  openUnidirectional(): Promise<WebTransportSendStream> {
    return this.#streams.openUnidirectional();
  }

  readDatagram(): Promise<Uint8Array | null> {
    return this.#datagrams.next();
  }

  sendDatagram(bytes: Uint8Array): void {
    if (this.over || bytes.length > this.maxDatagramSize) return;
    this.#parts.owner.quic.sendDatagram(encodeDatagram(this.id, bytes));
    this.#parts.observed?.sent(bytes.length);
  }

  drain(): void {
    if (this.over || this.#asked) return;
    this.#asked = true;
    void this.#parts.writer.data(this.#machine.drain());
  }

  close(code = 0, reason = ""): void {
    if (this.over) return;
    const { capsule, reason: sent } = this.#encodeClose(code, reason);
    void this.#parts.writer.data(capsule);
    this.#end({ code, reason: sent, clean: true });
  }

  /** A stream of the client. */
  onStream(stream: IncomingStream): void {
    this.#streams.deliver(stream);
  }

  /** A datagram of the client. */
  onDatagram(payload: Uint8Array): void {
    this.#datagrams.push(payload);
  }

  /** The connection is to end, by itself or as the server stops. Idempotent. */
  leave(): void {
    this.drain();
    this.#draining.resolve();
  }

  /** Ends it for the server, by default because the time of a graceful stop is over. */
  cut(reason = "Server shutting down"): void {
    if (!this.over) this.#parts.observed?.decide("aborted");
    this.close(CUT, reason);
  }

  /** The application failed; a client that left is no failure of its. */
  fail(error: unknown): void {
    if (this.over) return;
    this.#parts.observed?.decide(error instanceof DisconnectError ? "aborted" : "failed");
    this.close(FAILED.code, FAILED.reason);
  }

  /** The client is gone, or broke a rule. Our half of the CONNECT ends with FIN, as it cannot be reset. */
  lose(): void {
    this.#end({ code: 0, reason: "", clean: false });
  }

  /** Time is up: for the client's end of the CONNECT, or for it to let go of streams. */
  expire(): void {
    if (this.#state === "over") {
      this.#parts.input.stop();
      this.#release();
    } else if (this.#state === "released") this.#parts.owner.onStreamsStuck();
  }

  #encodeClose(code: number, reason: string): SessionClose {
    try {
      return this.#machine.close(code, reason);
    } catch (error) {
      throw new ApplicationError((error as RangeError).message, { cause: error });
    }
  }

  async #readAll(): Promise<void> {
    const { input } = this.#parts;
    try {
      for (let ended = false;;) {
        const event = this.#next();
        if (event !== null) this.#on(event);
        else if (ended) return;
        else {
          const bytes = await input.read();
          ended = bytes === null;
          this.#take(bytes);
        }
        const pause = this.#pace.step(); // capsules may be tiny, and so may the DATA frames that they come in
        if (pause !== null) await pause;
      }
    } finally {
      this.#release();
    }
  }

  #take(bytes: Uint8Array | null): void {
    if (bytes === null) this.#machine.finish();
    else if (!this.over) this.#machine.receive(bytes); // otherwise nobody reads it
  }

  #next(): SessionEvent | null {
    if (this.over) return null;
    try {
      return this.#machine.next();
    } catch (error) {
      if (!(error instanceof H3Error)) throw error;
      this.#parts.onBroken(error);
      this.lose();
      return null;
    }
  }

  #on(event: SessionEvent): void {
    if (event.type === "datagram") this.onDatagram(event.payload);
    else if (event.type === "drain") this.#draining.resolve();
    else this.#end({ code: event.code, reason: event.reason, clean: true });
  }

  #onFault(error: unknown): void {
    if (this.over) return; // reading ended as the session did
    if (isOfClient(error)) return this.lose();
    this.#parts.onFault(error);
    this.fail(error);
  }

  #end(end: WebTransportEnd): void {
    if (this.over) return;
    this.#state = "over";
    const { writer, observed, inFlight, clock, owner } = this.#parts;
    if (!end.clean) observed?.decide("aborted"); // unless it was decided why
    inFlight.deleteSession(this);
    this.#datagrams.end();
    this.#streams.end(new DisconnectError(OVER));
    writer.finish();
    clock.add(this, WEBTRANSPORT_CLOSE_TIMEOUT_MS);
    owner.onSessionOver(this);
    this.#closed.resolve(end);
  }

  #release(): void {
    if (this.#state !== "over") return;
    this.#state = "released";
    const { clock, stallMs } = this.#parts;
    clock.arm(this, stallMs);
    this.#streams.release();
    this.#endIfGone();
  }

  #endIfGone(): void {
    if (this.#state !== "released" || this.#streams.size > 0) return;
    this.#state = "gone";
    this.#parts.clock.delete(this);
    this.#parts.owner.onSessionGone(this);
  }
}

const NOTHING = new Uint8Array(0);
const OVER = "The WebTransport session is over";

/** Whether reading failed because of the client, which is told and logged where it was noticed. */
function isOfClient(error: unknown): boolean {
  return error instanceof H3Error || error instanceof StreamResetError ||
    error instanceof ConnectionLostError;
}
