/**
 * Streamed response bodies of fetch applications: how the server keeps a hand on them.
 *
 * At the shutdown deadline every open response stream has to be ended, and the runtime offers no way to do
 * that from outside, so streams are handed over through one of our own. Static bodies stay untouched.
 *
 * @module
 */

import { DisconnectError } from "../errors.ts";
import { wrongChunk } from "../misuse.ts";
import type { Outcome } from "../observation.ts";
import { isDecoded, withBody } from "../response_record.ts";
import { ContentLength } from "./content_length.ts";
import type { Entry, InFlight } from "./in_flight.ts";
import { isLostContent } from "./request_content.ts";
import type { ServeObservation } from "./serve_observation.ts";

/**
 * Gives `response` a body that the server can cut, and that breaks off where it does not keep its content-length.
 *
 * @throws {ApplicationError} When its content-length is not one whole number.
 * @throws Whatever making such a response throws: then the body was cancelled.
 * @param upload Whether the request's content may still be read while the response streams.
 * @param observation Is told what is sent, and the end.
 */
export function trackStream(
  response: Response,
  inFlight: InFlight,
  upload: boolean,
  observation: ServeObservation | null,
): Response {
  const declared = isDecoded(response) ? null : response.headers.get("content-length");
  const length = new ContentLength(declared === null ? [] : [["content-length", declared]]);
  if (length.declared !== null) observation?.expect(length.declared);
  const source = response.body!.getReader();
  const tracked = new TrackedSource(source, length, inFlight, upload, observation);
  try {
    const body = withBody(response, new ReadableStream(tracked, { highWaterMark: 0 }));
    inFlight.add(tracked);
    return body;
  } catch (error) { // a class of the application's own may answer anything when it is asked
    source.cancel(error).catch(() => {}); // which may fail as well
    throw error;
  }
}

/** Pulls from the application's stream and reports its end to the {@link InFlight} of the server. */
class TrackedSource implements UnderlyingDefaultSource<Uint8Array>, Entry {
  readonly upload: boolean;
  previous: Entry | undefined;
  next: Entry | undefined;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #inFlight: InFlight;
  readonly #length: ContentLength;
  readonly #observation: ServeObservation | null;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor(
    reader: ReadableStreamDefaultReader<Uint8Array>,
    length: ContentLength,
    inFlight: InFlight,
    upload: boolean,
    observation: ServeObservation | null,
  ) {
    this.#reader = reader;
    this.#length = length;
    this.#observation = observation;
    this.#inFlight = inFlight;
    this.upload = upload;
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
      this.#finish("complete");
      controller.close();
    } catch (error) {
      const left = error instanceof DisconnectError || (this.upload && isLostContent(error));
      this.#finish(left ? "aborted" : "failed");
      this.#reader.cancel(error).catch(() => {}); // does nothing when the application's stream is what failed
      throw left ? new DisconnectError(undefined, { cause: error }) : error;
    }
  }

  async cancel(reason: unknown): Promise<void> {
    this.#finish("aborted");
    await this.#reader.cancel(reason);
  }

  cut(reason: Error): void {
    const controller = this.#controller;
    this.#finish("aborted");
    controller?.error(reason);
    this.#reader.cancel(reason).catch(() => {}); // the application's stream may fail while being cancelled
  }

  #counted(chunk: unknown): Uint8Array {
    if (!(chunk instanceof Uint8Array)) throw wrongChunk(chunk);
    this.#length.add(chunk.byteLength);
    this.#observation?.sent(chunk.byteLength);
    return chunk;
  }

  #finish(outcome: Outcome): void {
    this.#observation?.ended(outcome);
    this.#controller = undefined;
    this.#inFlight.delete(this);
  }
}
