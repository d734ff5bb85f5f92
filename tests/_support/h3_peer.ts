/**
 * A scriptable HTTP/3 client over the QUIC in memory: well-behaved unless told otherwise.
 *
 * ```ts ignore
 * const peer = new H3Peer(client); // control stream and SETTINGS are sent
 * const answer = await peer.get("/");
 * assert.equal(answer.status, 200);
 *
 * const upload = peer.request({ method: "POST" }).data("half");
 * upload.stream.reset(0x10c);
 *
 * peer.control.write(encodeFrame(FRAME.DATA, ...)); // what no client should do
 * assert.equal(await peer.closed(), "H3_FRAME_UNEXPECTED");
 * ```
 *
 * Nothing is read behind the test's back: whatever one looks at is brought up to date first.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { FieldList } from "../../src/fields.ts";
import {
  decodeIdPayload,
  decodeSettings,
  encodeFrame,
  encodeSettings,
  encodeVarints,
  errorName,
  FRAME,
  FrameReader,
  type Settings,
  STREAM,
} from "../../src/h3/mod.ts";
import { QPACKDecoder, QPACKEncoder } from "../../src/qpack/mod.ts";
import { withDeadline } from "./deadline.ts";
import type { FakeInbox, FakeOutbox, FakeQuicClient, FakeQuicLive } from "./fake_quic.ts";
import { PeerExchange, type PeerExchangeOwner } from "./h3_peer_exchange.ts";

export type { PeerExchange, PeerHead } from "./h3_peer_exchange.ts";

/** How a peer behaves. */
export interface H3PeerOptions {
  /** What it sends as SETTINGS beyond the defaults; `null`: no control stream is opened. */
  readonly settings?: Partial<Settings> | null;
  /** Whether requests use the dynamic table, once the server's SETTINGS are there. Default `false`. */
  readonly dynamic?: boolean;
}

/** What a request is made of. */
export interface PeerRequest {
  /** `:method`, default GET. */
  readonly method?: string;
  /** `:path`, default `/`. */
  readonly path?: string;
  /** `:authority`, default `localhost`. */
  readonly authority?: string;
  /** Further fields. */
  readonly fields?: FieldList;
}

const DEFAULTS: Settings = {
  maxFieldSectionSize: Infinity,
  qpackMaxTableCapacity: 0,
  qpackBlockedStreams: 0,
  enableConnectProtocol: false,
  enableDatagrams: false,
  webTransportSessions: 0,
};

/** Field lines of a request, pseudo-header fields first. */
export function requestFields(
  { method = "GET", path = "/", authority = "localhost", fields = [] }: PeerRequest = {},
): FieldList {
  return [
    [":method", method],
    [":scheme", "https"],
    [":authority", authority],
    [":path", path],
    ...fields,
  ];
}

/** Control stream with SETTINGS. */
export function controlStart(settings: Partial<Settings> = {}): Uint8Array {
  const payload = encodeSettings({ ...DEFAULTS, ...settings }, null);
  return Uint8Array.of(STREAM.CONTROL, ...encodeFrame(FRAME.SETTINGS, payload));
}

/** One connection of the client. */
export class H3Peer implements PeerExchangeOwner {
  /** The transport, for what HTTP/3 has no word for. */
  readonly client: FakeQuicClient;
  /** Encodes requests. */
  readonly encoder: QPACKEncoder;
  /** Decodes responses. */
  readonly decoder: QPACKDecoder;
  /** Ids of the server's GOAWAY frames. */
  readonly #goaways: number[] = [];
  readonly #dynamic: boolean;
  /** Those that may get something to read. */
  readonly #exchanges = new Set<PeerExchange>();
  readonly #reads = new Map<number, ServerStream>();
  #settings: Settings | null = null;
  #control: FakeOutbox | undefined;
  #encoderStream: FakeOutbox | undefined;
  #decoderStream: FakeOutbox | undefined;
  #opened = 0;
  #syncing = false;
  #held: Uint8Array[] | null = null;

