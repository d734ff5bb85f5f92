/**
 * A bag of objects.
 *
 * A `Set` would do. But every request puts two halves of a stream in and takes them out again, and a `Set` has to give
 * each of them an identity hash first: this is the larger part of what the port costs.
 *
 * @module
 */

/** Holds objects until they are deleted by the slot they were given. */
export class Slots<T extends object> {
  #items: (T | null)[] = [];
  readonly #free: number[] = [];

  /** Number of objects held. */
  get size(): number {
    return this.#items.length - this.#free.length;
  }

  /** Holds `item`; returns its slot. */
  add(item: T): number {
    const slot = this.#free.pop() ?? this.#items.length;
    this.#items[slot] = item;
    return slot;
  }

  /** Lets go of what is in `slot`, if it is `item`. */
  delete(slot: number, item: T): void {
    if (this.#items[slot] !== item) return;
    this.#items[slot] = null;
    this.#free.push(slot);
  }

  /** Lets go of everything. */
  clear(): void {
    this.#items = [];
    this.#free.length = 0;
  }
}
