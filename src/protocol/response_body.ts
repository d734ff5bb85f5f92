/**
 * Response bodies under `Deno.serve`: which are streams, and how to keep a hand on those.
 *
 * At the shutdown deadline every open response stream has to be ended, and the runtime offers no way to do
 * that from outside, so streamed bodies are handed over through a stream of our own. Bodies given as string
 * or bytes must stay untouched: reading `response.body` would turn them into streams, losing both their
 * content-length and the runtime's fast path. The public API cannot tell the two apart, so this file - and
 * no other - looks at the runtime's own record of the response; what it finds is tested once at import,
 * and if it ever changes, every body counts as a stream: slower, still right.
 *
 * @module
 */

import type { Entry, InFlight } from "./in_flight.ts";

/** Finds the runtime's record behind a response: `record.body?.streamOrStatic`. */
const RECORD = Object.getOwnPropertySymbols(new Response("x")).find((symbol) =>
  symbol.description === "response"
);

interface InnerResponse {
  readonly body?: { readonly streamOrStatic?: unknown } | null;
}

function looksLikeStream(response: Response): boolean {
  const record = (response as unknown as Record<symbol, InnerResponse>)[RECORD as symbol];
  return record?.body?.streamOrStatic instanceof ReadableStream;
}

/** Whether {@link looksLikeStream} tells the truth on this runtime. */
const RELIABLE = RECORD !== undefined &&
  looksLikeStream(new Response(new ReadableStream())) &&
  looksLikeStream(new Response(new ReadableStream(), { headers: { a: "b" } })) &&
  !looksLikeStream(new Response("x")) &&
  !looksLikeStream(new Response(new Uint8Array(1), { headers: { a: "b" } })) &&
  !looksLikeStream(new Response(null)) &&
  !looksLikeStream(Response.json({}));

/** Says whether the content of `response` is a stream, without disturbing a static body. */
export function hasStreamBody(response: Response): boolean {
  return RELIABLE ? looksLikeStream(response) : response.body !== null;
}

/**
 * Gives `response` a body that the server can cut.
 *
 * @param upload Whether the request's content may still be read while the response streams.
 */
export function trackStream(response: Response, inFlight: InFlight, upload: boolean): Response {
  const source = response.body!.getReader();
  const tracked = new ReadableStream(new TrackedSource(source, inFlight, upload), {
    highWaterMark: 0,
  });
  return new Response(tracked, response);
}

/** Pulls from the application's stream and reports its end to the {@link InFlight} of the server. */
class TrackedSource implements UnderlyingDefaultSource<Uint8Array>, Entry {
  readonly upload: boolean;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #inFlight: InFlight;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor(
    reader: ReadableStreamDefaultReader<Uint8Array>,
    inFlight: InFlight,
    upload: boolean,
  ) {
    this.#reader = reader;
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
      if (!done) return controller.enqueue(value);
      this.#finish();
      controller.close();
    } catch (error) {
      this.#finish();
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

  #finish(): void {
    this.#controller = undefined;
    this.#inFlight.delete(this);
  }
}
