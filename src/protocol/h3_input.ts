/**
 * The receiving half of a request stream.
 *
 * It is read one piece ahead of the application: so a client that resets the stream is noticed although nobody reads,
 * and what is in memory stays one piece. Callbacks instead of promises between here and {@linkcode H3Request}, for this
 * runs for every request.
 *
 * @module
 */

import type { FieldList } from "../fields.ts";
import type { HeadEvent, RequestEvent, RequestStream, WebTransportStart } from "../h3/mod.ts";
import { H3_MAX_DISCARDED_BYTES } from "../limits.ts";
import type { QuicReceiveStream } from "../quic/transport.ts";
import type { H3Owner } from "./h3_context.ts";

/** What reading leads to. */
export interface InputEvents {
  /**
   * The head was read; content follows through `read()`. At most once.
   *
   * @returns Whether to read on; otherwise `resume()` does.
   */
  onHead(request: HeadEvent): boolean;
  /** The stream is no request. Nothing is read any more, and nothing else is told. */
  onSessionStream(start: WebTransportStart): void;
  /** Somebody reads, and has to wait. */
  onWait(): void;
  /** What was waited for is there, or will never come. */
  onWaitOver(): void;
  /** The machine or the transport failed; see `onInputOver`, too. At most once. */
  onInputError(error: unknown): void;
  /** Nothing will be read any more. Once. */
  onInputOver(): void;
}

/** Reads one request. */
export class H3Input {
  readonly #stream: QuicReceiveStream;
  readonly #machine: RequestStream;
  readonly #owner: H3Owner;
  readonly #events: InputEvents;
  /** Content that waits for the application, and holds up what follows it. */
  #piece: Uint8Array | undefined;
  #trailers: FieldList | null = null;
  #failure: { readonly error: unknown } | undefined;
  #over = false;
  #discarding = false;
  #discarded = 0;
  #cut = false;
  #changed: PromiseWithResolvers<void> | undefined;

  constructor(
    stream: QuicReceiveStream,
    machine: RequestStream,
    owner: H3Owner,
    events: InputEvents,
  ) {
    this.#stream = stream;
    this.#machine = machine;
    this.#owner = owner;
    this.#events = events;
  }

  /** Starts to read. */
  start(): void {
    this.#stream.read().then(this.#onBytes, this.#onError);
  }

  /** Next piece of content; `null` at the end. Rejects with what reading failed with. */
  async read(): Promise<Uint8Array | null> {
    while (this.#piece === undefined) {
      if (this.#failure) throw this.#failure.error;
      if (this.#over) return null;
      this.#changed ??= Promise.withResolvers();
      this.#events.onWait();
      await this.#changed.promise;
    }
    const piece = this.#piece;
    this.#piece = undefined;
    this.#advance();
    return piece;
  }

  /** Whether content was dropped, so that `null` of `read()` is not the end of the request. */
  get cut(): boolean {
    return this.#cut;
  }

  /** The trailer section, known once `read()` returned `null`. */
  get trailers(): FieldList | null {
    return this.#trailers;
  }

  /** Reads on after the head. */
  resume(): void {
    this.#advance();
  }

  /** The instructions its field section waited for are there. */
  unblock(): void {
    this.#machine.unblock();
    this.#advance();
  }

  /** Nobody reads any more: what is left is dropped if it is little, otherwise the client is asked to stop. */
  discard(): void {
    if (this.#over || this.#discarding) return;
    this.#discarding = true;
    if (this.#piece === undefined) return;
    const { byteLength } = this.#piece;
    this.#piece = undefined;
    if (this.#drop(byteLength)) this.#advance();
  }

  /** Stops reading. */
  stop(): void {
    if (this.#over) return;
    this.#cut = true;
    this.#stream.stop();
    this.#end();
  }

  readonly #onBytes = (bytes: Uint8Array | null): void => {
    // A connection that we close ends its streams without FIN: no request is complete by that, `stop` follows.
    if (this.#over || (bytes === null && this.#owner.over)) return;
    try {
      if (bytes === null) this.#machine.finish();
      else this.#machine.receive(bytes, performance.now());
    } catch (error) {
      return this.#onError(error);
    }
    try {
      this.#advance();
      this.#owner.acknowledge();
    } catch (error) {
      this.#owner.fail(error); // a fault of ours ends this connection, not the process
    }
  };

  readonly #onError = (error: unknown): void => {
    if (this.#over) return;
    this.#failure = { error };
    this.#stream.stop();
    this.#events.onInputError(error);
    this.#end();
  };

  /** Passes on what was received, and reads on unless the application is to take something first. */
  #advance(): void {
    while (!this.#over) {
      let event: RequestEvent | null;
      try {
        event = this.#machine.next();
      } catch (error) {
        return this.#onError(error);
      }
      if (event === null) {
        if (!this.#machine.blocked) this.start();
        return;
      }
      if (!this.#pass(event)) return;
    }
  }

  /** Says whether to go on. */
  #pass(event: RequestEvent): boolean {
    switch (event.type) {
      case "head":
        return this.#events.onHead(event);
      case "data":
        if (this.#discarding) return this.#drop(event.bytes.byteLength);
        this.#piece = event.bytes;
        this.#wake();
        return false;
      case "trailers":
        this.#trailers = event.fields;
        return true;
      case "webtransport":
        this.#over = true;
        this.#events.onSessionStream(event);
        return false;
      case "end":
        this.#end();
        return false;
    }
  }

  #drop(byteLength: number): boolean {
    this.#cut = true;
    this.#discarded += byteLength;
    if (this.#discarded <= H3_MAX_DISCARDED_BYTES) return true;
    this.stop();
    return false;
  }

  #end(): void {
    this.#over = true;
    this.#wake();
    this.#events.onInputOver();
  }

  #wake(): void {
    if (this.#changed === undefined) return;
    this.#changed.resolve();
    this.#changed = undefined;
    this.#events.onWaitOver();
  }
}
