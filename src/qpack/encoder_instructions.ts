/**
 * The peer's encoder stream, which fills our decoder's dynamic table (RFC 9204 §4.3).
 *
 * @module
 */

import type { Field } from "../fields.ts";
import { type DynamicTable, ENTRY_OVERHEAD, fieldSize } from "./dynamic_table.ts";
import { QPACK } from "./errors.ts";
import { InstructionReader } from "./instruction_reader.ts";
import { STATIC_TABLE } from "./static_table.ts";
import type { Part } from "./wire_reader.ts";

/** Bounds of the instructions, in bytes. */
export interface InstructionLimits {
  /** The capacity we announced. */
  readonly maxTableCapacity: number;
  /** One name. */
  readonly maxNameLength: number;
  /** One value. */
  readonly maxValueLength: number;
}

/**
 * Follows encoder instructions.
 *
 * An insertion is read in two steps, name and value, so that a long value that arrives slowly does not make the name
 * be decoded again and again. A string that cannot fit into the table is refused when its length is known, so no more
 * than one string of the table's capacity ever waits here.
 */
export class EncoderInstructions extends InstructionReader {
  readonly #table: DynamicTable;
  readonly #limits: InstructionLimits;
  /** Name of the entry whose value comes next. */
  #name: string | null = null;

  /** @param table Where the instructions take effect. */
  constructor(table: DynamicTable, limits: InstructionLimits) {
    super(QPACK.QPACK_ENCODER_STREAM_ERROR);
    this.#table = table;
    this.#limits = limits;
  }

  /**
   * Follows the next bytes of the stream.
   *
   * @throws {QPACKError} 0x201 when they cannot be followed.
   */
  receive(bytes: Uint8Array): void {
    this.append(bytes);
    while (this.position < this.end && this.#step()) {
      /* each step reads a part of an instruction */
    }
    this.keep();
  }

  /** @returns Whether there was enough to read. */
  #step(): boolean {
    if (this.#name !== null) return this.#value(this.#name);
    const byte = this.bytes[this.position]!;
    if (byte & 0x80) return this.#nameReference(byte);
    if (byte & 0x40) return this.#literalName();
    return byte & 0x20 ? this.#setCapacity() : this.#duplicate();
  }

  #nameReference(byte: number): boolean {
    const index = this.integer(6);
    if (index < 0) return false;
    this.#name = (byte & 0x40 ? this.#static(index) : this.#dynamic(index))[0];
    return true;
  }

  #literalName(): boolean {
    this.#name = this.string(6, this.#room(this.#limits.maxNameLength, ""), "name");
    return this.#name !== null;
  }

  #value(name: string): boolean {
    const value = this.string(8, this.#room(this.#limits.maxValueLength, name), "value");
    if (value === null) return false;
    this.#table.insert(name, value);
    this.#name = null;
    return true;
  }

  #setCapacity(): boolean {
    const capacity = this.integer(5);
    if (capacity < 0) return false;
    const { maxTableCapacity } = this.#limits;
    if (capacity > maxTableCapacity) {
      this.fail(`capacity ${capacity} exceeds the limit of ${maxTableCapacity}`);
    }
    this.#table.setCapacity(capacity);
    return true;
  }

  #duplicate(): boolean {
    const index = this.integer(5);
    if (index < 0) return false;
    const [name, value] = this.#dynamic(index);
    this.#table.insert(name, value);
    return true;
  }

  #static(index: number): Field {
    return STATIC_TABLE[index] ?? this.fail(`the static table has no index ${index}`);
  }

  #dynamic(index: number): Field {
    const { insertCount } = this.#table;
    return this.#table.get(insertCount - 1 - index) ??
      this.fail(
        `relative index ${index} is of no entry, or of one that was evicted, after ${insertCount} inserts`,
      );
  }

  /** Bytes that a string may have, given what the entry has already. */
  #room(limit: number, name: string): number {
    const used = fieldSize(name, "");
    if (used > this.#table.capacity) this.#tooLarge(used);
    return Math.min(limit, this.#table.capacity - used);
  }

  #tooLarge(size: number): never {
    this.fail(`an entry of at least ${size} bytes exceeds the capacity of ${this.#table.capacity}`);
  }

  protected override tooLong(part: Part, length: number, limit: number): never {
    if (limit < this.#limits[part === "name" ? "maxNameLength" : "maxValueLength"]) {
      this.#tooLarge(length + (this.#name?.length ?? 0) + ENTRY_OVERHEAD);
    }
    super.tooLong(part, length, limit);
  }
}
