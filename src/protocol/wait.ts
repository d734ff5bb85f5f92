/**
 * Waits that must not last: for a client to send, for an application to answer.
 *
 * Nearly all of them are over within a moment, and to put each on a clock would cost a quarter of a small request, since a
 * clock that has nothing left stops its timer. So they wait for that moment first, all on one timer.
 *
 * @module
 */

import type { DeadlineClock, Expiring } from "./deadline_clock.ts";
import { flushSoon, type Held } from "./flush_queue.ts";

/** Waits for one thing after the other. */
export class Wait implements Expiring, Held {
  deadline = Infinity;
  readonly #clock: DeadlineClock;
  readonly #onExpire: () => void;
  #milliseconds = Infinity;
  #waiting = false;
  #queued = false;
  #watched = false;

  /** @param onExpire Called when a wait took too long; it is over then. Must not throw. */
  constructor(clock: DeadlineClock, onExpire: () => void) {
    this.#clock = clock;
    this.#onExpire = onExpire;
  }

  /** Begins to wait, anew if it does already. */
  begin(milliseconds: number): void {
    this.#milliseconds = milliseconds;
    this.#waiting = true;
    if (this.#watched) return this.#clock.arm(this, milliseconds);
    if (this.#queued) return;
    this.#queued = true;
    flushSoon(this);
  }

  /** It came. */
  end(): void {
    this.#waiting = false;
    if (!this.#watched) return;
    this.#watched = false;
    this.#clock.delete(this);
  }

  flush(): void {
    this.#queued = false;
    if (!this.#waiting || this.#watched) return;
    this.#watched = true;
    this.#clock.add(this, this.#milliseconds);
  }

  expire(): void {
    this.end();
    this.#onExpire();
  }
}