  constructor(client: FakeQuicClient, { settings = {}, dynamic = false }: H3PeerOptions = {}) {
    this.client = client;
    this.#dynamic = dynamic;
    const { qpackMaxTableCapacity, qpackBlockedStreams } = { ...DEFAULTS, ...settings };
    this.encoder = new QPACKEncoder({ maxTableCapacity: 4096, maxBacklog: 65_536 });
    this.decoder = new QPACKDecoder({
      maxTableCapacity: qpackMaxTableCapacity,
      maxBlockedStreams: qpackBlockedStreams,
      maxFieldSectionSize: 1_000_000,
      maxNameLength: 65_536,
      maxValueLength: 1_000_000,
    });
    if (settings !== null) this.#control = this.unidirectional(controlStart(settings));
  }

  /** The client's control stream. */
  get control(): FakeOutbox {
    return this.#control ??= this.unidirectional(encodeVarints(STREAM.CONTROL));
  }

  /** The client's QPACK encoder stream, opened when first used. */
  get encoderStream(): FakeOutbox {
    return this.#encoderStream ??= this.unidirectional(encodeVarints(STREAM.QPACK_ENCODER));
  }

  /** The client's QPACK decoder stream, opened when first used. */
  get decoderStream(): FakeOutbox {
    return this.#decoderStream ??= this.unidirectional(encodeVarints(STREAM.QPACK_DECODER));
  }

  /** The server's SETTINGS; `null` before they came. */
  get settings(): Settings | null {
    this.sync();
    return this.#settings;
  }

  /** Ids of the server's GOAWAY frames so far. */
  get goaways(): readonly number[] {
    this.sync();
    return this.#goaways;
  }

  /** Opens a unidirectional stream that begins with `bytes`. */
  unidirectional(bytes: Uint8Array): FakeOutbox {
    const stream = this.client.openUnidirectional();
    stream.write(bytes);
    this.#opened++;
    return stream;
  }

  /** Opens a request stream; nothing is sent. */
  open(): PeerExchange {
    const exchange = new PeerExchange(this.client.openBidirectional(), this);
    this.#exchanges.add(exchange);
    return exchange;
  }

  /** Sends the head of a request. */
  request(request: PeerRequest = {}): PeerExchange {
    return this.open().headers(requestFields(request));
  }

  /** A request without content and its whole response. */
  get(path = "/", request: PeerRequest = {}): Promise<PeerExchange> {
    return this.request({ ...request, path }).finish().response();
  }

  /** Sends a frame on the control stream. */
  controlFrame(type: number, payload: Uint8Array = new Uint8Array(0)): void {
    this.control.write(encodeFrame(type, payload));
  }

  /** Instructions of the encoder stay here until `releaseInstructions()`, so that sections which need them wait. */
  holdInstructions(): void {
    this.#held ??= [];
  }

