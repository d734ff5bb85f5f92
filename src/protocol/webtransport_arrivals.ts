/**
 * What the client sends for a session, one by one, until somebody takes it.
 *
 * @module
 */

import { Fifo } from "../fifo.ts";

/** Where arrivals wait. */
export interface ArrivalStore<T> {
  /** Adds one; what is dropped for it is the store's decision. */
  push(arrival: T): void;
  /** Takes the oldest; `null` when there is none. */
  take(): T | null;
  /** Drops all. */
  clear(): void;
}

/** Arrivals of one kind. */
export class Arrivals<T> {
  readonly #store: ArrivalStore<T>;
  readonly #waiting = new Fifo<(arrival: T | null) => void>();
  #over = false;

  /** @param store Where they wait; keeps all by default. */
  constructor(store: ArrivalStore<T> = keepAll()) {
    this.#store = store;
  }

  /** Passes one on, or keeps it; after the end it is dropped. */
  push(arrival: T): void {
    if (this.#over) return;
    const waiting = this.#waiting.shift();
    if (waiting) waiting(arrival);
    else this.#store.push(arrival);
  }

  /** The next one; `null` after the end. */
  next(): Promise<T | null> {
    const arrival = this.#store.take();
    if (arrival !== null || this.#over) return Promise.resolve(arrival);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Nothing comes any more, and what nobody took is dropped. */
  end(): void {
    this.#over = true;
    this.#store.clear();
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) next(null);
  }
}

function keepAll<T>(): ArrivalStore<T> {
  const items = new Fifo<T>();
  return {
    push: (arrival) => items.push(arrival),
    take: () => items.shift() ?? null,
    clear: () => items.clear(),
  };
}
