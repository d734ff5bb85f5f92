/**
 * The receiving half of a request stream: events of the HTTP/3 machine, read as they are wanted.
 *
 * @module
 */

import type { FieldList } from "../fields.ts";
import type { RequestEvent, RequestStream } from "../h3/mod.ts";
import type { QuicReceiveStream } from "../quic/transport.ts";
import type { H3Owner } from "./h3_context.ts";

/** Bytes of content nobody wants that are still read, so that small uploads end without an error for the client. */
const MAX_DISCARDED_BYTES = 64 * 1024;

/** Reads the events of one request, one at a time. */
export class H3RequestReader {
  readonly #stream: QuicReceiveStream;
  readonly #machine: RequestStream;
  readonly #owner: H3Owner;
  #unblocked: PromiseWithResolvers<void> | undefined;
  #stopped = false;

  constructor(stream: QuicReceiveStream, machine: RequestStream, owner: H3Owner) {
    this.#stream = stream;
    this.#machine = machine;
    this.#owner = owner;
  }

  /**
   * The next event; after `"end"` there is none, and `stop()` leads there, too. Rejects with errors of the machine and of
   * the transport.
   */
  async next(): Promise<RequestEvent> {
    for (;;) {
      if (this.#stopped) return END;
      const event = this.#machine.next();
      if (event !== null) return event;
      if (this.#machine.blocked) await this.#unblock();
      else this.#take(await this.#stream.read());
    }
  }

  /** The machine may go on: the instructions its field section waited for are there. */
  unblock(): void {
    this.#machine.unblock();
    this.#unblocked?.resolve();
    this.#unblocked = undefined;
  }

  /** Stops reading. */
  stop(): void {
    this.#stopped = true;
    this.#stream.stop();
    this.#unblocked?.resolve();
  }

  #take(bytes: Uint8Array | null): void {
    if (this.#stopped) return;
    if (bytes === null) return this.#machine.finish();
    this.#machine.receive(bytes, performance.now());
    this.#owner.flush(); // acknowledgements of field sections
  }

  #unblock(): Promise<void> {
    this.#unblocked ??= Promise.withResolvers();
    return this.#unblocked.promise;
  }
}

const END: RequestEvent = { type: "end" };

/**
 * Content and trailers of a request, read one piece ahead of the application: a client that resets the stream is noticed
 * although nobody reads, and what is in memory stays one piece.
 */
export class H3Content {
  readonly #reader: H3RequestReader;
  #piece: Uint8Array | undefined;
  #trailers: FieldList | null = null;
  #over = false;
  #failure: { readonly error: unknown } | undefined;
  #changed: PromiseWithResolvers<void> | undefined;
  #taken: PromiseWithResolvers<void> | undefined;
  #discarding = false;
  #discarded = 0;
  /** Settles when nothing is left to read. Never rejects. */
  readonly done: Promise<void>;

  /** @param onError Called once when the stream fails. */
  constructor(reader: H3RequestReader, onError: (error: unknown) => void) {
    this.#reader = reader;
    this.done = this.#readAll().catch((error) => {
      this.#failure = { error };
      this.#wake();
      onError(error);
    });
  }

  /** Next piece; `null` at the end. Rejects with what the stream failed with. */
  async read(): Promise<Uint8Array | null> {
    while (this.#piece === undefined) {
      if (this.#failure) throw this.#failure.error;
      if (this.#over) return null;
      this.#changed ??= Promise.withResolvers();
      await this.#changed.promise;
    }
    const piece = this.#piece;
    this.#release();
    return piece;
  }

  /** The trailer section, known once `read()` returned `null`. */
  get trailers(): FieldList | null {
    return this.#trailers;
  }

  /** Nobody reads any more: what is left is dropped if it is little, otherwise the client is asked to stop. */
  discard(): void {
    if (this.#over || this.#failure) return;
    this.#discarding = true;
    this.#discarded += this.#piece?.byteLength ?? 0;
    this.#release();
  }

  async #readAll(): Promise<void> {
    for (;;) {
      const event = await this.#reader.next();
      if (event.type === "data") await this.#offer(event.bytes);
      else if (event.type === "trailers") this.#trailers = event.fields;
      else break;
    }
    this.#over = true;
    this.#wake();
  }

  async #offer(bytes: Uint8Array): Promise<void> {
    if (this.#discarding) {
      this.#discarded += bytes.byteLength;
      if (this.#discarded > MAX_DISCARDED_BYTES) this.#reader.stop();
      return;
    }
    if (bytes.byteLength === 0) return;
    this.#piece = bytes;
    this.#wake();
    this.#taken = Promise.withResolvers();
    await this.#taken.promise;
  }

  #release(): void {
    this.#piece = undefined;
    this.#taken?.resolve();
    this.#taken = undefined;
  }

  #wake(): void {
    this.#changed?.resolve();
    this.#changed = undefined;
  }
}
