/**
 * A response body that notices a client who does not take it, and when all of it was taken.
 *
 * The runtime pulls the next piece when the system has taken the one before, up to some 128 KiB ahead, and settles
 * `completed` of a streamed response when all of it is with the system. Of static content it tells nothing, so where
 * the end has to be known that is streamed too.
 *
 * @module
 */

import { type Content, contentBytes } from "../content.ts";
import { DisconnectError } from "../errors.ts";
import { RESPONSE_STALL_MS, UNWATCHED_CONTENT } from "../limits.ts";
import type { DeadlineClock, Expiring } from "./deadline_clock.ts";

/** What a {@link WatchedBody} needs. */
export interface BodyLimit {
  /** Where the time runs. */
  readonly clock: DeadlineClock;
  /** Milliseconds for a piece; default {@link RESPONSE_STALL_MS}. */
  readonly stallMs?: number;
  /** The client took nothing for so long; the stream was broken off. */
  onStall(): void;
}

/** Bytes of one piece, so that progress shows. */
const PIECE_BYTES = UNWATCHED_CONTENT;

/** Source of a response body. The time runs while the client is to take something, not while the application works. */
export class WatchedBody implements UnderlyingDefaultSource<Uint8Array>, Expiring {
  deadline = Infinity;
  /** Whether the client was found not to read. */
  stalled = false;
  /** The body to hand over. */
  readonly readable: ReadableStream<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  readonly #limit: BodyLimit;
  readonly #stallMs: number;
  #over = false;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  /** What is left of the last piece of the application. */
  #rest: Uint8Array | undefined;

  /** @param source A stream, which is read from now on, or the whole content. */
  constructor(source: ReadableStream<Uint8Array> | Content, limit: BodyLimit) {
    this.#limit = limit;
    this.#stallMs = limit.stallMs ?? RESPONSE_STALL_MS;
    this.readable = new ReadableStream(this, { highWaterMark: 0 });
    if (source instanceof ReadableStream) {
      this.#reader = source.getReader();
      // At once, and not only when the client wants more: this is how a stop ends what is left.
      this.#reader.closed.catch((error) => this.#controller.error(error));
    } else this.#rest = contentBytes(source);
    limit.clock.add(this, this.#stallMs);
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
  }

  pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> | undefined {
    if (this.#rest === undefined || this.#rest.length === 0) return this.#read(controller);
    this.#sendPiece(controller, this.#rest);
    return undefined;
  }

  async cancel(reason: unknown): Promise<void> {
    this.stop();
    await this.#reader?.cancel(reason);
  }

  expire(): void {
    this.stop();
    this.stalled = true;
    const error = new DisconnectError("The client does not read the response");
    this.#controller.error(error);
    this.#reader?.cancel(error).catch(() => {}); // the application's stream may fail while being cancelled
    this.#limit.onStall();
  }

  /** Ends the watch. */
  stop(): void {
    this.#over = true;
    this.#limit.clock.delete(this);
  }

  async #read(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    this.deadline = Infinity;
    const result = await this.#reader?.read();
    if (this.#over) return;
    if (result === undefined || result.done) {
      this.#limit.clock.arm(this, this.#stallMs); // for what the runtime has read ahead
      controller.close();
    } else this.#sendPiece(controller, result.value);
  }

  #sendPiece(controller: ReadableStreamDefaultController<Uint8Array>, content: Uint8Array): void {
    this.#rest = content.subarray(PIECE_BYTES);
    this.#limit.clock.arm(this, this.#stallMs);
    controller.enqueue(content.subarray(0, PIECE_BYTES));
  }
}