  /** Sends what {@linkcode holdInstructions} held. */
  releaseInstructions(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const bytes of held) this.encoderStream.write(bytes);
  }

  /** Name of the code with which the server closes the connection, e.g. `"H3_NO_ERROR"`. */
  async closed(): Promise<string> {
    return errorName((await withDeadline(this.client.closed, "the end of the connection")).code);
  }

  /** Whether the connection is over. */
  get over(): boolean {
    return this.client.end !== null;
  }

  /** Settles when `condition` holds; looks after everything that happens on the connection. */
  until(condition: () => boolean, what: string): Promise<void> {
    const { promise, reject } = Promise.withResolvers<never>();
    const holds = () => {
      try {
        this.sync();
        return condition();
      } catch (error) {
        reject(error);
        return true; // looked at no more; and the server, in whose call this may be, is not to blame
      }
    };
    return withDeadline(Promise.race([promise, this.client.until(holds)]), what);
  }

  /** What is live on a connection on which nothing is in progress: the unidirectional streams. */
  get idle(): FakeQuicLive {
    return {
      receiving: this.#opened,
      sending: 3,
      abandoned: 0,
      pendingReads: this.#opened,
      pendingWrites: 0,
      unaccepted: 0,
    };
  }

  /** Settles when no request stream is left over on the server, and fails when one is. */
  async untilIdle(expected: Partial<FakeQuicLive> = {}): Promise<void> {
    const idle = JSON.stringify({ ...this.idle, ...expected });
    const reached = () => JSON.stringify(this.client.live) === idle;
    await this.until(reached, "the end of all request streams").catch(() => {});
    assert.equal(JSON.stringify(this.client.live), idle, "what is live on the server's side");
  }

  encode(streamId: number, fields: FieldList): Uint8Array {
    this.sync();
    const section = this.encoder.encode(streamId, fields);
    const instructions = this.encoder.take();
    if (instructions !== null) {
      if (this.#held) this.#held.push(instructions);
      else this.encoderStream.write(instructions);
    }
    return section;
  }

  decode(streamId: number, section: Uint8Array): FieldList | null {
    const fields = this.decoder.decode(streamId, section);
    this.#acknowledge();
    return fields;
  }

  sync(): void {
    if (this.#syncing) return;
    this.#syncing = true;
    try {
      for (const { id, inbox } of this.client.streams) this.#read(id, inbox);
      for (const exchange of this.#exchanges) {
        if (exchange.read()) this.#exchanges.delete(exchange);
      }
    } finally {
      this.#syncing = false;
    }
  }

  #read(id: number, inbox: FakeInbox): void {
    let stream = this.#reads.get(id);
    if (stream === undefined) this.#reads.set(id, stream = new ServerStream());
    const payload = stream.take(inbox);
    if (payload === null) return;
    if (stream.type === STREAM.CONTROL) this.#readControl(stream.frames, payload);
    else if (stream.type === STREAM.QPACK_DECODER) this.encoder.receive(payload);
    else if (stream.type === STREAM.QPACK_ENCODER) {
      this.decoder.receive(payload);
      this.#acknowledge();
    } else if (stream.type !== TWO_BYTE_TYPE) {
      assert.fail(`The server opened a stream of type ${stream.type}`);
    }
  }

  #readControl(frames: FrameReader, payload: Uint8Array): void {
    frames.receive(payload);
    for (let frame = frames.next(); frame !== null; frame = frames.next()) {
      if (frame.type === FRAME.GOAWAY) this.#goaways.push(decodeIdPayload(frame));
      if (frame.type === FRAME.SETTINGS) this.#configure(decodeSettings(frame.payload));
    }
  }

  #configure(settings: Settings): void {
    assert.equal(this.#settings, null, "the server sent SETTINGS twice");
    this.#settings = settings;
    if (!this.#dynamic) return;
    this.encoder.configure({
      maxTableCapacity: settings.qpackMaxTableCapacity,
      maxBlockedStreams: settings.qpackBlockedStreams,
    });
  }

  #acknowledge(): void {
    const instructions = this.decoder.take();
    if (instructions !== null) this.decoderStream.write(instructions);
  }
}

/** First byte of the type of streams of WebTransport sessions, which whoever has the session reads. */
const TWO_BYTE_TYPE = 0x40;

/** How far a unidirectional stream of the server was read. */
class ServerStream {
  readonly frames = new FrameReader({
    admit: (type) => type === FRAME.GOAWAY || type === FRAME.SETTINGS ? "whole" : "skip",
  });
  #taken = 0;
  type = -1;

  /** What is new after the type, a single byte with all streams that are read here; `null` for nothing. */
  take(inbox: FakeInbox): Uint8Array | null {
    if (inbox.length === this.#taken) return null;
    const { bytes } = inbox;
    const start = Math.max(this.#taken, 1);
    this.#taken = bytes.length;
    this.type = bytes[0]!;
    return bytes.length > start ? bytes.subarray(start) : null;
  }
}
