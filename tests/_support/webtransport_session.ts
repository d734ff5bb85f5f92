/**
 * A session of a WebTransport client: what it sends, and what the server says.
 *
 * @module
 */

import { CapsuleReader } from "../../src/h3/mod.ts";
import { withDeadline } from "./deadline.ts";
import { ClientRequest } from "./webtransport_request.ts";
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
  /** CLOSE capsule and FIN, FIN alone, or no FIN. */
  readonly by: "close" | "fin" | "lost";
  /** Of the capsule. */
  readonly code: number;
  /** Of the capsule. */
  readonly reason: string;
}

/** Larger than any capsule that a server may send. */
const MAX_CAPSULE = 65_536;

/** One session, or what was to be one: content of a denial comes as with any request. */
export class ClientSession extends ClientRequest {
  /** Datagrams of the server. */
  readonly datagrams: Mailbox<Uint8Array> = new Mailbox();
  /** Streams that the server opened in both directions. */
  readonly bidirectional: Mailbox<SessionStream> = new Mailbox();
  /** Streams that the server opened in one direction. */
  readonly unidirectional: Mailbox<SessionStream> = new Mailbox();
  readonly #owner: SessionOwner;
  readonly #drained = Promise.withResolvers<void>();
  readonly #capsules = new CapsuleReader({
    types: new Set([WT_CAPSULE.DATAGRAM, WT_CAPSULE.CLOSE, WT_CAPSULE.DRAIN]),
    maxValueSize: MAX_CAPSULE,
  });
  #last: Omit<ClientEnd, "by"> | null = null;

  /** @param stream A request stream whose head, a handshake, was sent. */
  constructor(owner: SessionOwner, stream: SessionStream) {
    super(stream);
    this.#owner = owner;
  }

  /** How the server ended it. @throws {Error} When it does not. */
  async end(): Promise<ClientEnd> {
    const how = await this.over();
    const by = how === "fin" && this.#last ? "close" : how;
    return { by, ...this.#last ?? { code: 0, reason: "" } };
  }

  /** Settles when the server has asked for the end. @throws {Error} When it does not. */
  drained(): Promise<void> {
    return withDeadline(this.#drained.promise, "DRAIN", HANG_MS);
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

  protected override onData(bytes: Uint8Array): void {
    super.onData(bytes);
    this.#capsules.receive(bytes);
    for (let next = this.#capsules.next(); next !== null; next = this.#capsules.next()) {
      const { type, payload } = next;
      if (type === WT_CAPSULE.DATAGRAM) this.datagrams.add(payload);
      else if (type === WT_CAPSULE.DRAIN) this.#drained.resolve();
      else this.#last = readClose(payload);
    }
  }
}

function readClose(payload: Uint8Array): { readonly code: number; readonly reason: string } {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  const reason = new TextDecoder("utf-8", { fatal: true }).decode(payload.subarray(4));
  return { code: view.getUint32(0), reason };
}
