/**
 * A clock that stands still until the test moves it.
 *
 * @module
 */

import { DeadlineClock, type Expiring } from "../../src/protocol/deadline_clock.ts";

/** Deadlines without timers. */
export class FakeClock extends DeadlineClock {
  readonly #items = new Set<Expiring>();
  #now = 1_000_000;

  /** Items that are watched. */
  get size(): number {
    return this.#items.size;
  }

  override now(): number {
    return this.#now;
  }

  override add(item: Expiring, milliseconds: number): void {
    this.#items.add(item);
    this.arm(item, milliseconds);
  }

  override armAt(item: Expiring, deadline: number): void {
    item.deadline = deadline;
  }

  override delete(item: Expiring): void {
    this.#items.delete(item);
  }

  /** Lets time pass, step by step from deadline to deadline. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      const first = [...this.#items].sort((a, b) => a.deadline - b.deadline)[0];
      if (first === undefined || first.deadline > end) break;
      this.#now = Math.max(this.#now, first.deadline);
      first.deadline = Infinity;
      first.expire();
    }
    this.#now = end;
  }
}
