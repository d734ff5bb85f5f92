/**
 * Field sections that the decoder has not acknowledged (RFC 9204 §2.1.2, §2.1.4, §4.4).
 *
 * @module
 */

import type { DecoderInstructionTarget } from "./decoder_instructions.ts";
import type { EncoderTable } from "./encoder_table.ts";

/** What one section refers to. */
interface OpenSection {
  /** Required Insert Count; 0 when it refers to no dynamic entry. */
  readonly required: number;
  /** Absolute index of the oldest entry it refers to. */
  readonly oldest: number;
}

/**
 * Open sections that are kept at most, as each takes memory until a decoder, which may never do so, acknowledges it.
 * Ten times the streams a connection usually has; beyond it, sections do without the dynamic table.
 */
export const MAX_OPEN_SECTIONS = 1000;

/** Knows what each stream refers to, what has arrived, and which streams may be blocked. */
export class OpenSections implements DecoderInstructionTarget {
  /** Streams that may be blocked at one time, from the peer's SETTINGS. */
  maxBlockedStreams = 0;
  readonly #table: EncoderTable;
  /** In the order of encoding, the first one with a reference. Sections without are kept only behind others. */
  readonly #streams = new Map<number, OpenSection[]>();
  /** Streams with a section that needs more than has arrived for sure. */
  readonly #blocking = new Set<number>();
  #count = 0;
  #knownReceivedCount = 0;

  /** @param table What the sections refer to. */
  constructor(table: EncoderTable) {
    this.#table = table;
  }

  /** Inserts that the decoder has received for sure (RFC 9204 §2.1.4). */
  get knownReceivedCount(): number {
    return this.#knownReceivedCount;
  }

  /** Whether no more sections with references can be kept. */
  get isFull(): boolean {
    return this.#count >= MAX_OPEN_SECTIONS;
  }

  /** Whether a section of this stream may refer to entries that have perhaps not arrived. */
  mayBlock(streamId: number): boolean {
    return this.#blocking.size < this.maxBlockedStreams || this.#blocking.has(streamId);
  }

  /** Keeps a section. */
  add(streamId: number, section: OpenSection): void {
    const sections = this.#streams.get(streamId);
    if (section.required === 0) return void sections?.push(section);
    if (sections === undefined) this.#streams.set(streamId, [section]);
    else sections.push(section);
    this.#table.pin(section.oldest);
    this.#count++;
    if (section.required > this.#knownReceivedCount) this.#blocking.add(streamId);
  }

  /** Drops the section that was added last, as it was not sent. */
  drop(streamId: number): void {
    const sections = this.#streams.get(streamId);
    if (sections === undefined) return;
    this.#release(sections.pop()!);
    this.#tidy(streamId, sections);
  }

  acknowledge(streamId: number): string | null {
    const sections = this.#streams.get(streamId);
    if (sections === undefined) {
      return `Section Acknowledgment of stream ${streamId}, which has no unacknowledged section`;
    }
    const section = sections.shift()!;
    this.#release(section);
    while (sections.length > 0 && sections[0]!.required === 0) sections.shift();
    if (section.required > this.#knownReceivedCount) this.#advance(section.required);
    this.#tidy(streamId, sections);
    return null;
  }

  forget(streamId: number): void {
    // A decoder may cancel any stream, also one whose sections had no references (RFC 9204 §2.2.2.2).
    this.#streams.get(streamId)?.forEach((section) => this.#release(section));
    this.#streams.delete(streamId);
    this.#blocking.delete(streamId);
  }

  increment(count: number): string | null {
    const { insertCount } = this.#table;
    if (count === 0) return "Insert Count Increment is 0";
    if (count > insertCount - this.#knownReceivedCount) {
      return `Insert Count Increment ${count} is too large: ${insertCount} inserts were sent, ` +
        `${this.#knownReceivedCount} of them are acknowledged`;
    }
    this.#advance(this.#knownReceivedCount + count);
    return null;
  }

  #advance(knownReceivedCount: number): void {
    this.#knownReceivedCount = knownReceivedCount;
    for (const streamId of this.#blocking) this.#tidy(streamId, this.#streams.get(streamId)!);
  }

  #release({ required, oldest }: OpenSection): void {
    if (required === 0) return;
    this.#table.unpin(oldest);
    this.#count--;
  }

  /** Forgets a stream without sections, and what it no longer blocks. */
  #tidy(streamId: number, sections: readonly OpenSection[]): void {
    if (sections.length === 0) this.#streams.delete(streamId);
    if (sections.some(({ required }) => required > this.#knownReceivedCount)) return;
    this.#blocking.delete(streamId);
  }
}
