/**
 * DEFLATE by the platform's zlib.
 *
 * @module
 */

import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import type { DeflateCodec } from "../../src/websocket/mod.ts";

/** The codec that a server would use. */
export const ZLIB: DeflateCodec = {
  deflate: (data, windowBits) =>
    deflateRawSync(data, { windowBits, finishFlush: constants.Z_SYNC_FLUSH }),
  inflate(data, limit) {
    try {
      return inflateRawSync(data, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: limit });
    } catch (error) {
      if ((error as { code?: string }).code === "ERR_BUFFER_TOO_LARGE") return null;
      throw error;
    }
  },
};
