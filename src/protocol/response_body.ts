/**
 * Streamed response bodies of fetch applications: how the server keeps a hand on them.
 *
 * At the shutdown deadline every open response stream has to be ended, and the runtime offers no way to do
 * that from outside, so streams are handed over through one of our own. Static bodies stay untouched.
 *
 * @module
 */

import { wrongChunk } from "../misuse.ts";
import { isDecoded, withBody } from "../response_record.ts";
import { ContentLength } from "./content_length.ts";
import type { Entry, InFlight } from "./in_flight.ts";

/**
 * Gives `response` a body that the server can cut, and that breaks off where it does not keep its content-length.
 *
 * @throws {ApplicationError} When its content-length is not one whole number.
 * @param upload Whether the request's content may still be read while the response streams.
 */
export function trackStream(response: Response, inFlight: InFlight, upload: boolean): Response {
  const declared = isDecoded(response) ? null : response.headers.get("content-length");
  const length = new ContentLength(declared === null ? [] : [["content-length", declared]]);
  const source = response.body!.getReader();
  const tracked = new ReadableStream(new TrackedSource(source, length, inFlight, upload), {
    highWaterMark: 0,
  });
  return withBody(response, tracked);
}

/** Pulls from the application's stream and reports its end to the {@link InFlight} of the server. */
class TrackedSource implements UnderlyingDefaultSource<Uint8Array>, Entry {
  readonly upload: boolean;
  previous: Entry | undefined;
  next: Entry | undefined;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #inFlight: InFlight;
  readonly #length: ContentLength;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor(
    reader: ReadableStreamDefaultReader<Uint8Array>,
    length: ContentLength,
    inFlight: InFlight,
    upload: boolean,
  ) {
    this.#reader = reader;
    this.#length = length;
    this.#inFlight = inFlight;
    this.upload = upload;
    inFlight.add(this);
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
  }

  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    try {
      const { done, value } = await this.#reader.read();
      if (this.#controller === undefined) return;
      if (!done) return controller.enqueue(this.#counted(value));
      this.#length.finish();
      this.#finish();
      controller.close();
    } catch (error) {
      this.#finish();
      this.#reader.cancel(error).catch(() => {}); // does nothing when the application's stream is what failed
      throw error;
    }
  }

  async cancel(reason: unknown): Promise<void> {
    this.#finish();
    await this.#reader.cancel(reason);
  }

  cut(reason: Error): void {
    const controller = this.#controller;
    this.#finish();
    controller?.error(reason);
    this.#reader.cancel(reason).catch(() => {}); // the application's stream may fail while being cancelled
  }

  #counted(chunk: unknown): Uint8Array {
    if (!(chunk instanceof Uint8Array)) throw wrongChunk(chunk);
    this.#length.add(chunk.byteLength);
    return chunk;
  }

  #finish(): void {
    this.#controller = undefined;
    this.#inFlight.delete(this);
  }
}
