/**
 * The encoder's side of the dynamic table: found by field line, guarded against eviction that the decoder could not
 * follow (RFC 9204 §2.1.1).
 *
 * Which entries are in use is known from one number per open section. Entries leave in the order they came, so as long
 * as the oldest entry a section refers to stays, the newer ones stay as well: that one is pinned, and no other.
 *
 * @module
 */

import type { Field } from "../fields.ts";
import { DynamicTable, ENTRY_OVERHEAD, fieldSize } from "./dynamic_table.ts";

/** The entries of one name. */
interface NameEntries {
  /** Absolute index of the newest one. */
  newest: number;
  /** Absolute index of the newest one, by value. */
  readonly values: Map<string, number>;
}

/** Part of the capacity that is kept free, or easy to free, for new entries. */
const DRAINING_SHARE = 1 / 4;

/** A dynamic table with an index. Its capacity is set once, while it is empty. */
export class EncoderTable extends DynamicTable {
  readonly #names = new Map<string, NameEntries>();
  /** Open sections whose oldest reference is an entry; by absolute index, modulo the length, a power of two. */
  #pins: Uint32Array = new Uint32Array(1);
  /** Smallest absolute index that is still referred to (RFC 9204 §2.1.1.1). */
  #drainingIndex = 0;
  /** Bytes of the entries below it. */
  #drainingSize = 0;

  /** Sets the capacity, in bytes. */
  override setCapacity(capacity: number): void {
    super.setCapacity(capacity);
    const maxEntries = Math.floor(capacity / ENTRY_OVERHEAD);
    this.#pins = new Uint32Array(2 ** Math.ceil(Math.log2(maxEntries + 1)));
  }

  /** Absolute index of the newest entry with this name and value; -1 when there is none. */
  find(name: string, value: string): number {
    return this.#names.get(name)?.values.get(value) ?? -1;
  }

  /** Absolute index of the newest entry with this name; -1 when there is none. */
  findName(name: string): number {
    return this.#names.get(name)?.newest ?? -1;
  }

  /** Whether an entry is about to be evicted, so that a new reference to it would only be in the way. */
  isDraining(index: number): boolean {
    return index < this.#drainingIndex;
  }

  /** Keeps an entry, and so all newer ones, until it is unpinned as often. */
  pin(index: number): void {
    this.#pins[index & (this.#pins.length - 1)]!++;
  }

  /** Undoes one {@linkcode pin}. */
  unpin(index: number): void {
    this.#pins[index & (this.#pins.length - 1)]!--;
  }

  /**
   * Whether an entry of `size` bytes can be inserted, evicting only what the decoder has received and nobody uses.
   *
   * @param limit Absolute index of the first entry that has to stay whatever its pins; at most the insert count.
   */
  hasRoom(size: number, limit: number): boolean {
    let free = this.capacity - this.size;
    for (let index = this.dropCount; free < size; index++) {
      if (index >= limit || this.#pins[index & (this.#pins.length - 1)]! > 0) return false;
      const [name, value] = this.get(index)!;
      free += fieldSize(name, value);
    }
    return true;
  }

  /** As {@linkcode DynamicTable.insert}, and finds the entry from now on. */
  override insert(name: string, value: string): number {
    const index = super.insert(name, value);
    const entries = this.#names.get(name);
    if (entries === undefined) {
      this.#names.set(name, { newest: index, values: new Map([[value, index]]) });
    } else {
      entries.newest = index;
      entries.values.set(value, index);
    }
    return index;
  }

  /**
   * Gives up the oldest entries until enough of the table is free or easy to free.
   *
   * Called for new field lines only. A table whose entries are merely used again needs no room, and would duplicate
   * them in a circle.
   */
  drain(): void {
    const wanted = this.capacity * DRAINING_SHARE;
    while (this.capacity - this.size + this.#drainingSize < wanted) {
      const [name, value] = this.get(this.#drainingIndex++)!;
      this.#drainingSize += fieldSize(name, value);
    }
  }

  protected override evicted(index: number, [name, value]: Field): void {
    if (index < this.#drainingIndex) this.#drainingSize -= fieldSize(name, value);
    else this.#drainingIndex = index + 1;
    const entries = this.#names.get(name)!;
    if (entries.newest === index) this.#names.delete(name);
    else if (entries.values.get(value) === index) entries.values.delete(value);
  }
}
