/**
 * Time that passes on command.
 *
 * @module
 */

import type { Clock } from "../../../src/workers/clock.ts";

interface Sleeper {
  readonly due: number;
  readonly wake: () => void;
}

/** A clock at second 0. */
export class FakeClock implements Clock {
  #now = 0;
  readonly #sleepers = new Set<Sleeper>();

  now(): number {
    return this.#now;
  }

  sleep(seconds: number, signal?: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve(false);
      const sleeper: Sleeper = { due: this.#now + seconds, wake: () => resolve(true) };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", () => {
        this.#sleepers.delete(sleeper);
        resolve(false);
      });
    });
  }

  /** Lets seconds pass; whoever wakes up has acted before the next one does. */
  async pass(seconds: number): Promise<void> {
    const end = this.#now + seconds;
    await settle();
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#sleepers.delete(next);
      this.#now = next.due;
      next.wake();
      await settle();
    }
    this.#now = end;
  }

  #next(end: number): Sleeper | undefined {
    return [...this.#sleepers].filter(({ due }) => due <= end).sort((a, b) => a.due - b.due)[0];
  }
}

/** Lets everything happen that can happen now: a timer comes after all promises that are settled. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
