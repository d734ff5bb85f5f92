/**
 * The encoding half of a connection (RFC 9204 §2.1).
 *
 * @module
 */

import type { FieldList } from "../fields.ts";
import { ByteWriter } from "./byte_writer.ts";
import { DecoderInstructions } from "./decoder_instructions.ts";
import { DynamicReferences, type PeerLimits } from "./dynamic_references.ts";
import { FIELD_TRAITS, type FieldTraits, UNKNOWN_FIELD } from "./field_traits.ts";
import { MAX_INTEGER_LENGTH } from "./prefix_int.ts";
import { SectionWriter } from "./section_writer.ts";

/** Bounds of a {@linkcode QPACKEncoder}. */
export interface EncoderOptions {
  /** Bytes of the dynamic table that we are willing to keep, whatever the peer allows; 0 turns it off. */
  readonly maxTableCapacity: number;
  /** Bytes of encoder instructions that may wait to be taken; nothing is inserted beyond. */
  readonly maxBacklog: number;
}

/** The section in progress and its prefix; shared by all encoders, as encoding never waits. */
const LINES = new SectionWriter();
const PREFIX = new Uint8Array(2 * MAX_INTEGER_LENGTH);

/**
 * Encodes the field sections of one connection, and follows the peer's decoder stream.
 *
 * Until {@linkcode configure} only the static table is used. Then lines that come again are inserted into the dynamic
 * table, as far as the peer allows it: no entry is evicted that a section still refers to, and no more streams
 * than the peer accepts can be blocked. Credentials and short cookies are never compressed.
 *
 * @example A line that comes again is one byte
 * ```ts
 * import { QPACKEncoder } from "jsr:@x/hypercorn/qpack";
 *
 * const encoder = new QPACKEncoder({ maxTableCapacity: 4096, maxBacklog: 131_072 });
 * encoder.configure({ maxTableCapacity: 4096, maxBlockedStreams: 16 });
 * const fields = [[":status", "200"], ["server", "hypercorn"]] as const;
 * console.log(encoder.encode(0, fields)); // Uint8Array [0x02, 0x80, 0xd9, 0x10]
 * console.log(encoder.take()); // for the encoder stream: capacity, insertion
 * encoder.receive(new Uint8Array([0x80])); // from the decoder stream: Section Acknowledgment of stream 0
 * console.log(encoder.encode(4, fields)); // Uint8Array [0x02, 0x00, 0xd9, 0x80]
 * ```
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9204#section-2.1 | RFC 9204 §2.1}
 */
export class QPACKEncoder {
  readonly #maxTableCapacity: number;
  readonly #output = new ByteWriter();
  readonly #references: DynamicReferences;
  readonly #instructions: DecoderInstructions;
  #configured = false;

  /** Makes an encoder that uses the static table only. */
  constructor(options: EncoderOptions) {
    this.#maxTableCapacity = options.maxTableCapacity;
    this.#references = new DynamicReferences(this.#output, options.maxBacklog);
    this.#instructions = new DecoderInstructions(this.#references.sections);
  }

  /**
   * Takes the peer's SETTINGS, once.
   *
   * @throws {Error} When called again: SETTINGS cannot change (RFC 9114 §7.2.4).
   */
  configure(peer: PeerLimits): void {
    if (this.#configured) throw new Error("Cannot configure a QPACK encoder twice");
    this.#configured = true;
    this.#references.configure(Math.min(this.#maxTableCapacity, peer.maxTableCapacity), peer);
  }

  /**
   * Encodes a field section (RFC 9204 §4.5). What it needs of the encoder stream is to be had from {@linkcode take}.
   *
   * @param streamId Stream that the section will be sent on. Send it, or call {@linkcode cancel}.
   * @param fields Lower-case names and latin-1 values, pseudo-header fields first.
   * @returns The section, which nobody writes to any more. It is a view of a larger buffer that others share, so copy
   * it or write it out, and never transfer its `buffer`.
   * @throws {RangeError} When a name or value is not latin-1; then there is no section.
   */
  encode(streamId: number, fields: FieldList): Uint8Array<ArrayBuffer> {
    LINES.begin();
    this.#references.begin(streamId);
    for (const field of fields) this.#line(field[0], field[1]);
    return LINES.finish(PREFIX, this.#references.end(streamId, PREFIX));
  }

  /**
   * Follows the peer's decoder stream (RFC 9204 §4.4).
   *
   * @param bytes What comes next on the stream, cut anywhere, without the stream type; they are copied where needed.
   * @throws {QPACKError} 0x202 when an instruction cannot be followed.
   */
  receive(bytes: Uint8Array): void {
    this.#instructions.receive(bytes);
  }

  /**
   * Says that the section encoded last for a stream was not and will not be sent, so that its references end.
   *
   * Not for a section of which anything was sent: the peer will acknowledge or cancel that one itself.
   */
  cancel(streamId: number): void {
    this.#references.sections.drop(streamId);
  }

  /** What has to be sent on our encoder stream now, without the stream type; `null` when there is nothing. */
  take(): Uint8Array<ArrayBuffer> | null {
    return this.#output.length > 0 ? this.#output.take() : null;
  }

  #line(name: string, value: string): void {
    const traits = FIELD_TRAITS.get(name) ?? UNKNOWN_FIELD;
    if (value.length < traits.guardedLength) return this.#literal(name, value, traits, true);
    const index = traits.values.get(value);
    if (index !== undefined) return LINES.integer(6, 0xc0, index);
    const entry = this.#references.find(name, value, traits);
    if (entry < 0) return this.#literal(name, value, traits, false);
    const offset = entry - this.#references.base;
    if (offset < 0) LINES.integer(6, 0x80, -offset - 1);
    else LINES.integer(4, 0x10, offset);
  }

  /** A literal field line; `never` sets the N bit: nobody may index it (RFC 9204 §4.5.4 to §4.5.6). */
  #literal(name: string, value: string, traits: FieldTraits, never: boolean): void {
    if (traits.index >= 0) LINES.integer(4, never ? 0x70 : 0x50, traits.index);
    else this.#literalName(name, never);
    LINES.string(8, 0, value);
  }

  #literalName(name: string, never: boolean): void {
    const entry = this.#references.findName(name);
    if (entry < 0) return LINES.string(4, never ? 0x30 : 0x20, name);
    const offset = entry - this.#references.base;
    if (offset < 0) LINES.integer(4, never ? 0x60 : 0x40, -offset - 1);
    else LINES.integer(3, never ? 0x08 : 0x00, offset);
  }
}
