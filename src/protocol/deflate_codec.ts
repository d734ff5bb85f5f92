/**
 * DEFLATE by the runtime's zlib, for compressed WebSocket messages.
 *
 * Each call makes its zlib state and frees it: 0.3 MB while a message is compressed, 40 KB while one is decompressed, and
 * nothing in between, so that a WebSocket which is silent costs what it costs without compression. It is done in the
 * event loop: 10 µs for a small message, about 30 ms for each MiB that is compressed and 2 ms for each that comes out of
 * decompression.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc1951 | RFC 1951}
 * @module
 */

import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import type { DeflateCodec } from "../websocket/mod.ts";

const finishFlush = constants.Z_SYNC_FLUSH;

/** The codec of all WebSockets. */
export const ZLIB: DeflateCodec = {
  deflate: (data, windowBits) => plain(deflateRawSync(data, { windowBits, finishFlush })),
  inflate(data, limit) {
    try {
      return plain(inflateRawSync(data, { finishFlush, maxOutputLength: limit }));
    } catch (error) {
      if (error instanceof RangeError) return null; // it gave up before it held more
      throw error;
    }
  },
};

/**
 * The bytes of a `Buffer`, which applications are not to see. Small results are views of blocks of 16 KiB, which they
 * would keep in memory.
 */
function plain(bytes: Uint8Array<ArrayBufferLike>): Uint8Array {
  const { buffer, byteOffset, byteLength } = bytes;
  if (byteLength < buffer.byteLength / 2) return new Uint8Array(bytes);
  return new Uint8Array(buffer, byteOffset, byteLength);
}
