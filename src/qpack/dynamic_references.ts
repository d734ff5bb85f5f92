/**
 * What one field section after the other refers to in the encoder's dynamic table (RFC 9204 §2.1).
 *
 * @module
 */

import type { ByteWriter } from "./byte_writer.ts";
import { ENTRY_OVERHEAD } from "./dynamic_table.ts";
import { EncoderTable } from "./encoder_table.ts";
import type { FieldTraits } from "./field_traits.ts";
import { Insertions } from "./insertions.ts";
import { OpenSections } from "./open_sections.ts";
import { writeInteger } from "./prefix_int.ts";

/** What the peer's decoder can do, from its SETTINGS (RFC 9204 §5). */
export interface PeerLimits {
  /** `SETTINGS_QPACK_MAX_TABLE_CAPACITY`, in bytes; 0 when it was not sent. */
  readonly maxTableCapacity: number;
  /** `SETTINGS_QPACK_BLOCKED_STREAMS`; 0 when it was not sent. */
  readonly maxBlockedStreams: number;
}

/**
 * Finds entries that the section in progress may refer to: {@linkcode begin}, {@linkcode find} and
 * {@linkcode findName} for its lines, {@linkcode end}.
 *
 * The Base is the insert count at the beginning, so that one pass is enough: entries made for this section come behind
 * it.
 */
export class DynamicReferences {
  /** Sections that the peer has not acknowledged. */
  readonly sections: OpenSections;
  readonly #table = new EncoderTable();
  readonly #insertions: Insertions;
  /** Values that an encoded Required Insert Count can have, without 0 (RFC 9204 §4.5.1.1). */
  #range = 0;
  #base = 0;
  #required = 0;
  #oldest = Infinity;
  #mayRefer = false;
  #mayBlock = false;

  /**
   * Starts with a table of capacity 0, where nothing is ever found.
   *
   * @param output Receives the instructions for the peer.
   * @param maxBacklog Bytes that `output` may hold.
   */
  constructor(output: ByteWriter, maxBacklog: number) {
    this.sections = new OpenSections(this.#table);
    this.#insertions = new Insertions(this.#table, output, maxBacklog);
  }

  /**
   * Starts to use the table.
   *
   * @param capacity In bytes, at most what the peer allows.
   * @param peer What the peer allows; the prefix of a section is relative to its capacity, not to ours.
   */
  configure(capacity: number, peer: PeerLimits): void {
    this.#table.setCapacity(capacity);
    this.sections.maxBlockedStreams = peer.maxBlockedStreams;
    this.#range = 2 * Math.floor(peer.maxTableCapacity / ENTRY_OVERHEAD);
  }

  /** Base of the section in progress. */
  get base(): number {
    return this.#base;
  }

  /** Starts a section. */
  begin(streamId: number): void {
    this.#base = this.#table.insertCount;
    this.#required = 0;
    this.#oldest = Infinity;
    this.#mayRefer = this.#table.capacity > 0 && !this.sections.isFull;
    this.#mayBlock = this.sections.mayBlock(streamId);
  }

  /** Refers to an entry with this name and value, inserting it where that pays; -1 when there is none to refer to. */
  find(name: string, value: string, traits: FieldTraits): number {
    if (!this.#mayRefer) return -1;
    const found = this.#table.find(name, value);
    if (found < 0) return this.#refer(this.#insertions.insert(name, value, traits, this.#limit));
    if (!this.#table.isDraining(found)) return this.#refer(found);
    return this.#refer(this.#insertions.duplicate(found, this.#limit));
  }

  /** Refers to an entry with this name; -1 when there is none to refer to. */
  findName(name: string): number {
    if (!this.#mayRefer) return -1;
    const found = this.#table.findName(name);
    return this.#table.isDraining(found) ? -1 : this.#refer(found);
  }

  /**
   * Ends the section and writes its prefix (RFC 9204 §4.5.1).
   *
   * @param target Has room for two integers.
   * @returns Bytes written.
   */
  end(streamId: number, target: Uint8Array): number {
    const required = this.#required;
    this.sections.add(streamId, { required, oldest: this.#oldest });
    if (required === 0) {
      target.fill(0, 0, 2);
      return 2;
    }
    const length = writeInteger(target, 0, 8, 0, required % this.#range + 1);
    return this.#base >= required
      ? writeInteger(target, length, 7, 0x00, this.#base - required)
      : writeInteger(target, length, 7, 0x80, required - this.#base - 1);
  }

  /** First entry that must not be evicted: it has not arrived for sure, or this section refers to it. */
  get #limit(): number {
    return Math.min(this.sections.knownReceivedCount, this.#oldest);
  }

  #refer(index: number): number {
    if (index < 0 || (index >= this.sections.knownReceivedCount && !this.#mayBlock)) return -1;
    if (index >= this.#required) this.#required = index + 1;
    if (index < this.#oldest) this.#oldest = index;
    return index;
  }
}
