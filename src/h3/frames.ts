/**
 * Frames: reading them from bytes in any split, and writing them.
 *
 * A stream is a sequence of (type, length, payload). What a payload is worth is for the stream to say, frame by frame
 * ({@linkcode FramePolicy}): some are wanted whole, DATA goes through in the parts that come in, unknown types are
 * skipped. A whole frame inside one chunk is a view of it, nothing is copied.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9114#section-7 | RFC 9114 §7}
 * @module
 */

import { H3, H3Error } from "./errors.ts";
import { decodeVarint, INCOMPLETE, varintLength, varintSize, writeVarint } from "./varint.ts";

/** Frame types: RFC 9114 §7.2 and RFC 9218 §7.2. */
export const FRAME = {
  DATA: 0x00,
  HEADERS: 0x01,
  CANCEL_PUSH: 0x03,
  SETTINGS: 0x04,
  PUSH_PROMISE: 0x05,
  GOAWAY: 0x07,
  MAX_PUSH_ID: 0x0d,
  PRIORITY_UPDATE_REQUEST: 0xf0700,
  PRIORITY_UPDATE_PUSH: 0xf0701,
} as const;

const NAMES = new Map<number, string>(Object.entries(FRAME).map(([name, type]) => [type, name]));

/** Name of a frame type for messages, e.g. `"SETTINGS"`; `"0x21"` for an unknown one. */
export function frameName(type: number): string {
  return NAMES.get(type) ?? `0x${type.toString(16)}`;
}

/** Says whether `type` belonged to a frame of HTTP/2 that has no place here (RFC 9114 §7.2.8). */
export function isReservedFrameType(type: number): boolean {
  return type === 0x02 || type === 0x06 || type === 0x08 || type === 0x09;
}

/** How the payload of one frame is passed on: in one piece, in the parts that come in, or not at all. */
export type FrameTreatment = "whole" | "parts" | "skip";

/** What a stream makes of the frames on it. */
export interface FramePolicy {
  /**
   * Called once for every frame, between its header and its payload, so that what is not allowed or too large is
   * refused before it costs anything. `"whole"` holds `length` bytes in memory: bound it.
   *
   * @throws {H3Error} When the frame is not allowed here or too large.
   */
  admit(type: number, length: number): FrameTreatment;
}

/** A frame, or a part of one that is passed on in parts. */
export interface Frame {
  /** Frame type, one of {@linkcode FRAME}. */
  readonly type: number;
  /** Payload or part of it; usually a view of the bytes received. A frame without payload gives one empty part. */
  readonly payload: Uint8Array;
}

const EMPTY = new Uint8Array(0);

/** Two integers of at most 8 bytes. */
const MAX_HEADER_BYTES = 16;

/** Between two frames. */
const NONE = -1;

/**
 * The frames of one stream. After it threw an error a reader is of no use any more.
 *
 * @example
 * ```ts
 * import { encodeFrame, FRAME, FrameReader } from "jsr:@x/hypercorn/h3";
 *
 * const reader = new FrameReader({ admit: (type) => type === FRAME.DATA ? "parts" : "skip" });
 * reader.receive(encodeFrame(FRAME.DATA, new TextEncoder().encode("hello")));
 * for (let frame = reader.next(); frame !== null; frame = reader.next()) {
 *   console.log(frame.payload.length);
 * }
 * reader.finish();
 * ```
 */
export class FrameReader {
  readonly #policy: FramePolicy;
  #input: Uint8Array = EMPTY;
  #offset = 0;
  /** Chunks that came while an earlier one was not read up: only when the stream is held back. */
  readonly #waiting: Uint8Array[] = [];
  /** Start of a frame header that was split. */
  #header: Uint8Array | null = null;
  #headerLength = 0;
  #type = NONE;
  #treatment: FrameTreatment = "skip";
  #remaining = 0;
  /** Payload of a split frame that is wanted whole. Grows as bytes come: a length alone costs nothing. */
  #payload: Uint8Array = EMPTY;
  #filled = 0;

  /** @param policy Asked about every frame. */
  constructor(policy: FramePolicy) {
    this.#policy = policy;
  }

  /** Takes bytes of the stream, which belong to the reader from then on. */
  receive(bytes: Uint8Array): void {
    if (this.#offset < this.#input.length) {
      this.#waiting.push(bytes);
    } else {
      this.#input = bytes;
      this.#offset = 0;
    }
  }

