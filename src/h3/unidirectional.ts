/**
 * Streams on which only the client sends: its control stream, its two QPACK streams, and what nobody knows.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9114#section-6.2 | RFC 9114 §6.2}
 * @module
 */

import type { QPACKDecoder, QPACKEncoder } from "../qpack/mod.ts";
import type { Budget } from "./budget.ts";
import { type ConnectionEvent, NO_EVENTS } from "./connection_event.ts";
import type { ControlStream } from "./control_stream.ts";
import { H3, H3Error } from "./errors.ts";
import { join } from "./join.ts";
import { fromQPACKError } from "./qpack_error.ts";
import { decodeVarint, INCOMPLETE, varintLength } from "./varint.ts";
import { checkSessionId, startOf, type WebTransportStart } from "./webtransport_signal.ts";

/** Types of unidirectional streams: RFC 9114 §6.2, RFC 9204 §4.2 and draft-ietf-webtrans-http3 §4.2. */
export const STREAM = {
  CONTROL: 0x00,
  PUSH: 0x01,
  QPACK_ENCODER: 0x02,
  QPACK_DECODER: 0x03,
  WEBTRANSPORT: 0x54,
} as const;

/** One unidirectional stream of the client. Its methods throw {@linkcode H3Error}, always of the connection. */
export interface UnidirectionalStream {
  /**
   * Takes bytes, which belong to the stream from then on.
   *
   * @param now Milliseconds of a monotonic clock.
   * @throws {H3Error} Whatever the client did wrong.
   */
  receive(bytes: Uint8Array, now: number): readonly ConnectionEvent[];
  /** FIN came. @throws {H3Error} H3_CLOSED_CRITICAL_STREAM. */
  finish(): void;
  /** The client reset the stream, whatever the code. @throws {H3Error} H3_CLOSED_CRITICAL_STREAM. */
  reset(code: number): void;
  /** Whether the type is unknown, so that the rest need not be read. */
  readonly discard: boolean;
  /**
   * The WebTransport session that the stream belongs to, once that is known; `null` for other streams. From then on the
   * bytes are the application's and not to be given to `receive()`, which charges for them.
   */
  readonly webTransport: WebTransportStart | null;
}

/** Reads a critical stream. */
interface Consumer {
  readonly name: string;
  receive(bytes: Uint8Array): readonly ConnectionEvent[];
}

/** What the critical streams of a client lead to. */
export interface StreamTargets {
  /** What legal but useless input costs. */
  readonly budget: Budget;
  /** Reads the control stream. */
  readonly control: ControlStream;
  /** Told what comes on the client's encoder stream. */
  readonly decoder: QPACKDecoder;
  /** Told what comes on the client's decoder stream. */
  readonly encoder: QPACKEncoder;
  /** Whether WebTransport was offered. */
  readonly webTransport: boolean;
  /** Request streams that the client may have opened by now, at most. */
  readonly streamLimit: () => number;
}

/** The unidirectional streams of one client; each critical one exists once. */
export class UnidirectionalStreams {
  /** What legal but useless input costs. */
  readonly budget: Budget;
  /** Whether WebTransport was offered. */
  readonly webTransport: boolean;
  /** Request streams that the client may have opened by now, at most. */
  readonly streamLimit: () => number;
  /** Those that did not come yet, by type. */
  readonly #awaited: Map<number, Consumer>;

