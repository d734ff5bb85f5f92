/**
 * One request stream as the scripted HTTP/3 client sees it, see `h3_peer.ts`.
 *
 * @module
 */

import { type FieldList, getField } from "../../src/fields.ts";
import { encodeFrame, FRAME, FrameReader } from "../../src/h3/mod.ts";
import { concat } from "./bytes.ts";
import type { FakeClientStream } from "./fake_quic.ts";

/** Status and fields of one head. */
export interface PeerHead {
  /** `:status`. */
  readonly status: number;
  /** The other fields. */
  readonly fields: FieldList;
}

/** The connection of a {@linkcode PeerExchange}. */
export interface PeerExchangeOwner {
  /** Encodes fields, and sends what they need of the encoder stream. */
  encode(streamId: number, fields: FieldList): Uint8Array;
  /** Decodes; `null` when the section waits for the encoder stream. */
  decode(streamId: number, section: Uint8Array): FieldList | null;
  /** Reads everything the server sent. */
  sync(): void;
  /** Settles when `condition` holds, and fails when it never does. */
  until(condition: () => boolean, what: string): Promise<void>;
}

/** A request that the test sends piece by piece, and its response as far as it came. */
export class PeerExchange {
  /** The stream itself, for bytes that are no frames, and for resets. */
  readonly stream: FakeClientStream;
  readonly #owner: PeerExchangeOwner;
  readonly #reader: FrameReader;
  readonly #content: Uint8Array[] = [];
  readonly #interim: PeerHead[] = [];
  /** Types of all frames that came, in order, those nobody knows as well. */
  readonly #frameTypes: number[] = [];
  #taken = 0;
  #section: Uint8Array | null = null;
  #head: PeerHead | null = null;
  #trailers: FieldList | null = null;

  /** Use `H3Peer.request()` or `H3Peer.open()`. */
  constructor(stream: FakeClientStream, owner: PeerExchangeOwner) {
    this.stream = stream;
    this.#owner = owner;
    this.#reader = new FrameReader({
      admit: (type) => {
        this.#frameTypes.push(type);
        return type === FRAME.HEADERS ? "whole" : type === FRAME.DATA ? "parts" : "skip";
      },
    });
  }

  /** Stream id. */
  get id(): number {
    return this.stream.id;
  }

  /** Sends HEADERS: the head, trailers, or what should not be there. */
  headers(fields: FieldList): this {
    return this.raw(encodeFrame(FRAME.HEADERS, this.#owner.encode(this.id, fields)));
  }

  /** Sends content in one DATA frame. */
  data(content: string | Uint8Array): this {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    return this.raw(encodeFrame(FRAME.DATA, bytes));
  }

  /** Sends any frame. */
  frame(type: number, payload: Uint8Array = new Uint8Array(0)): this {
    return this.raw(encodeFrame(type, payload));
  }

  /** Sends bytes. */
  raw(bytes: Uint8Array): this {
    this.stream.write(bytes);
    return this;
  }

  /** Sends FIN. */
  finish(): this {
    this.stream.finish();
    return this;
  }

  /** Cancels the request as browsers do: no more of it, and no more of the response either. */
  cancel(code: number): void {
    this.stream.reset(code);
    this.stream.stop(code);
  }

  /** Status of the final response; `null` before it came. */
  get status(): number | null {
    this.#owner.sync();
    return this.#head?.status ?? null;
  }

  /** Fields of the final response; none before it came. */
  get fields(): FieldList {
    this.#owner.sync();
    return this.#head?.fields ?? [];
  }

  /** A field of the final response. */
  field(name: string): string | undefined {
    return getField(this.fields, name);
  }

  /** Interim responses. */
  get interim(): readonly PeerHead[] {
    this.#owner.sync();
    return this.#interim;
  }

  /** Content so far. */
  get content(): Uint8Array {
    this.#owner.sync();
    return concat(this.#content);
  }

  /** Content so far, as text. */
  get text(): string {
    return new TextDecoder().decode(this.content);
  }

  /** Trailers; `null` when there are none. */
  get trailers(): FieldList | null {
    this.#owner.sync();
    return this.#trailers;
  }

  /** Types of all frames of the response. */
  get frameTypes(): readonly number[] {
    this.#owner.sync();
    return this.#frameTypes;
  }

  /** Whether the response is complete: FIN came. */
  get complete(): boolean {
    return this.stream.inbox.fin;
  }

  /** Settles when FIN came and everything before it was decoded. */
  async response(): Promise<this> {
    const done = () => this.complete && this.#section === null;
    await this.#owner.until(done, `the response on stream ${this.id}`);
    return this;
  }

  /** Settles when `condition` holds. */
  until(condition: () => boolean, what: string): Promise<void> {
    return this.#owner.until(condition, what);
  }

  /** For the connection: reads what came. Says whether that was all there will ever be. */
  read(): boolean {
    const { inbox } = this.stream;
    if (inbox.length > this.#taken) {
      const { bytes } = inbox;
      this.#reader.receive(bytes.subarray(this.#taken));
      this.#taken = bytes.length;
      this.#readFrames();
    } else if (this.#section !== null) this.#readFrames();
    return inbox.fin && this.#section === null;
  }

  #readFrames(): void {
    while (this.#readSection()) {
      const frame = this.#reader.next();
      if (frame === null) return;
      if (frame.type === FRAME.DATA) this.#content.push(frame.payload);
      else this.#section = frame.payload;
    }
  }

  /** Decodes the section that waits; `false` when it has to wait on. */
  #readSection(): boolean {
    if (this.#section === null) return true;
    const fields = this.#owner.decode(this.id, this.#section);
    if (fields === null) return false;
    this.#section = null;
    const status = Number(getField(fields, ":status") ?? NaN);
    const head = { status, fields: fields.filter(([name]) => name !== ":status") };
    if (Number.isNaN(status)) this.#trailers = fields;
    else if (status < 200) this.#interim.push(head);
    else this.#head = head;
    return true;
  }
}
