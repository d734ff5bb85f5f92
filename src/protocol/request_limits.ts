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

/**
 * Counts requests and WebSockets in progress: an observer that drivers ask, once it was told of a request.
 *
 * One is in progress until its observation has ended and the application has returned: a client that leaves, or was
 * answered in the place of the application, does not stop what that does for it.
 */
export class ConcurrencyLimit implements Observer {
  readonly #limit: number;
  #open = 0;
  #last: Place | null = null;

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
    return this.#last = new Place(() => void this.#open--);
  }

  /** The application gets to work on the request that began last; its place is to be left when that has returned. */
  enter(): Place | null {
    this.#last?.enter();
    return this.#last;
  }
}

/** The place of one request among those in progress, free again when everybody has left it: first its observation. */
export class Place implements Observation {
  readonly #onFree: () => void;
  #held = 1;

  /** @param onFree Called when the last has left. */
  constructor(onFree: () => void) {
    this.#onFree = onFree;
  }

  forwarded(): void {}

  responded(): void {}

  sent(): void {}

  ended(): void {
    this.leave();
  }

  /** Somebody more holds it. */
  enter(): void {
    this.#held++;
  }

  /** One of those who hold it does so no more. */
  leave(): void {
    if (--this.#held === 0) this.#onFree();
  }
}
