/**
 * Halves of streams by the public API: web streams.
 *
 * @module
 */

import type { Backend, HalfOwner } from "./deno_connection.ts";
import { ignore, receiveError, sendError } from "./deno_errors.ts";
import { nextReadSize, SMALL_READ, takeRead } from "./read_buffer.ts";
import {
  type QuicReceiveStream,
  type QuicSendStream,
  type StreamId,
  StreamStoppedError,
} from "./transport.ts";

/** The back-end that works wherever Deno's QUIC does. */
export const streamBackend: Backend = {
  name: "streams",
  receive: (stream, owner) => new WebReceiveStream(stream, owner),
  send: (stream, owner, id) => new WebSendStream(stream, owner, id),
};

class WebReceiveStream implements QuicReceiveStream {
  readonly id: StreamId;
  readonly #reader: ReadableStreamBYOBReader;
  readonly #owner: HalfOwner;
  readonly #slot: number;
  #size = SMALL_READ;

  constructor(stream: Deno.QuicReceiveStream, owner: HalfOwner) {
    this.id = Number(stream.id);
    // Into arrays of our own: a default reader allocates 64 KiB for each read, also for one that waits.
    this.#reader = stream.getReader({ mode: "byob" });
    this.#owner = owner;
    this.#slot = owner.halves.add(this);
  }

  async read(): Promise<Uint8Array | null> {
    try {
      const { value, done } = await this.#reader.read(new Uint8Array(this.#size));
      if (done) return this.#end();
      this.#size = nextReadSize(this.#size, value.length);
      return takeRead(value);
    } catch (error) {
      this.#end();
      if (this.#owner.closedByUs) return null;
      throw receiveError(error);
    }
  }

  stop(): void {
    this.#reader.cancel().catch(ignore); // the stream is over already
    this.#end();
  }

  #end(): null {
    this.#owner.halves.delete(this.#slot, this);
    return null;
  }
}

class WebSendStream implements QuicSendStream {
  readonly id: StreamId;
  readonly #stream: Deno.QuicSendStream;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #owner: HalfOwner;
  readonly #slot: number;
  #over: Promise<void> | null = null;
  #failure: Error | null = null;

  constructor(stream: Deno.QuicSendStream, owner: HalfOwner, id = Number(stream.id)) {
    this.id = id;
    this.#stream = stream;
    this.#writer = stream.getWriter();
    this.#owner = owner;
    this.#slot = owner.halves.add(this);
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#translate(this.#writer.write(bytes));
  }

  finish(): Promise<void> {
    if (this.#over === null) {
      const release = () => this.#owner.halves.delete(this.#slot, this);
      this.#over = this.#translate(this.#writer.close());
      this.#over.then(release, release);
    }
    return this.#over;
  }

  abandon(): void {
    if (this.#over !== null) return;
    this.#over = Promise.resolve();
    if (this.#failure instanceof StreamStoppedError) this.#owner.halves.delete(this.#slot, this); // it is reset already
  }

  setSendOrder(order: number): void {
    try {
      this.#stream.sendOrder = order;
    } catch {
      // the stream is over: nothing left to order
    }
  }

  #translate(work: Promise<void>): Promise<void> {
    const translated = work.catch((error) => {
      throw this.#failure ??= sendError(error); // later ones only say that the stream had failed
    });
    translated.catch(ignore); // whoever does not wait for it does not want to know
    return translated;
  }
}
