/**
 * A second reading of field sections, written down from RFC 9204 §4.5 step by step, without limits and without speed.
 *
 * @module
 */

import type { Field } from "../../src/fields.ts";
import type { DynamicTable } from "../../src/qpack/dynamic_table.ts";
import { decodeHuffman } from "../../src/qpack/huffman_decode.ts";
import { STATIC_TABLE } from "../../src/qpack/static_table.ts";

/** The section breaks a rule. */
class Refused extends Error {}

/** Reads a section: its lines, `null` when it has to wait for the table, `"refused"` when it breaks a rule. */
export function readSection(
  section: Uint8Array,
  table: DynamicTable,
  maxTableCapacity: number,
): Field[] | null | "refused" {
  try {
    return new Reader(section, table).read(Math.floor(maxTableCapacity / 32));
  } catch (error) {
    if (error instanceof Refused) return "refused";
    throw error;
  }
}

class Reader {
  readonly #rest: number[];
  readonly #table: DynamicTable;
  #required = 0;
  #base = 0;

  constructor(section: Uint8Array, table: DynamicTable) {
    this.#rest = [...section];
    this.#table = table;
  }

  read(maxEntries: number): Field[] | null {
    this.#required = this.#insertCount(this.#integer(8), maxEntries);
    const isBelow = (this.#rest[0] ?? 0) >= 0x80;
    const delta = this.#integer(7);
    this.#base = isBelow ? this.#required - delta - 1 : this.#required + delta;
    if (this.#base < 0) throw new Refused();
    if (this.#required > this.#table.insertCount) return null;
    const lines: Field[] = [];
    while (this.#rest.length > 0) lines.push(this.#line(this.#rest[0]!));
    return lines;
  }

  /** §4.5.1.1, in the names of the RFC. */
  #insertCount(encoded: number, maxEntries: number): number {
    if (encoded === 0) return 0;
    const fullRange = 2 * maxEntries;
    if (encoded > fullRange) throw new Refused();
    const maxValue = this.#table.insertCount + maxEntries;
    const maxWrapped = Math.floor(maxValue / fullRange) * fullRange;
    let required = maxWrapped + encoded - 1;
    if (required > maxValue) {
      if (required <= fullRange) throw new Refused();
      required -= fullRange;
    }
    if (required === 0) throw new Refused();
    return required;
  }

  /** §4.5.2 to §4.5.6, by the bits the line begins with. */
  #line(first: number): Field {
    const bits = first.toString(2).padStart(8, "0");
    if (bits.startsWith("11")) return this.#static(this.#integer(6));
    if (bits.startsWith("10")) return this.#dynamic(this.#base - this.#integer(6) - 1);
    if (bits.startsWith("0001")) return this.#dynamic(this.#base + this.#integer(4));
    return [this.#nameOf(bits), this.#string(8)];
  }

  #nameOf(bits: string): string {
    if (/^01.1/.test(bits)) return this.#static(this.#integer(4))[0];
    if (/^01.0/.test(bits)) return this.#dynamic(this.#base - this.#integer(4) - 1)[0];
    if (/^0000/.test(bits)) return this.#dynamic(this.#base + this.#integer(3))[0];
    return this.#string(4);
  }

  #static(index: number): Field {
    const entry = STATIC_TABLE[index];
    if (entry === undefined) throw new Refused();
    return entry;
  }

  #dynamic(index: number): Field {
    const entry = index < this.#required ? this.#table.get(index) : undefined;
    if (entry === undefined) throw new Refused();
    return entry;
  }

  /** §4.1.2. */
  #string(prefixBits: number): string {
    const isHuffman = ((this.#rest[0] ?? 0) >> (prefixBits - 1) & 1) === 1;
    const length = this.#integer(prefixBits - 1);
    if (length > this.#rest.length) throw new Refused();
    const bytes = Uint8Array.from(this.#rest.splice(0, length));
    if (!isHuffman) return String.fromCharCode(...bytes);
    const text = new Uint8Array(2 * length + 2);
    const size = decodeHuffman(bytes, 0, length, text, 2 * length + 1);
    if (size < 0) throw new Refused();
    return String.fromCharCode(...text.subarray(0, size));
  }

  /** §4.1.1. */
  #integer(prefixBits: number): number {
    const mask = 2 ** prefixBits - 1;
    let value = BigInt(this.#next() & mask);
    if (value < BigInt(mask)) return Number(value);
    for (let shift = 0n;; shift += 7n) {
      const byte = this.#next();
      value += BigInt(byte & 0x7f) << shift;
      if (value > 2n ** 63n) throw new Refused();
      if (byte < 0x80) return Number(value);
    }
  }

  #next(): number {
    const byte = this.#rest.shift();
    if (byte === undefined) throw new Refused();
    return byte;
  }
}
