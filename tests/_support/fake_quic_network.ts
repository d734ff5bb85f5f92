/**
 * What lies between the ends of the in-memory transport, see `fake_quic.ts`: queues, delay and disorder.
 *
 * @module
 */

import type { StreamId } from "../../src/quic/transport.ts";

/** What was pushed, one by one, for a single waiter. */
export class Queue<T> {
  readonly #items: T[] = [];
  #waiting: ((item: T | null) => void) | null = null;
  #closed = false;

  get length(): number {
    return this.#items.length;
  }

  push(item: T): void {
    const waiting = this.#waiting;
    if (waiting === null) return void this.#items.push(item);
    this.#waiting = null;
    waiting(item);
  }

  next(): Promise<T | null> {
    if (this.#waiting) throw new Error("One call at a time");
    const item = this.#items.shift();
    if (item !== undefined || this.#closed) return Promise.resolve(item ?? null);
    return new Promise((resolve) => this.#waiting = resolve);
  }

  close(): void {
    this.#closed = true;
    this.#items.length = 0;
    this.#waiting?.(null);
    this.#waiting = null;
  }
}

/** Streams of one kind: they appear in the order of their ids. */
export class StreamQueue<T extends { readonly id: StreamId }> extends Queue<T> {
  readonly #expected: T[] = [];

  expect(stream: T): void {
    this.#expected.push(stream);
  }

  announce(id: StreamId): void {
    while (this.#expected.length > 0 && this.#expected[0]!.id <= id) {
      this.push(this.#expected.shift()!);
    }
  }

  override close(): void {
    this.#expected.length = 0;
    super.close();
  }
}

/** What is on its way to the server. */
export class Network {
  readonly #random: () => number;
  readonly #reorder: boolean;
  readonly #delay: number;
  readonly #inFlight: { readonly id: StreamId; readonly deliver: () => void }[] = [];
  #running = false;

  constructor(random: () => number, reorder: boolean, delay: number) {
    this.#random = random;
    this.#reorder = reorder;
    this.#delay = delay;
  }

  get idle(): boolean {
    return this.#inFlight.length === 0;
  }

  send(id: StreamId, deliver: () => void): void {
    if (!this.#reorder && this.#delay === 0) return deliver();
    this.#inFlight.push({ id, deliver });
    if (!this.#running) this.#run();
  }

  drop(): void {
    this.#inFlight.length = 0;
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (!this.idle) {
      for (let turn = 0; turn <= this.#delay; turn++) await null;
      this.#take()?.deliver();
    }
    this.#running = false;
  }

  #take(): { readonly deliver: () => void } | undefined {
    if (!this.#reorder) return this.#inFlight.shift();
    const ids = [...new Set(this.#inFlight.map(({ id }) => id))];
    const id = ids[this.#random() % ids.length];
    return this.#inFlight.splice(this.#inFlight.findIndex((sent) => sent.id === id), 1)[0];
  }
}

/** Whole numbers by chance, from 0 to 2^32 - 1 (xorshift32). */
export function seededRandom(seed: number): () => number {
  let state = (seed | 0) || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
