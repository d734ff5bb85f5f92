/**
 * Reads sequences of (type, length, payload), the shape of frames and of capsules, from bytes in any split.
 *
 * What a payload is worth is for the policy to say, piece by piece: some are wanted whole, some go through in the parts
 * that come in, some are skipped. A whole payload inside one chunk is a view of it, nothing is copied.
 *
 * @module
 */

import { join } from "./join.ts";
import { decodeVarint, INCOMPLETE, varintLength } from "./varint.ts";

/**
 * How a payload is passed on: in one piece, in the parts that come in, or not at all. `"leave"` says that it is no piece
 * and no more are to be read; see {@linkcode PieceReader.rest}.
 */
export type Treatment = "whole" | "parts" | "skip" | "leave";

/** What a reader does with what comes. */
export interface PiecePolicy {
  /**
   * Called once for every frame or capsule, between its header and its payload, so that what is not allowed or too
   * large is refused before it costs anything. `"whole"` holds up to `length` bytes in memory: bound it.
   *
   * @param length Bytes of the payload.
   * @throws {H3Error} When it is not allowed here or too large.
   */
  admit(type: number, length: number): Treatment;
}

/** A frame or capsule, or a part of one that is passed on in parts. */
export interface Piece {
  /** Its type. */
  readonly type: number;
  /** Payload or part of it; usually a view of the bytes received. A payload of no bytes gives one empty part. */
  readonly payload: Uint8Array;
}

const EMPTY = new Uint8Array(0);

/** What readers begin with; never added to. */
const NO_CHUNKS: Uint8Array[] = [];

/** Two integers of at most 8 bytes. */
const MAX_HEADER_BYTES = 16;

/** Between two pieces. */
const NONE = -1;

/** Takes a stream of pieces apart. After its policy threw an error a reader is of no use any more. */
export class PieceReader {
  readonly #policy: PiecePolicy;
  #input: Uint8Array = EMPTY;
  #offset = 0;
  /** Chunks that came while an earlier one was not read up: only when the stream is held back. */
  #waiting: Uint8Array[] = [];
  /** Earlier ones, the next one last: `shift()` would move all the others each time. */
  #next: Uint8Array[] = NO_CHUNKS;
  /** Start of a header that was split. */
  #header: Uint8Array | null = null;
  #headerLength = 0;
  #type = NONE;
  #treatment: Treatment = "skip";
  #remaining = 0;
  /** Payload that is wanted whole and came in parts. Grows as bytes come: a length alone costs nothing. */
  #payload: Uint8Array = EMPTY;
  #filled = 0;

  /** Makes a reader. @param policy Asked about every piece. */
  constructor(policy: PiecePolicy) {
    this.#policy = policy;
  }

  /** Takes bytes of the stream, which belong to the reader from then on. */
  receive(bytes: Uint8Array): void {
    if (this.pending) {
      this.#waiting.push(bytes);
    } else {
      this.#input = bytes;
      this.#offset = 0;
    }
  }

  /**
   * The next piece or part of one.
   *
   * @returns `null` when more bytes are needed, and when the policy said to leave.
   * @throws {H3Error} What the policy throws.
   */
  next(): Piece | null {
    for (;;) {
      if (this.#type === NONE && !this.#readHeader()) return null;
      const payload = this.#treatment === "whole" ? this.#takeWhole() : this.#takePart();
      if (payload === null) return null;
      const type = this.#type;
      if (this.#remaining === 0) this.#type = NONE;
      if (this.#treatment !== "skip") return { type, payload };
    }
  }

  /** Whether the bytes so far end inside a piece, once {@linkcode next} has returned `null`. */
  get inside(): boolean {
    return this.#type !== NONE || this.#headerLength > 0;
  }

  /** Whether bytes are waiting that {@linkcode next} has not looked at. */
  get pending(): boolean {
    return this.#offset < this.#input.length || this.#next.length + this.#waiting.length > 0;
  }

  /** What was received after the header that the policy said to leave at; the reader is of no use any more. */
  rest(): Uint8Array {
    const parts: Uint8Array[] = [];
    while (this.#hasInput()) {
      parts.push(this.#input.subarray(this.#offset));
      this.#offset = this.#input.length;
    }
    return parts.length === 1 ? parts[0]! : join(parts);
  }

  /** Whether there is a payload to take now. */
  #readHeader(): boolean {
    if (this.#headerLength === 0 && this.#hasInput()) {
      const size = this.#decodeHeader(this.#input, this.#offset, this.#input.length);
      if (size > 0) {
        this.#offset += size;
        return this.#treatment !== "leave";
      }
    }
    while (this.#hasInput()) {
      this.#header ??= new Uint8Array(MAX_HEADER_BYTES);
      this.#header[this.#headerLength++] = this.#input[this.#offset++]!;
      if (this.#decodeHeader(this.#header, 0, this.#headerLength) > 0) {
        this.#headerLength = 0;
        return this.#treatment !== "leave";
      }
    }
    return false;
  }

  /** Begins a piece. Returns the size of its header, 0 when that is incomplete. */
  #decodeHeader(bytes: Uint8Array, start: number, end: number): number {
    const type = decodeVarint(bytes, start, end);
    if (type === INCOMPLETE) return 0;
    const middle = start + varintLength(bytes[start]!);
    const length = decodeVarint(bytes, middle, end);
    if (length === INCOMPLETE) return 0;
    this.#treatment = this.#policy.admit(type, length);
    this.#type = type;
    this.#remaining = length;
    return middle + varintLength(bytes[middle]!) - start;
  }

  /** What is here of the payload, a view of the input; `null` when nothing is, although more has to come. */
  #takePart(): Uint8Array | null {
    if (this.#remaining === 0) return EMPTY;
    if (!this.#hasInput()) return null;
    const start = this.#offset;
    this.#offset = Math.min(this.#input.length, start + this.#remaining);
    this.#remaining -= this.#offset - start;
    return this.#input.subarray(start, this.#offset);
  }

  /** The whole payload: a view of the input where possible, else put together; `null` when it is not complete. */
  #takeWhole(): Uint8Array | null {
    if (this.#filled === 0 && this.#remaining <= this.#input.length - this.#offset) {
      return this.#takePart();
    }
    while (this.#remaining > 0) {
      const part = this.#takePart();
      if (part === null) return null;
      this.#append(part);
    }
    const payload = this.#payload.subarray(0, this.#filled);
    this.#payload = EMPTY;
    this.#filled = 0;
    return payload;
  }

  #append(part: Uint8Array): void {
    const needed = this.#filled + part.length;
    if (needed > this.#payload.length) {
      const grown = new Uint8Array(Math.min(needed + this.#remaining, needed * 2));
      grown.set(this.#payload.subarray(0, this.#filled));
      this.#payload = grown;
    }
    this.#payload.set(part, this.#filled);
    this.#filled = needed;
  }

  /** Whether there is input to read, after going on to the next chunk if need be. */
  #hasInput(): boolean {
    while (this.#offset >= this.#input.length) {
      const chunk = this.#takeChunk();
      // Nothing is held while nothing is there: a chunk may be a view of something much larger.
      this.#input = chunk ?? EMPTY;
      this.#offset = 0;
      if (chunk === undefined) return false;
    }
    return true;
  }

  #takeChunk(): Uint8Array | undefined {
    if (this.#next.length === 0 && this.#waiting.length > 0) {
      this.#next = this.#waiting.reverse();
      this.#waiting = [];
    }
    return this.#next.pop();
  }
}
