/**
 * A response body written piece by piece, with back-pressure as the promise of `write`.
 *
 * @module
 */

import { DisconnectError } from "../errors.ts";
import { SETTLED } from "../exchange.ts";
import { RESPONSE_BUFFER_BYTES } from "../limits.ts";
import type { ServeObservation } from "./serve_observation.ts";

/** What a {@link ResponseStream} tells its owner. */
export interface StreamEvents {
  /** The transport gave the stream up: the client left. */
  onCancel(): void;
}

/** Writable end of a `ReadableStream` that serves as response body. */
export class ResponseStream implements UnderlyingDefaultSource<Uint8Array> {
  /** The body to hand over. */
  readonly readable: ReadableStream<Uint8Array>;
  readonly #events: StreamEvents;
  readonly #observation: ServeObservation | undefined;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #ready: PromiseWithResolvers<void> | undefined;
  #over: Error | undefined;

  /** @param observation Is told of chunks that were queued for the transport. */
  constructor(events: StreamEvents, observation: ServeObservation | undefined) {
    this.#events = events;
    this.#observation = observation;
    this.readable = new ReadableStream(this, {
      highWaterMark: RESPONSE_BUFFER_BYTES,
      size: (chunk) => chunk.byteLength,
    });
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
  }

  pull(): void {
    this.#ready?.resolve();
    this.#ready = undefined;
  }

  cancel(): void {
    this.#fail(new DisconnectError("The client disconnected during the response"));
    this.#events.onCancel();
  }

  /** Queues a chunk; settles when the transport wants more, or with the end of the content. */
  write(chunk: Uint8Array): Promise<void> {
    if (this.#over) return Promise.reject(this.#over);
    this.#controller.enqueue(chunk); // the runtime may find the client gone here, and cancel at once
    if (this.#over) return Promise.reject(this.#over);
    this.#observation?.sent(chunk.byteLength);
    if (this.#controller.desiredSize! > 0) return SETTLED;
    this.#ready ??= Promise.withResolvers();
    return this.#ready.promise;
  }

  /** Ends the body. */
  close(): void {
    if (this.#over) return;
    this.#over = new DisconnectError("The response is complete");
    this.#controller.close();
    this.pull(); // a closed stream is not pulled any more, and the last writer need not wait for the client
  }

  /** Breaks the body off so that the client notices. */
  error(reason: Error): void {
    if (this.#over) return;
    this.#controller.error(reason);
    this.#fail(reason);
  }

  #fail(reason: Error): void {
    this.#over = reason;
    this.#ready?.reject(reason);
    this.#ready?.promise.catch(() => {}); // the writer may have stopped listening
    this.#ready = undefined;
  }
}
