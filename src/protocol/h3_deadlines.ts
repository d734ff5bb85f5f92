/**
 * Until when a connection waits: for its requests, for the next one, and in all.
 *
 * QUIC's own time-out is no help against a client that sends PING frames, or a byte now and then. A timer for each
 * request would cost more than a small request does: so requests only note when they are due, and the connection, which
 * is one item of the clock of all, looks at them when the first may be.
 *
 * @module
 */

import type { DeadlineClock, Expiring } from "./deadline_clock.ts";

/** How long HTTP/3 waits, in milliseconds. */
export interface H3Timeouts {
  /** For the whole head of a request, from the first byte of its stream. */
  readonly headMs: number;
  /** For the rest of a request that was answered. */
  readonly discardMs: number;
  /** For a client to take anything of the responses that are ready for it. */
  readonly stallMs: number;
  /** For the next request. */
  readonly idleMs: number;
  /** From the beginning of a connection to its end, as soon as nothing is in progress; `null` for any time. */
  readonly ageMs: number | null;
}

/** The connection, as its deadlines see it. */
export interface TimedConnection {
  /** Ends what was due by `now`; returns when to look again, `Infinity` for nothing. */
  look(now: number): number;
  /** When the last request ended, or the connection began; `null` while a request is in progress. */
  readonly idleSince: number | null;
  /** Asks for no more requests; those that come are served all the same. */
  goaway(final: false): void;
  /** Refuses further requests, and closes when nothing is in progress any more. */
  shutdown(): Promise<void>;
}

/**
 * Milliseconds between the two GOAWAY frames of a connection that ends by itself, more than a round trip: requests that
 * are on their way when the client learns of it are served (RFC 9114 §5.2).
 */
const NOTICE_MS = 1_000;

/** The deadlines of one connection. */
export class H3Deadlines implements Expiring {
  deadline = Infinity;
  readonly #clock: DeadlineClock;
  readonly #connection: TimedConnection;
  readonly #idleMs: number;
  /** When the connection is too old. */
  readonly #old: number;
  /** When it refuses requests, after it was announced. */
  #last = Infinity;
  #ending = false;
  #stopped = false;

  /** Watches `connection` from now on. */
  constructor(connection: TimedConnection, clock: DeadlineClock, { idleMs, ageMs }: H3Timeouts) {
    this.#connection = connection;
    this.#clock = clock;
    this.#idleMs = idleMs;
    this.#old = ageMs === null ? Infinity : clock.now() + ageMs;
    clock.add(this, Math.min(idleMs, ageMs ?? Infinity));
  }

  /** Has the connection looked at in `milliseconds` at the latest; returns when that is. */
  within(milliseconds: number): number {
    const now = this.#clock.now();
    const due = now + milliseconds;
    this.#look(due, now);
    return due;
  }

  /** Watches no more. */
  stop(): void {
    this.#stopped = true;
    this.#clock.delete(this);
  }

  expire(): void {
    const now = this.#clock.now();
    const next = Math.min(this.#connection.look(now), this.#leave(now));
    this.#look(next, now);
  }

  #look(due: number, now: number): void {
    if (due < this.deadline && !this.#stopped) this.#clock.armAt(this, due, now);
  }

  /** Ends a connection in two steps when it is too old or nobody uses it; returns when to look again. */
  #leave(now: number): number {
    if (this.#ending) return Infinity;
    if (this.#last === Infinity) {
      const { idleSince } = this.#connection;
      const due = Math.min(this.#old, (idleSince ?? now) + this.#idleMs);
      if (due > now) return due;
      this.#connection.goaway(false);
      this.#last = now + NOTICE_MS;
    }
    if (this.#last > now) return this.#last;
    this.#ending = true;
    void this.#connection.shutdown();
    return Infinity;
  }
}
