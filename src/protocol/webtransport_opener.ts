/**
 * Streams that the server opens for sessions.
 *
 * @module
 */

import { DisconnectError } from "../errors.ts";

/** One who waits for a stream. */
export type Opening<T> = PromiseWithResolvers<T>;

/**
 * Opens streams of one kind, one after the other, in the order in which they are asked for.
 *
 * A wait for the client's credit cannot be called off. So there is one at a time, however many sessions have come, asked
 * for streams and gone: what it brings goes to whoever waits then.
 */
export class StreamOpener<T> {
  readonly #open: () => Promise<T>;
  readonly #waiting = new Set<Opening<T>>();
  /** Opened, and nobody wants them any more; the client does not know of them. */
  readonly #spare: T[] = [];
  #busy = false;

  /** @param open Opens one; rejects when the connection is over. */
  constructor(open: () => Promise<T>) {
    this.#open = open;
  }

  /** Asks for a stream. The promise rejects with a {@link DisconnectError} when the connection is over. */
  request(): Opening<T> {
    const opening = Promise.withResolvers<T>();
    this.#waiting.add(opening);
    if (!this.#busy) void this.#serve();
    return opening;
  }

  /** Rejects a request, unless it has its stream. */
  cancel(opening: Opening<T>, reason: DisconnectError): void {
    if (this.#waiting.delete(opening)) opening.reject(reason);
  }

  /** Gives a stream on which nothing was sent to the first who waits, or keeps it. */
  give(stream: T): void {
    const [first] = this.#waiting;
    if (first === undefined) {
      this.#spare.push(stream);
    } else {
      this.#waiting.delete(first);
      first.resolve(stream);
    }
  }

  async #serve(): Promise<void> {
    this.#busy = true;
    try {
      while (this.#waiting.size > 0) this.give(this.#spare.pop() ?? await this.#open());
    } catch (cause) {
      for (const { reject } of this.#waiting) reject(new DisconnectError(undefined, { cause }));
      this.#waiting.clear();
    }
    this.#busy = false;
  }
}
