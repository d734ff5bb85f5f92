/**
 * Encoded field sections as they arrive: prefix, then field lines (RFC 9204 §4.5).
 *
 * @module
 */

import type { Field } from "../fields.ts";
import { type DynamicTable, ENTRY_OVERHEAD, fieldSize } from "./dynamic_table.ts";
import { FieldSectionTooLargeError, QPACK, QPACKError } from "./errors.ts";
import { STATIC_TABLE } from "./static_table.ts";
import { type Part, WireReader } from "./wire_reader.ts";

/** Bounds of a decoded field section, in bytes. */
export interface SectionLimits {
  /** Sum of name, value and 32 over all field lines (RFC 9114 §4.2.2). */
  readonly maxFieldSectionSize: number;
  /** One name. */
  readonly maxNameLength: number;
  /** One value. */
  readonly maxValueLength: number;
}

/** Reads one section after the other: {@linkcode begin}, and {@linkcode fields} once the table is far enough. */
export class FieldSectionReader extends WireReader {
  readonly #table: DynamicTable;
  readonly #limits: SectionLimits;
  readonly #maxEntries: number;
  #requiredInsertCount = 0;
  #base = 0;
  #size = 0;

  /**
   * @param table What the peer's encoder stream made.
   * @param maxTableCapacity The capacity we announced, which the prefix is relative to.
   */
  constructor(table: DynamicTable, maxTableCapacity: number, limits: SectionLimits) {
    super();
    this.#table = table;
    this.#limits = limits;
    this.#maxEntries = Math.floor(maxTableCapacity / ENTRY_OVERHEAD);
  }

  /**
   * Reads the prefix of a section.
   *
   * @returns The Required Insert Count; the section cannot be read before the table has that many inserts.
   */
  begin(section: Uint8Array): number {
    this.load(section);
    this.#requiredInsertCount = this.#restoreInsertCount(this.integer(8));
    const below = (section[this.position]! & 0x80) !== 0;
    const delta = this.integer(7);
    this.#base = this.#requiredInsertCount + (below ? -delta - 1 : delta);
    if (this.#requiredInsertCount > 0 && !Number.isSafeInteger(this.#base)) {
      this.malformed(`delta base ${delta} is beyond any table`);
    }
    if (this.#base < 0) {
      this.malformed(
        `delta base ${delta} is below Required Insert Count ${this.#requiredInsertCount}`,
      );
    }
    return this.#requiredInsertCount;
  }

  /** Reads the field lines of the section that {@linkcode begin} was given. */
  fields(): Field[] {
    const fields: Field[] = [];
    this.#size = 0;
    while (this.position < this.end) fields.push(this.#line());
    return fields;
  }

  #line(): Field {
    const byte = this.bytes[this.position]!;
    if (byte & 0x80) {
      return this.#count(
        byte & 0x40 ? this.#static(this.integer(6)) : this.#relative(this.integer(6)),
      );
    }
    if (byte & 0x40) {
      const entry = byte & 0x10 ? this.#static(this.integer(4)) : this.#relative(this.integer(4));
      return this.#literal(entry[0]);
    }
    if (byte & 0x20) return this.#literal(this.#name());
    if (byte & 0x10) return this.#count(this.#postBase(this.integer(4)));
    return this.#literal(this.#postBase(this.integer(3))[0]);
  }

  #name(): string {
    const left = this.#limits.maxFieldSectionSize - this.#size - ENTRY_OVERHEAD;
    // A section never waits for more bytes, so there is a string.
    return this.string(4, Math.min(left, this.#limits.maxNameLength), "name")!;
  }

  #literal(name: string): Field {
    this.#size += name.length + ENTRY_OVERHEAD;
    const left = this.#limits.maxFieldSectionSize - this.#size;
    const value = this.string(8, Math.min(left, this.#limits.maxValueLength), "value")!;
    this.#size += value.length;
    return [name, value];
  }

  /** Adds a whole entry to the size. */
  #count(entry: Field): Field {
    this.#size += fieldSize(entry[0], entry[1]);
    const { maxFieldSectionSize } = this.#limits;
    if (this.#size <= maxFieldSectionSize) return entry;
    throw new FieldSectionTooLargeError(
      this.#size,
      `A field section of at least ${this.#size} bytes exceeds the limit of ${maxFieldSectionSize}`,
    );
  }

  #static(index: number): Field {
    return STATIC_TABLE[index] ?? this.malformed(`the static table has no index ${index}`);
  }

  #relative(index: number): Field {
    return this.#dynamic(this.#base - 1 - index);
  }

  #postBase(index: number): Field {
    return this.#dynamic(this.#base + index);
  }

  /** An entry by absolute index, which the Required Insert Count must have promised (RFC 9204 §2.2.3). */
  #dynamic(index: number): Field {
    if (index >= this.#requiredInsertCount || index < 0) {
      this.malformed(
        `dynamic table index ${index} is not below Required Insert Count ${this.#requiredInsertCount}`,
      );
    }
    return this.#table.get(index) ?? this.malformed(`dynamic table entry ${index} was evicted`);
  }

  /** Undoes the encoder's modulo (RFC 9204 §4.5.1.1). */
  #restoreInsertCount(encoded: number): number {
    if (encoded === 0) return 0;
    const range = 2 * this.#maxEntries;
    const most = this.#table.insertCount + this.#maxEntries;
    if (encoded <= range) {
      const count = Math.floor(most / range) * range + encoded - 1;
      const restored = count > most ? count - range : count;
      if (restored > 0) return restored;
    }
    this.malformed(
      `Required Insert Count ${encoded} is impossible after ${this.#table.insertCount} inserts ` +
        `into a table of at most ${this.#maxEntries} entries`,
    );
  }

  protected override incomplete(): never {
    this.malformed("it ends inside a field line or its prefix");
  }

  protected override malformed(problem: string): never {
    throw new QPACKError(
      QPACK.QPACK_DECOMPRESSION_FAILED,
      `Cannot decode a field section: ${problem}`,
    );
  }

  protected override tooLong(part: Part, length: number, limit: number): never {
    const size = this.#size + length + (part === "name" ? ENTRY_OVERHEAD : 0);
    throw new FieldSectionTooLargeError(
      size,
      limit < this.#limits[part === "name" ? "maxNameLength" : "maxValueLength"]
        ? `A field section of at least ${size} bytes exceeds the limit of ${this.#limits.maxFieldSectionSize}`
        : `A field ${part} of at least ${length} bytes exceeds the limit of ${limit}`,
    );
  }
}
