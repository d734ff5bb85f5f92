/**
 * One HTTP/3 connection from the server's side, without the transport: bytes of streams in, events and bytes out.
 *
 * Its own state is small: the request streams that are open, priorities that were changed, and how far GOAWAY lets the
 * client go. The rest is in the parts it puts together.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9114 | RFC 9114}
 * @module
 */

import { QPACKDecoder, QPACKEncoder } from "../qpack/mod.ts";
import { Budget } from "./budget.ts";
import { ControlStream } from "./control_stream.ts";
import { decodeDatagram, type HttpDatagram } from "./datagram.ts";
import { H3, H3Error } from "./errors.ts";
import { encodeFrame, FRAME } from "./frames.ts";
import { greaseId } from "./grease.ts";
import { join } from "./join.ts";
import {
  MAX_FIELD_NAME_BYTES,
  MAX_FIELD_VALUE_BYTES,
  QPACK_DECODER_BACKLOG_BYTES,
  QPACK_ENCODER_BACKLOG_BYTES,
} from "./limits.ts";
import type { Priority, PriorityUpdate } from "./priority.ts";
import type { RequestContext } from "./request_context.ts";
import { RequestStream } from "./request_stream.ts";
import { encodeSettings, type Settings } from "./settings.ts";
import { STREAM, type UnidirectionalStream, UnidirectionalStreams } from "./unidirectional.ts";
import { encodeVarints } from "./varint.ts";

/** What an {@linkcode H3Connection} is to allow. */
export interface H3Options {
  /** Largest field section of a request, in bytes as RFC 9114 §4.2.2 counts them. */
  readonly maxFieldSectionSize: number;
  /** Bytes of the QPACK dynamic tables, each: the client's, which we hold, and ours, as far as the client allows. */
  readonly qpackTableCapacity: number;
  /** Requests whose field section may wait for the client's encoder stream. */
  readonly qpackBlockedStreams: number;
  /**
   * Bidirectional streams the transport lets the client have open at a time, so that PRIORITY_UPDATE, datagrams and
   * streams of WebTransport sessions can be for no more.
   */
  readonly maxRequestStreams: number;
  /** Offers extended CONNECT (RFC 9220). */
  readonly enableConnectProtocol: boolean;
  /** Offers HTTP Datagrams (RFC 9297). */
  readonly enableDatagrams: boolean;
  /**
   * WebTransport sessions a client may have at a time, for which `enableConnectProtocol` and `enableDatagrams` are needed,
   * too. With 0, the default, nothing of it is announced, and its streams are unknown ones.
   */
  readonly webTransportSessions?: number;
  /** Number from 0 up to but not including 1, another one for each connection; picks the reserved identifiers. */
  readonly random: number;
}

/** First bytes of the unidirectional streams that the server opens, each with its type. */
export interface StreamStarts {
  /** Control stream: SETTINGS, and a frame that means nothing. */
  readonly control: Uint8Array<ArrayBuffer>;
  /** QPACK encoder stream. */
  readonly encoder: Uint8Array<ArrayBuffer>;
  /** QPACK decoder stream. */
  readonly decoder: Uint8Array<ArrayBuffer>;
}

/** The largest id of a request stream, 2^62 - 4: "stop, but none is refused" (RFC 9114 §5.2). */
const LARGEST_REQUEST_ID = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfc);

/** Request streams have every fourth id, from 0 (RFC 9000 §2.1). */
const ID_STEP = 4;

/**
 * One connection. Nothing is sent from here: after every call write what {@linkcode takeControl},
 * {@linkcode takeEncoder} and {@linkcode takeDecoder} have on our three streams.
 */
export class H3Connection {
  /** First bytes of our unidirectional streams, to be sent as soon as the connection is there. */
  readonly streamStarts: StreamStarts;
  readonly #options: H3Options;
  readonly #budget = new Budget();
  readonly #decoder: QPACKDecoder;
  readonly #encoder: QPACKEncoder;
  readonly #unidirectional: UnidirectionalStreams;
  readonly #context: RequestContext;
  /** Request streams that are open. */
  readonly #open = new Set<number>();
  /** What PRIORITY_UPDATE said about streams that are open or yet to come. */
  readonly #priorities = new Map<number, Priority>();
  #highestId = -ID_STEP;
  /** Frames for our control stream. */
  #control: Uint8Array<ArrayBuffer>[] = [];
  #announced = false;
  /** Id of our last GOAWAY: the first stream that is not served. */
  #limit = Infinity;
  #peerSettings: Settings | null = null;

