/**
 * Deadlines of many connections on one timer.
 *
 * A timer per request would cost more than a small request does. So connections only note when they are due, which
 * is an assignment, and one timer looks at all of them when the first may be.
 *
 * @module
 */

/** Something that ends unless its deadline is moved. */
export interface Expiring {
  /** When it is due, on the clock of {@link DeadlineClock.now}; `Infinity` for never. Its owner may raise it freely. */
  deadline: number;
  /** It was due; its deadline is `Infinity` by now. Must not throw. */
  expire(): void;
}

/** Least time between two looks, in milliseconds: how late a deadline may be noticed. */
const STEP_MS = 50;

/** Deadlines that share a timer. */
export class DeadlineClock {
  readonly #items = new Set<Expiring>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When the timer fires. */
  #next = Infinity;

  /** Milliseconds that no change of the system's time moves. */
  now(): number {
    return performance.now();
  }

  /** Watches `item`, which is due in `milliseconds`. */
  add(item: Expiring, milliseconds: number): void {
    this.#items.add(item);
    this.arm(item, milliseconds);
  }

  /** Has a watched item due in `milliseconds`. */
  arm(item: Expiring, milliseconds: number): void {
    const now = this.now();
    this.armAt(item, now + milliseconds, now);
  }

  /** Has a watched item due at `deadline`. @param now What {@link now} says, for who has asked already. */
  armAt(item: Expiring, deadline: number, now: number): void {
    item.deadline = deadline;
    if (deadline < this.#next) this.#wakeAt(deadline, now);
  }

  /** Watches `item` no more. */
  delete(item: Expiring): void {
    this.#items.delete(item);
    if (this.#items.size === 0) this.#sleep();
  }

  #wakeAt(time: number, now: number): void {
    const delay = Math.max(time - now, STEP_MS);
    if (now + delay >= this.#next) return;
    this.#sleep();
    this.#next = now + delay;
    this.#timer = setTimeout(() => this.#look(), Math.min(delay, LONGEST_SLEEP_MS));
  }

  #sleep(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#next = Infinity;
  }

  #look(): void {
    this.#sleep();
    const now = this.now();
    let next = Infinity;
    for (const item of this.#items) {
      if (item.deadline <= now) {
        item.deadline = Infinity;
        item.expire();
      } else if (item.deadline < next) next = item.deadline;
    }
    this.#wakeAt(next, now);
  }
}

/** A day: deadlines beyond are looked at in between, since timers cannot wait for more than 24 of them. */
const LONGEST_SLEEP_MS = 86_400_000;
