/**
 * What came before its session was accepted: packets overtake each other, and clients need not wait for the answer before
 * they send. There may never be a session, so it waits for a short time, and little does.
 *
 * @see {@link https://datatracker.ietf.org/doc/html/draft-ietf-webtrans-http3#section-4.6 | WebTransport over HTTP/3 §4.6}
 * @module
 */

import { WEBTRANSPORT_MAX_EARLY } from "../limits.ts";

interface Early<T> {
  readonly sessionId: number;
  readonly arrival: T;
  readonly due: number;
}

const NONE: readonly never[] = [];

/** Holds early arrivals of one kind on one connection. */
export class EarlyArrivals<T> {
  #waiting: Early<T>[] = [];

  /** How many are held. */
  get size(): number {
    return this.#waiting.length;
  }

  /** Whether there is no room for another one. */
  get full(): boolean {
    return this.size >= WEBTRANSPORT_MAX_EARLY;
  }

  /** When the first of them has waited for long enough; `Infinity` when there is none. */
  get due(): number {
    return this.#waiting[0]?.due ?? Infinity;
  }

  /** Holds one; not when it is full. @param due When it has waited for long enough, no earlier than those before it. */
  add(sessionId: number, arrival: T, due: number): void {
    this.#waiting.push({ sessionId, arrival, due });
  }

  /** Takes what came for a session, in order. */
  take(sessionId: number): readonly T[] {
    if (this.size === 0) return NONE; // as nearly always, and every request asks
    return this.#takeIf((early) => early.sessionId === sessionId);
  }

  /** Takes what was due by `now`. */
  takeDue(now: number): readonly T[] {
    return this.#takeIf((early) => early.due <= now);
  }

  #takeIf(isWanted: (early: Early<T>) => boolean): readonly T[] {
    const taken = this.#waiting.filter(isWanted);
    this.#waiting = this.#waiting.filter((early) => !isWanted(early));
    return taken.map(({ arrival }) => arrival);
  }
}
