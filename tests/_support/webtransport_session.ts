/**
 * A session of a WebTransport client, or any request that it made: what the server answers, and what it says after that.
 *
 * @module
 */

import type { FieldList } from "../../src/fields.ts";
import { CapsuleReader, encodeFrame, FRAME, FrameReader } from "../../src/h3/mod.ts";
import { QPACKDecoder } from "../../src/qpack/mod.ts";
import { concat } from "./bytes.ts";
import { withDeadline } from "./deadline.ts";
import { HANG_MS, Mailbox, type SessionStream } from "./webtransport_stream.ts";
import {
  capsule,
  closeCapsule,
  datagramOf,
  streamStart,
  WT_CAPSULE,
  WT_STREAM,
} from "./webtransport_wire.ts";

/** The connection, as its sessions see it. */
export interface SessionOwner {
  /** Opens a stream in both directions. */
  bidirectional(bytes: Uint8Array): Promise<SessionStream>;
  /** Opens a stream in one direction. */
  unidirectional(bytes: Uint8Array): Promise<SessionStream>;
  /** Sends the data of a QUIC DATAGRAM frame. */
  sendDatagram(bytes: Uint8Array): void;
}

/** How the server ended a session, with the last word that it said. */
export interface ClientEnd {
  /** CLOSE capsule, FIN without one, or neither of them. */
  readonly by: "close" | "fin" | "lost";
  /** Of the capsule. */
  readonly code: number;
  /** Of the capsule. */
  readonly reason: string;
}

/** Larger than any capsule that a server may send. */
const MAX_CAPSULE = 65_536;