  /** @param targets Where the critical streams lead. */
  constructor(targets: StreamTargets) {
    const { budget, control, decoder, encoder, webTransport, streamLimit } = targets;
    this.budget = budget;
    this.webTransport = webTransport;
    this.streamLimit = streamLimit;
    this.#awaited = new Map<number, Consumer>([
      [STREAM.CONTROL, { name: "control", receive: (bytes) => control.receive(bytes) }],
      [STREAM.QPACK_ENCODER, {
        name: "encoder",
        receive: (bytes) => unblockedEvents(decoder.receive(bytes)),
      }],
      [STREAM.QPACK_DECODER, {
        name: "decoder",
        receive(bytes) {
          encoder.receive(bytes);
          return NO_EVENTS;
        },
      }],
    ]);
  }

  /** A stream the client opened, before anything came on it. */
  open(id: number): UnidirectionalStream {
    return new Stream(id, this);
  }

  /**
   * What reads a stream of this type; `null` when nobody knows the type.
   *
   * @throws {H3Error} H3_STREAM_CREATION_ERROR for a second critical stream of a type, and for a push.
   */
  claim(id: number, type: number): Consumer | null {
    const consumer = this.#awaited.get(type);
    if (consumer !== undefined) {
      this.#awaited.delete(type);
      return consumer;
    }
    if (type === STREAM.PUSH) throw refuse(id, "only servers push");
    if (type <= STREAM.QPACK_DECODER) throw refuse(id, `another of type ${type} came before`);
    this.budget.spend("unknown streams");
    return null;
  }
}

function refuse(id: number, reason: string): H3Error {
  return new H3Error(
    H3.STREAM_CREATION_ERROR,
    `Cannot accept unidirectional stream ${id}: ${reason}`,
  );
}

function unblockedEvents(streamIds: readonly number[]): readonly ConnectionEvent[] {
  if (streamIds.length === 0) return NO_EVENTS;
  return streamIds.map((streamId) => ({ type: "unblocked", streamId }));
}

class Stream implements UnidirectionalStream {
  readonly #id: number;
  readonly #streams: UnidirectionalStreams;
  /** What came of a type, or of a session id after it, that is split; `null` once it is known. */
  #head: Uint8Array | null = new Uint8Array(0);
  #consumer: Consumer | null = null;
  #webTransport: WebTransportStart | null = null;

  constructor(id: number, streams: UnidirectionalStreams) {
    this.#id = id;
    this.#streams = streams;
  }

  get discard(): boolean {
    return this.#head === null && this.#consumer === null && this.#webTransport === null;
  }

  get webTransport(): WebTransportStart | null {
    return this.#webTransport;
  }

  receive(bytes: Uint8Array, now: number): readonly ConnectionEvent[] {
    this.#streams.budget.receive(bytes.length, now);
    const payload = this.#head === null ? bytes : this.#readType(bytes);
    if (payload === null || payload.length === 0 || this.#consumer === null) return NO_EVENTS;
    try {
      return this.#consumer.receive(payload);
    } catch (error) {
      throw fromQPACKError(error);
    }
  }

  finish(): void {
    this.#close("ended");
  }

  reset(_code: number): void {
    this.#close("was reset");
  }

  /** Reads the type, which may be split. Returns what is after it, `null` when it is not complete. */
  #readType(bytes: Uint8Array): Uint8Array | null {
    const head = this.#head!.length === 0 ? bytes : join([this.#head!, bytes]);
    const type = decodeVarint(head, 0);
    if (type === INCOMPLETE) {
      this.#head = head;
      return null;
    }
    if (type === STREAM.WEBTRANSPORT && this.#streams.webTransport) return this.#readSession(head);
    this.#head = null;
    this.#consumer = this.#streams.claim(this.#id, type);
    return head.subarray(varintLength(head[0]!));
  }

  /** Reads the session id after the type. Nothing is left for anybody here. */
  #readSession(head: Uint8Array): null {
    const start = varintLength(head[0]!);
    const sessionId = decodeVarint(head, start);
    if (sessionId === INCOMPLETE) {
      this.#head = head;
      return null;
    }
    this.#head = null;
    checkSessionId(sessionId, this.#streams.streamLimit());
    const rest = head.subarray(start + varintLength(head[start]!));
    this.#webTransport = startOf(sessionId, rest, this.#streams.budget);
    return null;
  }

  #close(how: string): void {
    if (this.#consumer !== null) {
      throw new H3Error(
        H3.CLOSED_CRITICAL_STREAM,
        `Cannot go on: the client's ${this.#consumer.name} stream ${how}`,
      );
    }
    // Closing a stream before its type is complete is allowed (RFC 9114 §6.2), and does nothing.
    if (this.#head !== null) this.#streams.budget.spend("streams without a type");
  }
}
