/**
 * Streams of a WebTransport session that an ASGI application sends on.
 *
 * @module
 */

import type { ASGIStreamKey } from "../asgi_webtransport_types.ts";
import { contentBytes } from "../content.ts";
import { ApplicationError } from "../errors.ts";
import { WEBTRANSPORT_STOPPED_STREAMS } from "../limits.ts";
import { describe } from "../misuse.ts";
import { type WebTransportSendStream, WebTransportStreamError } from "../webtransport_exchange.ts";
import { readBody } from "./asgi_body.ts";
import { afterDisconnect } from "./asgi_disconnect.ts";

/** A stream that the client wants no more of. */
interface Stopped {
  readonly error: WebTransportStreamError;
  /** Messages that were ignored since. */
  ignored: number;
}

/** The sending halves of one session, by the keys of their streams. */
export class SendingStreams {
  readonly #open = new Map<ASGIStreamKey, WebTransportSendStream>();
  /** What is still sent on them is ignored, as to a client that left. */
  readonly #stopped = new Map<ASGIStreamKey, Stopped>();
  readonly #onStopped: (stream: ASGIStreamKey, code: number | null) => void;

  /** @param onStopped Told once of each stream that the client wants no more of. */
  constructor(onStopped: (stream: ASGIStreamKey, code: number | null) => void) {
    this.#onStopped = onStopped;
  }

  /** Whether a stream is open for sending. */
  has(key: ASGIStreamKey): boolean {
    return this.#open.has(key);
  }

  /** Adds a stream. */
  add(key: ASGIStreamKey, stream: WebTransportSendStream): void {
    this.#stopped.delete(key);
    this.#open.set(key, stream);
  }

  /**
   * Sends a piece, and the end unless there is more; settles when the transport wants more.
   *
   * @throws {ApplicationError} When there is no such stream.
   * @throws {WebTransportStreamError} When the client stopped it, and the application goes on all the same.
   */
  async send(key: ASGIStreamKey, data: unknown, isMore: boolean): Promise<void> {
    const bytes = contentBytes(readBody(data, "on a stream"));
    const stream = this.#open.get(key);
    if (stream === undefined) return await this.#ignore(key);
    try {
      const written = bytes.length > 0 ? stream.write(bytes) : undefined;
      if (isMore) return await written;
      this.#open.delete(key);
      await Promise.all([written, stream.end()]);
    } catch (error) {
      if (!(error instanceof WebTransportStreamError)) throw error;
      this.#stop(key, error);
    }
  }

  /** Gives up what was sent on a stream that is open. */
  reset(key: ASGIStreamKey): void {
    this.#open.get(key)?.abort();
    this.#open.delete(key);
  }

  async #ignore(key: ASGIStreamKey): Promise<void> {
    const stopped = this.#stopped.get(key);
    if (stopped === undefined) {
      throw new ApplicationError(
        `Cannot send on a stream: expected one that is open for sending, received ${describe(key)}`,
      );
    }
    await afterDisconnect(++stopped.ignored, stopped.error);
  }

  #stop(key: ASGIStreamKey, error: WebTransportStreamError): void {
    if (this.#stopped.has(key)) return; // several writes may wait
    this.#open.delete(key);
    this.#stopped.set(key, { error, ignored: 0 });
    if (this.#stopped.size > WEBTRANSPORT_STOPPED_STREAMS) {
      const [oldest] = this.#stopped.keys();
      this.#stopped.delete(oldest!);
    }
    this.#onStopped(key, error.code);
  }
}
