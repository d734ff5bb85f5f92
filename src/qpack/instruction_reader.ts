/**
 * Instructions of a stream, in whatever pieces its bytes arrive (RFC 9204 §4.2).
 *
 * @module
 */

import { QPACK, QPACKError } from "./errors.ts";
import { type Part, WireReader } from "./wire_reader.ts";

/** Bytes of a buffer that may stay for good; a larger one goes when most of it is not needed. */
const IDLE_BYTES = 1024;

/** Reads from a stream: what is incomplete is kept until more arrives. */
export class InstructionReader extends WireReader {
  readonly #code: number;
  readonly #stream: string;
  /** Bytes that wait for more; the part in use is that from `position` to `end`. */
  #kept: Uint8Array = new Uint8Array(0);

  /** @param code Error code for what is wrong on this stream. */
  constructor(code: number) {
    super();
    this.#code = code;
    this.#stream = code === QPACK.QPACK_ENCODER_STREAM_ERROR ? "encoder" : "decoder";
  }

  /** Goes on with the next bytes of the stream; they are not used after the next call of {@linkcode keep}. */
  append(bytes: Uint8Array): void {
    const left = this.end - this.position;
    if (left === 0) return this.load(bytes);
    if (this.end + bytes.length > this.#kept.length) this.#makeRoom(left + bytes.length);
    this.#kept.set(bytes, this.end);
    this.end += bytes.length;
  }

  /** Copies what is left, as the bytes given to {@linkcode append} are the caller's. */
  keep(): void {
    const left = this.end - this.position;
    const isTooLarge = this.#kept.length > IDLE_BYTES && this.#kept.length > 4 * left;
    if (this.bytes === this.#kept && !isTooLarge) return;
    const target = isTooLarge || left > this.#kept.length ? new Uint8Array(2 * left) : this.#kept;
    target.set(this.bytes.subarray(this.position, this.end));
    this.load(this.#kept = target, 0, left);
  }

  /** Ends the connection, as an instruction cannot be followed. */
  fail(problem: string): never {
    throw new QPACKError(this.#code, `Cannot read the ${this.#stream} stream: ${problem}`);
  }

  protected override incomplete(): void {}

  protected override malformed(problem: string): never {
    this.fail(problem);
  }

  protected override tooLong(part: Part, length: number, limit: number): never {
    this.fail(`a ${part} of at least ${length} bytes exceeds the limit of ${limit}`);
  }

  #makeRoom(length: number): void {
    const target = length > this.#kept.length ? new Uint8Array(length * 2) : this.#kept;
    target.set(this.#kept.subarray(this.position, this.end));
    this.load(this.#kept = target, 0, this.end - this.position);
  }
}