/** One request stream. */
export class ClientSession {
  /** Id of the stream, which is the one of the session. */
  readonly id: number;
  /** The stream. Do not read it. */
  readonly stream: SessionStream;
  /** Settles with head of the answer. */
  readonly answer: Promise<{ readonly status: number; readonly fields: Headers }>;
  /** Settles when the server has ended it; never rejects. */
  readonly ended: Promise<ClientEnd>;
  /** Datagrams of the server. */
  readonly datagrams: Mailbox<Uint8Array> = new Mailbox();
  /** Streams that the server opened in both directions. */
  readonly bidirectional: Mailbox<SessionStream> = new Mailbox();
  /** Streams that the server opened in one direction. */
  readonly unidirectional: Mailbox<SessionStream> = new Mailbox();
  /** Types of the capsules that came, in order. */
  readonly capsules: number[] = [];
  readonly #owner: SessionOwner;
  readonly #answer = Promise.withResolvers<{ status: number; fields: Headers }>();
  readonly #drained = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<ClientEnd>();
  readonly #content: Uint8Array[] = [];
  readonly #capsules = new CapsuleReader({
    types: new Set([WT_CAPSULE.DATAGRAM, WT_CAPSULE.CLOSE, WT_CAPSULE.DRAIN]),
    maxValueSize: MAX_CAPSULE,
  });
  #last: Omit<ClientEnd, "by"> | null = null;

  /** @param stream A request stream whose head was sent. */
  constructor(owner: SessionOwner, stream: SessionStream) {
    this.#owner = owner;
    this.stream = stream;
    this.id = stream.id;
    this.answer = withDeadline(this.#answer.promise, "an answer", HANG_MS);
    this.ended = this.#ended.promise;
    this.answer.catch(() => {}); // a test need not look
    void this.#read();
  }

  /** Content of an answer, up to its end. */
  async content(): Promise<string> {
    await withDeadline(this.ended, "the end of an answer", HANG_MS);
    return new TextDecoder().decode(concat(this.#content));
  }

  /** How the server ended it. @throws {Error} When it does not. */
  end(): Promise<ClientEnd> {
    return withDeadline(this.ended, "the end of a session", HANG_MS);
  }

  /** Settles when the server has asked for the end. @throws {Error} When it does not. */
  drained(): Promise<void> {
    return withDeadline(this.#drained.promise, "DRAIN", HANG_MS);
  }

  /** Sends bytes in a DATA frame; says whether the server still takes them. */
  data(bytes: Uint8Array): Promise<boolean> {
    return this.stream.send(encodeFrame(FRAME.DATA, bytes));
  }

  /** Sends a capsule in a DATA frame. */
  capsule(type: number, value?: Uint8Array): Promise<boolean> {
    return this.data(capsule(type, value));
  }

  /** Sends CLOSE, and FIN. */
  async close(code = 0, reason: string | Uint8Array = ""): Promise<void> {
    await this.data(closeCapsule(code, reason));
    this.stream.finish();
  }

  /** Opens a stream in both directions that begins with `text`. */
  openBidirectional(text = ""): Promise<SessionStream> {
    return this.#owner.bidirectional(streamStart(WT_STREAM.BIDIRECTIONAL, this.id, text));
  }

  /** Opens a stream in one direction that begins with `text`. */
  openUnidirectional(text = ""): Promise<SessionStream> {
    return this.#owner.unidirectional(streamStart(WT_STREAM.UNIDIRECTIONAL, this.id, text));
  }

  /** Sends a datagram. */
  sendDatagram(payload: Uint8Array | string): void {
    const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
    this.#owner.sendDatagram(datagramOf(this.id, bytes));
  }

  /** Next datagram, as text. */
  async datagram(): Promise<string> {
    return new TextDecoder().decode(await this.datagrams.next("a datagram"));
  }

  /** Text of the answer to a stream in both directions that has `text` in it. */
  async ask(text: string): Promise<string> {
    const stream = await this.openBidirectional(text);
    stream.finish();
    return await stream.text();
  }

  async #read(): Promise<void> {
    const frames = new FrameReader({ admit: treatmentOf });
    try {
      for (let bytes = await this.stream.read(); bytes; bytes = await this.stream.read()) {
        frames.receive(bytes);
        for (let frame = frames.next(); frame !== null; frame = frames.next()) {
          if (frame.type === FRAME.HEADERS) this.#onHead(frame.payload);
          else this.#onData(frame.payload);
        }
      }
      this.#finish(this.#last ? "close" : "fin");
    } catch (error) {
      this.#finish("lost", error);
    }
  }

  #onHead(section: Uint8Array): void {
    const fields = decode(section);
    const status = Number(fields.find(([name]) => name === ":status")?.[1]);
    if (!(status >= 200)) return;
    const rest = fields.filter(([name]) => !name.startsWith(":"));
    this.#answer.resolve({ status, fields: new Headers(rest as [string, string][]) });
  }

  #onData(bytes: Uint8Array): void {
    this.#content.push(bytes);
    this.#capsules.receive(bytes);
    for (let next = this.#capsules.next(); next !== null; next = this.#capsules.next()) {
      const { type, payload } = next;
      this.capsules.push(type);
      if (type === WT_CAPSULE.DATAGRAM) this.datagrams.add(payload);
      else if (type === WT_CAPSULE.DRAIN) this.#drained.resolve();
      else this.#last = readClose(payload);
    }
  }

  #finish(by: ClientEnd["by"], cause: unknown = "the stream ended"): void {
    this.#answer.reject(new Error(`There is no answer: ${cause}`));
    this.#ended.resolve({ by, ...this.#last ?? { code: 0, reason: "" } });
  }
}

function treatmentOf(type: number): "whole" | "parts" | "skip" {
  if (type === FRAME.HEADERS) return "whole";
  return type === FRAME.DATA ? "parts" : "skip";
}

function readClose(payload: Uint8Array): { readonly code: number; readonly reason: string } {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  const reason = new TextDecoder("utf-8", { fatal: true }).decode(payload.subarray(4));
  return { code: view.getUint32(0), reason };
}

function decode(section: Uint8Array): FieldList {
  const decoder = new QPACKDecoder({
    maxTableCapacity: 0, // as our SETTINGS say
    maxBlockedStreams: 0,
    maxFieldSectionSize: 65_536,
    maxNameLength: 256,
    maxValueLength: 65_536,
  });
  return decoder.decode(0, section)!;
}
