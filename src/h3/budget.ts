/**
 * What a connection may ask of us for nothing.
 *
 * HTTP/3 has much input that is legal and does nothing: unknown frames and streams, empty DATA frames, requests that are
 * reset at once. No single one is an error, a flood of them is. One budget serves the whole connection.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9114#section-10.5 | RFC 9114 §10.5}
 * @module
 */

import { H3, H3Error } from "./errors.ts";
import {
  ODDITIES_PER_SECOND,
  ODDITY_BURST,
  OVERHEAD_ALLOWANCE_BYTES,
  OVERHEAD_RATIO,
} from "./limits.ts";

/** Budget of one connection: a token bucket for odd events, and a ratio for bytes. */
export class Budget {
  #tokens = ODDITY_BURST;
  #refilledAt = 0;
  #now = 0;
  #received = 0;
  #useful = 0;

  /**
   * Counts bytes that arrived on any stream, before anybody looks at them.
   *
   * @param now Milliseconds of a monotonic clock.
   * @throws {H3Error} H3_EXCESSIVE_LOAD when too few of those so far were of use.
   */
  receive(bytes: number, now: number): void {
    this.#now = now;
    this.#received += bytes;
    if (this.#received / OVERHEAD_RATIO <= this.#useful + OVERHEAD_ALLOWANCE_BYTES) return;
    throw new H3Error(
      H3.EXCESSIVE_LOAD,
      `Cannot go on: ${this.#received} bytes came with ${this.#useful} bytes of content and fields`,
    );
  }

  /** Counts bytes of use: content, and fields after decompression. */
  use(bytes: number): void {
    this.#useful += bytes;
  }

  /**
   * Counts one odd event, at the time of the last {@linkcode receive}.
   *
   * @param what The event in the plural, for the message, e.g. `"unknown frames"`.
   * @throws {H3Error} H3_EXCESSIVE_LOAD when there were too many.
   */
  spend(what: string): void {
    this.#refill();
    if (this.#tokens < 1) {
      throw new H3Error(H3.EXCESSIVE_LOAD, `Cannot go on: too many ${what} and the like`);
    }
    this.#tokens -= 1;
  }

  #refill(): void {
    const seconds = (this.#now - this.#refilledAt) / 1000;
    this.#refilledAt = this.#now;
    this.#tokens = Math.min(ODDITY_BURST, this.#tokens + seconds * ODDITIES_PER_SECOND);
  }
}