  /**
   * The next frame or part of one.
   *
   * @returns `null` when more bytes are needed.
   * @throws {H3Error} H3_FRAME_UNEXPECTED for a type reserved by HTTP/2, and what the policy throws.
   */
  next(): Frame | null {
    for (;;) {
      if (this.#type === NONE && !this.#readHeader()) return null;
      const payload = this.#treatment === "whole" ? this.#takeWhole() : this.#takePart();
      if (payload === null) return null;
      const type = this.#type;
      if (this.#remaining === 0) this.#type = NONE;
      if (this.#treatment !== "skip") return { type, payload };
    }
  }

  /**
   * The stream ended with FIN. Call it when {@linkcode next} has returned `null`.
   *
   * @throws {H3Error} H3_FRAME_ERROR when the last frame is truncated (RFC 9114 §7.1).
   */
  finish(): void {
    if (this.#type === NONE && this.#headerLength === 0) return;
    const what = this.#type === NONE ? "the header of a frame" : `a ${frameName(this.#type)} frame`;
    throw new H3Error(H3.FRAME_ERROR, `Cannot read the stream: it ends inside ${what}`);
  }

  /** Whether bytes are waiting that {@linkcode next} has not looked at. */
  get pending(): boolean {
    return this.#offset < this.#input.length || this.#waiting.length > 0;
  }

  #readHeader(): boolean {
    if (this.#headerLength === 0 && this.#hasInput()) {
      const size = this.#decodeHeader(this.#input, this.#offset, this.#input.length);
      if (size > 0) {
        this.#offset += size;
        return true;
      }
    }
    while (this.#hasInput()) {
      this.#header ??= new Uint8Array(MAX_HEADER_BYTES);
      this.#header[this.#headerLength++] = this.#input[this.#offset++]!;
      if (this.#decodeHeader(this.#header, 0, this.#headerLength) > 0) {
        this.#headerLength = 0;
        return true;
      }
    }
    return false;
  }

  /** Begins a frame. Returns the size of its header, 0 when that is incomplete. */
  #decodeHeader(bytes: Uint8Array, start: number, end: number): number {
    const type = decodeVarint(bytes, start, end);
    if (type === INCOMPLETE) return 0;
    const middle = start + varintLength(bytes[start]!);
    const length = decodeVarint(bytes, middle, end);
    if (length === INCOMPLETE) return 0;
    if (isReservedFrameType(type)) {
      throw new H3Error(
        H3.FRAME_UNEXPECTED,
        `Cannot accept a frame of type ${frameName(type)}: the type is reserved by HTTP/2`,
      );
    }
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
      const chunk = this.#waiting.shift();
      if (chunk === undefined) return false;
      this.#input = chunk;
      this.#offset = 0;
    }
    return true;
  }
}

/**
 * The integer that is all the payload of a GOAWAY, MAX_PUSH_ID or CANCEL_PUSH frame.
 *
 * @throws {H3Error} H3_FRAME_ERROR when the payload is shorter or longer than that (RFC 9114 §7.1).
 */
export function decodeIdPayload(frame: Frame): number {
  const { type, payload } = frame;
  const id = decodeVarint(payload, 0);
  if (id === INCOMPLETE || varintLength(payload[0]!) !== payload.length) {
    throw new H3Error(
      H3.FRAME_ERROR,
      `Cannot decode ${frameName(type)}: expected one integer, received ${payload.length} bytes`,
    );
  }
  return id;
}

/** Bytes of a frame header. @throws {RangeError} When a number cannot be encoded. */
export function frameHeaderSize(type: number, length: number): number {
  return varintSize(type) + varintSize(length);
}

/**
 * Writes a frame header.
 *
 * @param into Where to; {@linkcode frameHeaderSize} bytes must be free at `offset`.
 * @returns The index after the header, where the payload goes.
 * @throws {RangeError} When a number cannot be encoded.
 */
export function writeFrameHeader(
  type: number,
  length: number,
  into: Uint8Array,
  offset: number,
): number {
  return writeVarint(length, into, writeVarint(type, into, offset));
}

/** A whole frame in an array of its own. @throws {RangeError} When `type` cannot be encoded. */
export function encodeFrame(type: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(frameHeaderSize(type, payload.length) + payload.length);
  bytes.set(payload, writeFrameHeader(type, payload.length, bytes, 0));
  return bytes;
}
