/**
 * The content of a native request, piece by piece.
 *
 * @module
 */

import { ContentTooLargeError, type DisconnectError, ReadTimeoutError } from "../errors.ts";
import type { RequestLimits } from "./request_limits.ts";
import { Wait } from "./wait.ts";

/** What holds for the content of every request. */
export type ContentLimits = Pick<RequestLimits, "bodySize" | "readMs" | "clock">;

/**
 * Says whether reading a request's content failed because the connection was lost: with these two errors, while the
 * request's signal stays quiet.
 */
export function isLostContent(error: unknown): boolean {
  return error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Http;
}

/** How deep a chain of causes is looked into, for it may have no end. */
const MAX_CAUSES = 16;

/** Whether a failure comes of content that was too large: by itself, or by its chain of causes. */
export function isTooLarge(error: unknown): boolean {
  try {
    for (let depth = 0; depth < MAX_CAUSES && error instanceof Error; depth++) {
      if (error instanceof ContentTooLargeError) return true;
      error = error.cause;
    }
  } catch { /* a revoked proxy refuses even that question */ }
  return false;
}

/** Reads the body of a request within limits; nothing is touched before the first `read()`. */
export class RequestContent {
  readonly #request: Request;
  readonly #limits: ContentLimits;
  readonly #wait: Wait;
  #reader: ReadableStreamDefaultReader<Uint8Array> | null | undefined;
  #size = 0;
  #failure: ContentTooLargeError | DisconnectError | undefined;

  /** @param onStall The client sent nothing for too long; the reader is told next. */
  constructor(
    request: Request,
    limits: ContentLimits,
    onStall: (error: ReadTimeoutError) => void,
  ) {
    this.#request = request;
    this.#limits = limits;
    this.#wait = new Wait(limits.clock, () => {
      const error = new ReadTimeoutError(limits.readMs / 1000);
      onStall(error);
      this.stop(error);
    });
  }

  /** Whether reading failed because there was too much of it. */
  get tooLarge(): ContentTooLargeError | null {
    return this.#failure instanceof ContentTooLargeError ? this.#failure : null;
  }

  /**
   * Next piece, never empty; `null` at the end. Rejects with whatever the runtime says of a lost connection.
   *
   * @throws {ContentTooLargeError} When it is more than `max_body_size`.
   * @throws {DisconnectError} When it was stopped: `ReadTimeoutError` for a client that sends nothing.
   */
  async read(): Promise<Uint8Array | null> {
    if (this.#reader === undefined) this.#reader = this.#request.body?.getReader() ?? null;
    for (;;) {
      if (this.#failure) throw this.#failure;
      const piece = await this.#next();
      if (this.#failure) throw this.#failure;
      if (piece === undefined || piece.done) return null;
      if (piece.value.byteLength > 0) return this.#counted(piece.value);
    }
  }

  /** Has whoever reads, and whoever will, fail with `reason`. */
  stop(reason: ContentTooLargeError | DisconnectError): void {
    this.#failure ??= reason;
    this.#wait.end();
    this.#reader?.cancel(reason).catch(() => {}); // the connection may be lost; a pending read ends
  }

  async #next(): Promise<ReadableStreamReadResult<Uint8Array> | undefined> {
    this.#wait.begin(this.#limits.readMs);
    try {
      return await this.#reader?.read();
    } finally {
      this.#wait.end();
    }
  }

  #counted(piece: Uint8Array): Uint8Array {
    const { bodySize } = this.#limits;
    this.#size += piece.byteLength;
    if (bodySize === null || this.#size <= bodySize) return piece;
    const error = new ContentTooLargeError(bodySize);
    this.stop(error);
    throw error;
  }
}
