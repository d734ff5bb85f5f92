/**
 * The dynamic table (RFC 9204 §3.2): field lines in the order of their insertion, the oldest evicted first.
 *
 * Both sides have one: the decoder uses it as it is, the encoder adds what it has to remember about entries.
 * Entries are addressed by absolute index only; whoever reads a relative or post-base index converts it.
 *
 * @module
 */

import type { Field } from "../fields.ts";

/** Bytes an entry counts beyond its name and value (RFC 9204 §3.2.1); also for a field section (RFC 9114 §4.2.2). */
export const ENTRY_OVERHEAD = 32;

/** Size of a field line in bytes, in the table and in a field section. */
export function fieldSize(name: string, value: string): number {
  return name.length + value.length + ENTRY_OVERHEAD;
}

/** A dynamic table of capacity 0, until it is told otherwise. */
export class DynamicTable {
  /** Entries by absolute index, modulo the length, which is a power of two. */
  #entries: (Field | undefined)[] = new Array(8);
  #capacity = 0;
  #size = 0;
  #insertCount = 0;
  #dropCount = 0;

  /** Upper limit of {@linkcode size}, in bytes. */
  get capacity(): number {
    return this.#capacity;
  }

  /** Bytes of all entries. */
  get size(): number {
    return this.#size;
  }

  /** Entries ever inserted, and so the absolute index of the next one. */
  get insertCount(): number {
    return this.#insertCount;
  }

  /** Entries ever evicted, and so the absolute index of the oldest one, if any is left. */
  get dropCount(): number {
    return this.#dropCount;
  }

  /** Sets the capacity, evicting what has no room any more. */
  setCapacity(capacity: number): void {
    this.#capacity = capacity;
    this.#evict(capacity);
  }

  /**
   * Adds an entry, evicting the oldest ones until there is room.
   *
   * The entry is frozen, as a decoder hands it out with every section that refers to it.
   *
   * @param name Together with the value not larger than the capacity; the caller has checked it.
   * @returns Its absolute index.
   */
  insert(name: string, value: string): number {
    const size = fieldSize(name, value);
    this.#evict(this.#capacity - size);
    if (this.#insertCount - this.#dropCount === this.#entries.length) this.#grow();
    const index = this.#insertCount++;
    this.#entries[index & (this.#entries.length - 1)] = Object.freeze<Field>([name, value]);
    this.#size += size;
    return index;
  }

  /** The entry with an absolute index; `undefined` when it was evicted or never inserted. */
  get(index: number): Field | undefined {
    if (index < this.#dropCount || index >= this.#insertCount) return undefined;
    return this.#entries[index & (this.#entries.length - 1)];
  }

  /** Is told of every entry that was evicted. */
  protected evicted(_index: number, _entry: Field): void {}

  #evict(size: number): void {
    while (this.#size > size) {
      const index = this.#dropCount++;
      const slot = index & (this.#entries.length - 1);
      const entry = this.#entries[slot]!;
      this.#entries[slot] = undefined;
      this.#size -= fieldSize(entry[0], entry[1]);
      this.evicted(index, entry);
    }
  }

  #grow(): void {
    const grown: (Field | undefined)[] = new Array(this.#entries.length * 2);
    for (let index = this.#dropCount; index < this.#insertCount; index++) {
      grown[index & (grown.length - 1)] = this.#entries[index & (this.#entries.length - 1)];
    }
    this.#entries = grown;
  }
}
