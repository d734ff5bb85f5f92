/**
 * Frames: what a stream is made of.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9114#section-7 | RFC 9114 §7}
 * @module
 */

import { H3, H3Error } from "./errors.ts";
import { type Piece, type PiecePolicy, PieceReader } from "./piece_reader.ts";
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

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(FRAME).map(([name, type]) => [type, name]),
);

/** Name of a frame type for messages, e.g. `"SETTINGS"`; `"0x21"` for an unknown one. */
export function frameName(type: number): string {
  return NAMES.get(type) ?? `0x${type.toString(16)}`;
}

/** Says whether `type` is one of {@linkcode FRAME}; all others are to be ignored (RFC 9114 §9). */
export function isKnownFrameType(type: number): boolean {
  return NAMES.has(type);
}

/** Says whether `type` belonged to a frame of HTTP/2 that has no place here (RFC 9114 §7.2.8). */
export function isReservedFrameType(type: number): boolean {
  return type === 0x02 || type === 0x06 || type === 0x08 || type === 0x09;
}

/**
 * What a stream makes of the frames on it; see {@linkcode PiecePolicy.admit}. Types reserved by HTTP/2 never get there.
 */
export type FramePolicy = PiecePolicy;

/** A frame, or a part of one that is passed on in parts. Its type is one of {@linkcode FRAME}. */
export type Frame = Piece;

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
export class FrameReader extends PieceReader {
  /** Makes a reader. @param policy Asked about every frame. */
  constructor(policy: FramePolicy) {
    super({
      admit(type, length) {
        refuseReserved(type);
        return policy.admit(type, length);
      },
    });
  }

  /**
   * The stream ended with FIN. Call it when `next()` has returned `null`.
   *
   * @throws {H3Error} H3_FRAME_ERROR when the last frame is truncated (RFC 9114 §7.1).
   */
  finish(): void {
    if (!this.inside) return;
    throw new H3Error(H3.FRAME_ERROR, "Cannot read the stream: it ends inside a frame");
  }
}

function refuseReserved(type: number): void {
  if (!isReservedFrameType(type)) return;
  throw new H3Error(
    H3.FRAME_UNEXPECTED,
    `Cannot accept a frame of type ${frameName(type)}: the type is reserved by HTTP/2`,
  );
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
