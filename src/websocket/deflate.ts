/**
 * Compression of messages (permessage-deflate): what it asks of a codec, and what is done around it.
 *
 * Every message is compressed by itself: the contexts that could be kept from one to the next cost each WebSocket some
 * 300 KB, and are agreed away in the handshake (`deflate_offer.ts`).
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7692#section-7.2 | RFC 7692 §7.2}
 * @module
 */

import { CLOSE, WebSocketError } from "./errors.ts";

/**
 * DEFLATE without a wrapper (RFC 1951), as platforms have it. Keeps nothing between calls.
 *
 * @example With `node:zlib`
 * ```ts
 * import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
 * import type { DeflateCodec } from "jsr:@x/hypercorn/websocket";
 *
 * const finishFlush = constants.Z_SYNC_FLUSH;
 * const codec: DeflateCodec = {
 *   deflate: (data, windowBits) => deflateRawSync(data, { windowBits, finishFlush }),
 *   inflate(data, limit) {
 *     try {
 *       return inflateRawSync(data, { finishFlush, maxOutputLength: limit });
 *     } catch (error) {
 *       if (error instanceof RangeError) return null; // more than the limit
 *       throw error;
 *     }
 *   },
 * };
 * ```
 */
export interface DeflateCodec {
  /**
   * Compresses `data` up to a sync flush, so that it ends with an empty stored block: `00 00 ff ff`.
   *
   * @param windowBits Logarithm of the window to stay in, 9 to 15.
   */
  deflate(data: Uint8Array, windowBits: number): Uint8Array;
  /**
   * Decompresses `data`, which ends at a sync flush or after a final block; what follows one is ignored.
   *
   * @param limit Bytes that may come out.
   * @returns `null` when there are more; it stops there and holds no more than that.
   * @throws Anything when `data` is not DEFLATE.
   */
  inflate(data: Uint8Array, limit: number): Uint8Array | null;
}

/** What was agreed on, and who does it. */
export interface DeflateOptions {
  /** Does the work. */
  readonly codec: DeflateCodec;
  /** Logarithm of the window that the peer wants us to stay in when we compress, 9 to 15. */
  readonly windowBits: number;
}

/** End of a sync flush, which is left out on the wire (RFC 7692 §7.2.1). */
export const FLUSH_TAIL: Uint8Array = Uint8Array.of(0x00, 0x00, 0xff, 0xff);

/** Compresses a message. @returns `null` when it would not become smaller. */
export function deflateMessage(
  data: Uint8Array,
  { codec, windowBits }: DeflateOptions,
): Uint8Array | null {
  const deflated = codec.deflate(data, windowBits);
  const size = deflated.length - FLUSH_TAIL.length;
  return size < data.length ? deflated.subarray(0, size) : null;
}

/**
 * Decompresses a message.
 *
 * @param data What came, then {@linkcode FLUSH_TAIL} (RFC 7692 §7.2.2).
 * @param limit Bytes that may come out.
 * @throws {WebSocketError} 1009 when it is larger, 1007 when it is not DEFLATE.
 */
export function inflateMessage(data: Uint8Array, limit: number, codec: DeflateCodec): Uint8Array {
  const inflated = attemptInflate(data, limit, codec);
  if (inflated !== null) return inflated;
  throw new WebSocketError(
    CLOSE.TOO_LARGE,
    `Cannot accept the message: more than ${limit} bytes when decompressed`,
  );
}

function attemptInflate(data: Uint8Array, limit: number, codec: DeflateCodec): Uint8Array | null {
  try {
    return codec.inflate(data, limit);
  } catch (cause) {
    throw new WebSocketError(
      CLOSE.INVALID_DATA,
      "Cannot accept the message: it is marked as compressed and is not DEFLATE",
      { cause },
    );
  }
}

/**
 * Bytes that a message of `size` bytes may have when compressed: DEFLATE adds five bytes to each block that it cannot
 * make smaller, and those of zlib have 16 KiB and more, unless it was told to do with little memory.
 */
export function maxDeflatedSize(size: number): number {
  return size + Math.ceil(size / 1024) + 64;
}
