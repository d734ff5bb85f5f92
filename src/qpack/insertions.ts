/**
 * What the encoder puts into the dynamic table, and the instructions for it (RFC 9204 §4.3).
 *
 * @module
 */

import type { ByteWriter } from "./byte_writer.ts";
import { fieldSize } from "./dynamic_table.ts";
import type { EncoderTable } from "./encoder_table.ts";
import type { FieldTraits } from "./field_traits.ts";
import { isLatin1 } from "./latin1.ts";
import { RecentLines } from "./recent_lines.ts";

/** Part of the capacity that one entry may take; a larger one would drive out too much that is of use. */
const MAX_SHARE = 1 / 2;

/** Bytes of the integers of one instruction, and of the first Set Dynamic Table Capacity. */
const INTEGERS_LENGTH = 24;

/** Decides about insertions and writes them. Both methods return an absolute index, or -1. */
export class Insertions {
  readonly #table: EncoderTable;
  readonly #output: ByteWriter;
  readonly #maxBacklog: number;
  readonly #recent = new RecentLines();
  #announced = false;

  /**
   * Inserts into `table` only.
   *
   * @param output Receives the instructions.
   * @param maxBacklog Bytes that `output` may hold.
   */
  constructor(table: EncoderTable, output: ByteWriter, maxBacklog: number) {
    this.#table = table;
    this.#output = output;
    this.#maxBacklog = maxBacklog;
  }

  /**
   * Inserts a field line that is not in the table, if it is likely to come again and there is room.
   *
   * Likely are lines of a kind that a server repeats, and any line that came recently.
   *
   * @param limit Absolute index of the first entry that must not be evicted.
   */
  insert(name: string, value: string, traits: FieldTraits, limit: number): number {
    const size = fieldSize(name, value);
    if (size > this.#table.capacity * MAX_SHARE) return -1;
    if (!traits.stable && !this.#recent.has(name, value)) return -1;
    if (!this.#hasRoom(size, limit) || !isLatin1(name) || !isLatin1(value)) return -1;
    this.#announce();
    this.#name(name, traits.index);
    this.#output.string(8, 0, value);
    const index = this.#table.insert(name, value);
    this.#table.drain();
    return index;
  }

  /** Inserts an entry again, so that the old one can go. */
  duplicate(index: number, limit: number): number {
    const [name, value] = this.#table.get(index)!;
    if (!this.#hasRoom(fieldSize(name, value), limit)) return -1;
    this.#output.integer(5, 0x00, this.#table.insertCount - 1 - index);
    return this.#table.insert(name, value);
  }

  #name(name: string, staticIndex: number): void {
    if (staticIndex >= 0) return this.#output.integer(6, 0xc0, staticIndex);
    const index = this.#table.findName(name);
    if (index >= 0) return this.#output.integer(6, 0x80, this.#table.insertCount - 1 - index);
    this.#output.string(6, 0x40, name);
  }

  #hasRoom(size: number, limit: number): boolean {
    return this.#output.length + size + INTEGERS_LENGTH <= this.#maxBacklog &&
      this.#table.hasRoom(size, limit);
  }

  /** The capacity goes out with the first entry: a connection that inserts nothing sends nothing. */
  #announce(): void {
    if (this.#announced) return;
    this.#announced = true;
    this.#output.integer(5, 0x20, this.#table.capacity);
  }
}
