/**
 * What a single request may take: size, time, and a place among those in progress.
 *
 * @module
 */

import type { Observation, Observer } from "../observation.ts";
import type { DeadlineClock } from "./deadline_clock.ts";

/** Limits on the requests of one listener. */
export interface RequestLimits {
  /** Bytes of a target; more gets 414. */
  readonly targetSize: number;
  /** Bytes of an HTTP/1 head; more gets 431. `null` leaves it to the runtime (64 KiB, 400). */
  readonly headSize: number | null;
  /**
   * Bytes of an HTTP/2 field section, 32 added for each field (RFC 9113 §6.5.2); more gets 431. `null` leaves it to the
   * runtime (16 KiB). HTTP/3 counts while it decodes, see `H3Settings.maxFieldSectionSize`.
   */
  readonly fieldSectionSize: number | null;
  /** Bytes of content; more gets 413. `null` for any number. */
  readonly bodySize: number | null;
  /** Milliseconds that a client may send nothing while somebody reads the content of its request. */
  readonly readMs: number;
  /** Milliseconds for the application to begin its response, then the client gets 504; `null` for any time. */
  readonly handlerMs: number | null;
  /** How many may be in progress, in all listeners together; `null` for any number. It has to observe them. */
  readonly concurrency: ConcurrencyLimit | null;
  /** Where time-outs run. */
  readonly clock: DeadlineClock;
}

/** Counts requests and WebSockets in progress: an observer that drivers ask, once it was told of a request. */
export class ConcurrencyLimit implements Observer {
  readonly #limit: number;
  #open = 0;

  /** @param limit How many may be in progress. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Requests and WebSockets in progress, those that are about to be refused included. */
  get open(): number {
    return this.#open;
  }

  /** Whether the request that began last is one too many. */
  get exceeded(): boolean {
    return this.#open > this.#limit;
  }

  begin(): Observation {
    this.#open++;
    return {
      forwarded() {},
      responded() {},
      sent() {},
      ended: () => void this.#open--,
    };
  }
}
