/**
 * The content of a native request, piece by piece.
 *
 * @module
 */

/**
 * Says whether reading a request's content failed because the connection was lost: with these two errors, while the
 * request's signal stays quiet.
 */
export function isLostContent(error: unknown): boolean {
  return error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Http;
}

/** Reads the body of a request; nothing is touched before the first `read()`. */
export class RequestContent {
  readonly #request: Request;
  #reader: ReadableStreamDefaultReader<Uint8Array> | null | undefined;

  constructor(request: Request) {
    this.#request = request;
  }

  /** Next piece, never empty; `null` at the end. Rejects with whatever the runtime says of a lost connection. */
  async read(): Promise<Uint8Array | null> {
    if (this.#reader === undefined) this.#reader = this.#request.body?.getReader() ?? null;
    for (;;) {
      const piece = await this.#reader?.read();
      if (piece === undefined || piece.done) return null;
      if (piece.value.byteLength > 0) return piece.value;
    }
  }
}
