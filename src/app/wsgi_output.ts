/**
 * Sending what a WSGI application returned, with its `close()` obligations.
 *
 * @module
 */

import type { Content } from "../content.ts";
import { ApplicationError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import { describe } from "../misuse.ts";
import { encodeChunk, sizeOf, type WSGIResponse } from "./wsgi_response.ts";
import type { WSGIResult } from "../wsgi_types.ts";

/** The result of one application call, iterated at most once and closed exactly once. */
export class WSGIOutput {
  readonly #result: WSGIResult;
  #iterator: Iterator<unknown> | null = null;
  #exhausted = false;

  /** Takes charge of a result. @param result What the application returned, checked by {@link assertResult}. */
  constructor(result: WSGIResult) {
    this.#result = result;
  }

  /** Next chunk, or `null` at the end. Throws what the application throws. */
  next(): Content | null {
    this.#iterator ??= this.#result[Symbol.iterator]();
    // An iterator that throws is over (ECMA-262 IteratorNext): it must not be asked to return.
    this.#exhausted = true;
    const step = this.#iterator.next();
    if (step.done) return null;
    this.#exhausted = false;
    return encodeChunk(step.value);
  }

  /**
   * Calls `close()` (PEP 3333: also after an error or a disconnect), then ends an iterator that was
   * stopped early, so that the `finally` blocks of a generator run.
   */
  close(): void {
    try {
      this.#result.close?.();
    } finally {
      if (this.#iterator !== null && !this.#exhausted) this.#iterator.return?.();
    }
  }
}

/**
 * Sends a result whose chunks are all known: with a content-length, and the last chunk together with
 * the end, which lets the driver make one flat response of a single chunk.
 */
export async function sendArray(
  exchange: Exchange,
  response: WSGIResponse,
  parts: readonly unknown[],
): Promise<void> {
  const chunks = response.takeQueue();
  for (const part of parts) {
    const chunk = encodeChunk(part);
    if (chunk.length > 0) chunks.push(chunk);
  }
  await exchange.respond(response.commit(knownLength(exchange, response, sizeOf(chunks))));
  const last = isContentless(exchange, response) ? undefined : chunks.pop();
  if (last === undefined) return await exchange.end();
  for (const chunk of chunks) {
    const clipped = response.clip(chunk);
    if (clipped.length > 0) await exchange.write(clipped);
  }
  const clipped = response.clip(last);
  if (clipped.length === 0) return await exchange.end();
  await writeAndEnd(exchange, clipped);
}

/** Ends directly after the write, so that the driver sees the whole content before it sends anything. */
async function writeAndEnd(exchange: Exchange, chunk: Content): Promise<void> {
  const written = exchange.write(chunk);
  let ended: Promise<void>;
  try {
    ended = exchange.end();
  } catch (error) {
    // Nobody awaits it any more, and an unhandled rejection would end the process.
    written.catch(() => {});
    throw error;
  }
  await Promise.all([written, ended]);
}

/**
 * Sends a result that is produced while it is sent. The next chunk is asked for when the transport
 * wants more.
 *
 * An empty chunk is how an application says "nothing yet" (PEP 3333 "Middleware Handling of Block
 * Boundaries"): other work gets a turn before it is asked again.
 */
export async function sendIterable(
  exchange: Exchange,
  response: WSGIResponse,
  output: WSGIOutput,
): Promise<void> {
  let responded = false;
  for (const chunk of chunksOf(response, output)) {
    if (chunk.length === 0) {
      await nextTurn(exchange.signal);
      continue;
    }
    if (!responded) await exchange.respond(response.commit());
    responded = true;
    // An endless result must not run on when nothing of it can be sent.
    if (isContentless(exchange, response)) break;
    const clipped = response.clip(chunk);
    if (clipped.length > 0) await exchange.write(clipped);
    if (response.full) break;
  }
  if (!responded) await exchange.respond(response.commit(knownLength(exchange, response, 0)));
  await exchange.end();
}

/** Chunks in the order they must be sent: what `write()` was given goes before what is yielded. */
function* chunksOf(response: WSGIResponse, output: WSGIOutput): Generator<Content, void> {
  for (;;) {
    yield* response.takeQueue();
    const chunk = output.next();
    yield* response.takeQueue();
    if (chunk === null) return;
    yield chunk;
  }
}

/** Says whether the response has no content whatever the application sends (RFC 9110 §6.4.1). */
function isContentless(exchange: Exchange, response: WSGIResponse): boolean {
  return exchange.request.method === "HEAD" || response.bodiless;
}

/**
 * The content-length to add. None for 204 and 304 (RFC 9110 §8.6), and none for HEAD when nothing was
 * produced: most applications then skip the content that GET would have, so 0 would be wrong.
 */
function knownLength(
  exchange: Exchange,
  response: WSGIResponse,
  length: number,
): number | undefined {
  if (response.bodiless) return undefined;
  return length === 0 && exchange.request.method === "HEAD" ? undefined : length;
}

/** Lets the event loop run once; throws the `DisconnectError` when the client left meanwhile. */
async function nextTurn(signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => setTimeout(resolve, 0));
  signal.throwIfAborted();
}

/**
 * Refuses what is not an iterable of chunks.
 *
 * @throws {ApplicationError} Saying what was returned and, where another form of application was
 * meant, which `mode` is right.
 */
export function assertResult(result: unknown): asserts result is WSGIResult {
  if (typeof result === "object" && result !== null) {
    if ("then" in result) {
      // An async application that fails as well must not end the process by an unhandled rejection.
      Promise.resolve(result).catch(() => {});
      throw wrongResult("a Promise", `WSGI is synchronous, use mode: "fetch" or "asgi"`);
    }
    if (result instanceof Response) {
      throw wrongResult("a Response", `Use mode: "fetch"`);
    }
    if (Symbol.asyncIterator in result) {
      throw wrongResult("an async iterable", `WSGI is synchronous, use mode: "fetch" or "asgi"`);
    }
    // A Uint8Array iterates over numbers, and a string over characters: neither is meant.
    if (Symbol.iterator in result && !(result instanceof Uint8Array)) return;
  }
  const hint = typeof result === "string" || result instanceof Uint8Array
    ? "Put it into an array: [content]"
    : "Return an array or a generator";
  throw wrongResult(describe(result), hint);
}

function wrongResult(received: string, hint: string): ApplicationError {
  return new ApplicationError(
    `Cannot send the result of the WSGI application: expected an iterable of Uint8Array or string, ` +
      `received ${received}. ${hint}`,
  );
}
