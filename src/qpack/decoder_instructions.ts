/**
 * The peer's decoder stream, which tells our encoder what has arrived (RFC 9204 §4.4).
 *
 * @module
 */

import { QPACK } from "./errors.ts";
import { InstructionReader } from "./instruction_reader.ts";

/** What the instructions are about. Each method returns what is wrong with the instruction, or `null`. */
export interface DecoderInstructionTarget {
  /** Section Acknowledgment: the oldest open section of a stream was decoded. */
  acknowledge(streamId: number): string | null;
  /** Stream Cancellation: no section of the stream will be decoded any more. */
  forget(streamId: number): void;
  /** Insert Count Increment: that many more inserts have arrived. */
  increment(count: number): string | null;
}

/** Follows decoder instructions. */
export class DecoderInstructions extends InstructionReader {
  readonly #target: DecoderInstructionTarget;

  /** @param target Is told of every instruction. */
  constructor(target: DecoderInstructionTarget) {
    super(QPACK.QPACK_DECODER_STREAM_ERROR);
    this.#target = target;
  }

  /**
   * Follows the next bytes of the stream.
   *
   * @throws {QPACKError} 0x202 when they cannot be followed.
   */
  receive(bytes: Uint8Array): void {
    this.append(bytes);
    while (this.position < this.end && this.#step()) { /* each step reads an instruction */ }
    this.keep();
  }

  /** @returns Whether there was enough to read. */
  #step(): boolean {
    const byte = this.bytes[this.position]!;
    const value = this.integer(byte & 0x80 ? 7 : 6);
    if (value < 0) return false;
    const problem = this.#follow(byte, value);
    if (problem !== null) this.fail(problem);
    return true;
  }

  #follow(byte: number, value: number): string | null {
    if (byte & 0x80) return this.#target.acknowledge(value);
    if ((byte & 0x40) === 0) return this.#target.increment(value);
    this.#target.forget(value);
    return null;
  }
}
