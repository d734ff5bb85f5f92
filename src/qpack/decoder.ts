/**
 * The decoding half of a connection (RFC 9204 §2.2).
 *
 * @module
 */

import type { Field } from "../fields.ts";
import { ByteWriter } from "./byte_writer.ts";
import { DynamicTable } from "./dynamic_table.ts";
import { EncoderInstructions } from "./encoder_instructions.ts";
import { FieldSectionTooLargeError, QPACK, QPACKError } from "./errors.ts";
import { FieldSectionReader } from "./field_section.ts";

/** Bounds of a {@linkcode QPACKDecoder}; none has a default, as the first two are what we told the peer. */
export interface DecoderOptions {
  /** `SETTINGS_QPACK_MAX_TABLE_CAPACITY` that we sent, in bytes; 0 turns the dynamic table off. */
  readonly maxTableCapacity: number;
  /** `SETTINGS_QPACK_BLOCKED_STREAMS` that we sent: streams that may wait for the encoder stream at one time. */
  readonly maxBlockedStreams: number;
  /** Bytes of a decoded section: name, value and 32 for each field line (RFC 9114 §4.2.2). */
  readonly maxFieldSectionSize: number;
  /** Bytes of one decoded name. */
  readonly maxNameLength: number;
  /** Bytes of one decoded value. */
  readonly maxValueLength: number;
}

/**
 * Decodes the field sections of one connection, and follows the peer's encoder stream.
 *
 * It keeps no section: who calls {@linkcode decode} holds the bytes of a section that has to wait. After an error of
 * the class {@linkcode QPACKError} the decoder is of no use any more.
 *
 * @example A section that arrives before the table entry it refers to
 * ```ts
 * import { QPACKDecoder } from "jsr:@x/hypercorn/qpack";
 *
 * const decoder = new QPACKDecoder({
 *   maxTableCapacity: 4096,
 *   maxBlockedStreams: 16,
 *   maxFieldSectionSize: 65_536,
 *   maxNameLength: 256,
 *   maxValueLength: 65_536,
 * });
 * const section = new Uint8Array([0x02, 0x00, 0x80]);
 * console.log(decoder.decode(0, section)); // null
 * const inserted = decoder.receive(new Uint8Array([0x3f, 0xbd, 0x01, 0xc0, 0x03, 0x61, 0x2e, 0x62]));
 * console.log(inserted); // [0]
 * console.log(decoder.decode(0, section)); // [[":authority", "a.b"]]
 * console.log(decoder.take()); // Section Acknowledgment: Uint8Array [0x80]
 * ```
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9204#section-2.2 | RFC 9204 §2.2}
 */
export class QPACKDecoder {
  readonly #table = new DynamicTable();
  readonly #instructions: EncoderInstructions;
  readonly #reader: FieldSectionReader;
  readonly #maxTableCapacity: number;
  readonly #maxBlockedStreams: number;
  /** Required Insert Count by stream. */
  readonly #blocked = new Map<number, number>();
  readonly #output = new ByteWriter();
  /** Inserts that the encoder knows we have (Known Received Count, RFC 9204 §2.1.4). */
  #knownReceivedCount = 0;

  /** Makes a decoder whose table is empty and has no capacity yet. */
  constructor(options: DecoderOptions) {
    this.#maxTableCapacity = options.maxTableCapacity;
    this.#maxBlockedStreams = options.maxBlockedStreams;
    this.#instructions = new EncoderInstructions(this.#table, options);
    this.#reader = new FieldSectionReader(this.#table, options.maxTableCapacity, options);
  }

  /** Bytes that wait for {@linkcode take}: a peer that gives our decoder stream no credit lets them grow. */
  get backlog(): number {
    return this.#output.length;
  }

  /** Streams whose section waits for the encoder stream; at most `maxBlockedStreams`. */
  get blockedStreams(): number {
    return this.#blocked.size;
  }

  /**
   * Decodes a field section (RFC 9204 §4.5).
   *
   * @param streamId Stream that the section is from.
   * @param section The whole section, i.e. the payload of a HEADERS frame; it is only read.
   * @returns The field lines in order, names as received and values as latin-1; `null` when the section has to wait
   * until {@linkcode receive} returns the stream. Lines may be shared and are frozen then.
   * @throws {QPACKError} 0x200 when the section is malformed or one more stream would have to wait than is allowed.
   * @throws {FieldSectionTooLargeError} When a limit is exceeded; the section was acknowledged nevertheless.
   */
  decode(streamId: number, section: Uint8Array): Field[] | null {
    const required = this.#reader.begin(section);
    if (required > this.#table.insertCount) {
      this.#block(streamId, required);
      return null;
    }
    if (required === 0) return this.#reader.fields();
    try {
      const fields = this.#reader.fields();
      this.#acknowledge(streamId, required);
      return fields;
    } catch (error) {
      // Its references are over, too, and the encoder has to know.
      if (error instanceof FieldSectionTooLargeError) this.#acknowledge(streamId, required);
      throw error;
    }
  }

  /**
   * Follows the peer's encoder stream (RFC 9204 §4.3).
   *
   * @param bytes What comes next on the stream, cut anywhere, without the stream type; they are copied where needed.
   * @returns Streams whose section can be decoded now: call {@linkcode decode} again with the same bytes.
   * @throws {QPACKError} 0x201 when an instruction cannot be followed.
   */
  receive(bytes: Uint8Array): readonly number[] {
    this.#instructions.receive(bytes);
    const unblocked: number[] = [];
    for (const [streamId, required] of this.#blocked) {
      if (required > this.#table.insertCount) continue;
      this.#blocked.delete(streamId);
      unblocked.push(streamId);
    }
    return unblocked;
  }

  /**
   * Says that no more sections of a stream will be decoded, as it was reset or reading it was given up: queues a Stream
   * Cancellation. Not for a stream that was read to its end.
   *
   * Without a table nothing is queued, as there can be no references (RFC 9204 §2.2.2.2).
   */
  cancel(streamId: number): void {
    this.#blocked.delete(streamId);
    if (this.#maxTableCapacity > 0) this.#output.integer(6, 0x40, streamId);
  }

  /**
   * What has to be sent on our decoder stream now, without the stream type; `null` when there is nothing.
   *
   * Call it after a batch of work rather than after each step: an Insert Count Increment is made here, and only for
   * inserts that no Section Acknowledgment covers.
   */
  take(): Uint8Array<ArrayBuffer> | null {
    const increment = this.#table.insertCount - this.#knownReceivedCount;
    if (increment > 0) {
      this.#output.integer(6, 0x00, increment);
      this.#knownReceivedCount = this.#table.insertCount;
    }
    return this.#output.length > 0 ? this.#output.take() : null;
  }

  #block(streamId: number, required: number): void {
    if (!this.#blocked.has(streamId) && this.#blocked.size >= this.#maxBlockedStreams) {
      throw new QPACKError(
        QPACK.QPACK_DECOMPRESSION_FAILED,
        `Cannot decode a field section: it waits for insert ${required} of the encoder stream, as do ` +
          `${this.#blocked.size} other streams, and ${this.#maxBlockedStreams} may`,
      );
    }
    this.#blocked.set(streamId, required);
  }

  #acknowledge(streamId: number, required: number): void {
    this.#output.integer(7, 0x80, streamId);
    this.#knownReceivedCount = Math.max(this.#knownReceivedCount, required);
  }
}
