/**
 * Capsules: typed messages inside the content of an upgraded request.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9297#section-3 | RFC 9297 §3}
 * @module
 */

import { H3, H3Error } from "./errors.ts";
import { encodeFrame } from "./frames.ts";
import { type Piece, PieceReader } from "./piece_reader.ts";

/** Capsule types (RFC 9297 §3.5). */
export const CAPSULE = {
  DATAGRAM: 0x00,
} as const;

/** What a {@linkcode CapsuleReader} passes on. */
export interface CapsuleReaderOptions {
  /** Types that are wanted. Others are skipped, as RFC 9297 §3.2 asks for. */
  readonly types: ReadonlySet<number>;
  /** Bytes of a capsule's value; a larger capsule is skipped without being held (RFC 9297 §3.5). */
  readonly maxValueSize: number;
}

/** A capsule with its whole value. */
export type Capsule = Piece;

/**
 * The capsules in the content of one request.
 *
 * @example
 * ```ts
 * import { CAPSULE, CapsuleReader, encodeCapsule } from "jsr:@x/hypercorn/h3";
 *
 * const reader = new CapsuleReader({ types: new Set([CAPSULE.DATAGRAM]), maxValueSize: 1200 });
 * reader.receive(encodeCapsule(CAPSULE.DATAGRAM, new Uint8Array(3)));
 * console.log(reader.next()?.payload.length); // 3
 * ```
 */
export class CapsuleReader extends PieceReader {
  /** Makes a reader. @param options What to pass on. */
  constructor({ types, maxValueSize }: CapsuleReaderOptions) {
    super({
      admit: (type, length) => types.has(type) && length <= maxValueSize ? "whole" : "skip",
    });
  }

  /**
   * The content ended. Call it when `next()` has returned `null`.
   *
   * @throws {H3Error} H3_MESSAGE_ERROR of the stream when the last capsule is truncated (RFC 9297 §3.3).
   */
  finish(): void {
    if (!this.inside) return;
    throw new H3Error(H3.MESSAGE_ERROR, "Cannot read the capsules: the content ends inside one", {
      scope: "stream",
      status: 400,
    });
  }
}

/** A capsule in an array of its own; it has the shape of a frame. @throws {RangeError} When `type` cannot be encoded. */
export function encodeCapsule(type: number, value: Uint8Array): Uint8Array<ArrayBuffer> {
  return encodeFrame(type, value);
}