  /** Makes a connection that nothing came on yet. @param options What to allow. */
  constructor(options: H3Options) {
    this.#options = options;
    this.streamStarts = encodeStarts(options);
    this.#decoder = new QPACKDecoder({
      maxTableCapacity: options.qpackTableCapacity,
      maxBlockedStreams: options.qpackBlockedStreams,
      maxFieldSectionSize: options.maxFieldSectionSize,
      maxNameLength: MAX_FIELD_NAME_BYTES,
      maxValueLength: MAX_FIELD_VALUE_BYTES,
    });
    this.#encoder = new QPACKEncoder({
      maxTableCapacity: options.qpackTableCapacity,
      maxBacklog: QPACK_ENCODER_BACKLOG_BYTES,
    });
    this.#context = this.#newRequestContext();
    this.#unidirectional = this.#newUnidirectionalStreams();
  }

  /** The client's settings; `null` before they came. */
  get peerSettings(): Settings | null {
    return this.#peerSettings;
  }

  /** Request streams that were not closed yet. */
  get openRequests(): number {
    return this.#open.size;
  }

  /** A unidirectional stream that the client opened. */
  unidirectional(id: number): UnidirectionalStream {
    return this.#unidirectional.open(id);
  }

  /** A bidirectional stream that the client opened; see {@linkcode accepts}. Call its `close()` at the end. */
  request(id: number): RequestStream {
    this.#open.add(id);
    this.#highestId = Math.max(this.#highestId, id);
    return new RequestStream(id, this.#context);
  }

  /** A bidirectional stream that is not served: no more of it is known. */
  turnAway(id: number): void {
    this.#highestId = Math.max(this.#highestId, id);
  }

  /**
   * Decodes the data of a QUIC DATAGRAM frame. It may be for a request yet to come.
   *
   * @throws {H3Error} H3_DATAGRAM_ERROR as {@linkcode decodeDatagram}; H3_ID_ERROR when the client cannot have a request
   *   there (RFC 9297 §2.1).
   */
  datagram(bytes: Uint8Array): HttpDatagram {
    const datagram = decodeDatagram(bytes);
    const limit = this.#streamLimit();
    if (datagram.streamId / ID_STEP < limit) return datagram;
    throw new H3Error(
      H3.ID_ERROR,
      `Cannot accept a datagram for stream ${datagram.streamId}: expected a request stream below ${
        ID_STEP * limit
      }`,
    );
  }

  /** Whether to serve a stream: not when our GOAWAY said otherwise, so that the client may try elsewhere. */
  accepts(id: number): boolean {
    return id < this.#limit;
  }

  /**
   * Tells the client to make no more requests here (RFC 9114 §5.2).
   *
   * @param final `false` announces it, and requests on their way are served; `true` refuses all beyond those that
   * came, for good. Saying the same again does nothing.
   */
  goaway(final: boolean): void {
    if (final && this.#limit === Infinity) {
      this.#limit = this.#highestId + ID_STEP;
      this.#control.push(encodeFrame(FRAME.GOAWAY, encodeVarints(this.#limit)));
    } else if (!final && !this.#announced && this.#limit === Infinity) {
      this.#announced = true;
      this.#control.push(encodeFrame(FRAME.GOAWAY, LARGEST_REQUEST_ID));
    }
  }

  /**
   * Charges the client for input that is legal and did nothing, where that is known elsewhere; cf. `ODDITY_BURST`.
   *
   * @param what The input in the plural, for the message.
   * @throws {H3Error} H3_EXCESSIVE_LOAD when there was too much of it.
   */
  spend(what: string): void {
    this.#budget.spend(what);
  }

  /** What to write on our control stream now; `null` for nothing. */
  takeControl(): Uint8Array | null {
    if (this.#control.length === 0) return null;
    const bytes = join(this.#control);
    this.#control = [];
    return bytes;
  }

  /** What to write on our QPACK encoder stream now; `null` for nothing. */
  takeEncoder(): Uint8Array | null {
    return this.#encoder.take();
  }

  /**
   * Checks what waits for our QPACK decoder stream; for when it cannot be written.
   *
   * @throws {H3Error} H3_EXCESSIVE_LOAD when it is too much.
   */
  checkDecoderBacklog(): void {
    if (this.#decoder.backlog <= QPACK_DECODER_BACKLOG_BYTES) return;
    throw new H3Error(
      H3.EXCESSIVE_LOAD,
      `Cannot go on: the client takes nothing of the decoder stream, for which ${this.#decoder.backlog} bytes wait`,
    );
  }

  /** What to write on our QPACK decoder stream now; `null` for nothing. */
  takeDecoder(): Uint8Array | null {
    return this.#decoder.take();
  }

  /** Whether streams of sessions are told from others. */
  get #webTransport(): boolean {
    return (this.#options.webTransportSessions ?? 0) > 0;
  }

  #newRequestContext(): RequestContext {
    return {
      decoder: this.#decoder,
      encoder: this.#encoder,
      budget: this.#budget,
      maxFieldSectionSize: this.#options.maxFieldSectionSize,
      enableConnectProtocol: this.#options.enableConnectProtocol,
      webTransport: this.#webTransport,
      streamLimit: () => this.#streamLimit(),
      updatedPriority: (streamId) => this.#priorities.get(streamId) ?? null,
      forget: (streamId) => {
        this.#open.delete(streamId);
        this.#priorities.delete(streamId);
      },
    };
  }

  #newUnidirectionalStreams(): UnidirectionalStreams {
    const control = new ControlStream({
      budget: this.#budget,
      webTransport: this.#webTransport,
      streamLimit: () => this.#streamLimit(),
      configure: (settings) => this.#configure(settings),
      prioritize: (update) => this.#prioritize(update),
    });
    return new UnidirectionalStreams({
      budget: this.#budget,
      control,
      decoder: this.#decoder,
      encoder: this.#encoder,
      webTransport: this.#webTransport,
      streamLimit: () => this.#streamLimit(),
    });
  }

  /**
   * The transport lets a client open as many streams as were closed, and then as many as may be open. It has closed no
   * more than we have seen.
   */
  #streamLimit(): number {
    return this.#highestId / ID_STEP + 1 + this.#options.maxRequestStreams;
  }

  #configure(settings: Settings): void {
    this.#peerSettings = settings;
    this.#encoder.configure({
      maxTableCapacity: settings.qpackMaxTableCapacity,
      maxBlockedStreams: settings.qpackBlockedStreams,
    });
  }

  /** Keeps the last word about streams that are open or yet to come, as many as may be; others are over (RFC 9218 §7). */
  #prioritize({ streamId, priority }: PriorityUpdate): boolean {
    const open = this.#open.has(streamId);
    if (open || streamId > this.#highestId) this.#priorities.set(streamId, priority);
    return open;
  }
}

function encodeStarts(options: H3Options): StreamStarts {
  const { random, webTransportSessions = 0 } = options;
  const settings = {
    maxFieldSectionSize: options.maxFieldSectionSize,
    qpackMaxTableCapacity: options.qpackTableCapacity,
    qpackBlockedStreams: options.qpackBlockedStreams,
    enableConnectProtocol: options.enableConnectProtocol,
    enableDatagrams: options.enableDatagrams,
    webTransportSessions,
  };
  const grease = { id: greaseId(random), value: Math.floor(random * 0x4000) };
  return {
    control: join([
      encodeVarints(STREAM.CONTROL),
      encodeFrame(FRAME.SETTINGS, encodeSettings(settings, grease)),
      encodeFrame(greaseId(1 - random), new Uint8Array(0)),
    ]),
    encoder: encodeVarints(STREAM.QPACK_ENCODER),
    decoder: encodeVarints(STREAM.QPACK_DECODER),
  };
}
