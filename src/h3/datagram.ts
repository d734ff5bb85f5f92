/**
 * HTTP Datagrams in QUIC DATAGRAM frames: a quarter of the stream id, then the payload.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9297#section-2.1 | RFC 9297 §2.1}
 * @module
 */

import { H3, H3Error } from "./errors.ts";
import { decodeVarint, INCOMPLETE, varintLength, varintSize, writeVarint } from "./varint.ts";

/** A datagram that belongs to a request. */
export interface HttpDatagram {
  /** Id of the request stream; at most `Number.MAX_SAFE_INTEGER`, which is none. */
  readonly streamId: number;
  /** What the datagram carries, a view of the bytes received. */
  readonly payload: Uint8Array;
}

/** First byte of the smallest quarter stream id that is too large, 2^60. */
const TOO_LARGE = 0xd0;

/**
 * Decodes the data of a QUIC DATAGRAM frame.
 *
 * @throws {H3Error} H3_DATAGRAM_ERROR when the quarter stream id is missing or above 2^60 - 1.
 */
export function decodeDatagram(bytes: Uint8Array): HttpDatagram {
  const quarter = decodeVarint(bytes, 0);
  if (quarter === INCOMPLETE || bytes[0]! >= TOO_LARGE) {
    throw new H3Error(
      H3.DATAGRAM_ERROR,
      `Cannot decode a datagram of ${bytes.length} bytes: it has no valid quarter stream id`,
    );
  }
  const streamId = Math.min(quarter * 4, Number.MAX_SAFE_INTEGER);
  return { streamId, payload: bytes.subarray(varintLength(bytes[0]!)) };
}

/**
 * Data for a QUIC DATAGRAM frame.
 *
 * @param streamId Id of a request stream.
 * @throws {RangeError} When `streamId` is no multiple of 4 that can be encoded.
 */
export function encodeDatagram(streamId: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(varintSize(streamId / 4) + payload.length);
  bytes.set(payload, writeVarint(streamId / 4, bytes, 0));
  return bytes;
}
