/**
 * Capsules of a WebTransport session: which there are, and how large they may be.
 *
 * @see {@link https://datatracker.ietf.org/doc/html/draft-ietf-webtrans-http3#section-6 | WebTransport over HTTP/3 §6}
 * @module
 */

import { CAPSULE, H3, H3Error, type PiecePolicy, type Treatment } from "../h3/mod.ts";
import { MAX_CAPSULE_DATAGRAM_BYTES, MAX_CLOSE_REASON_BYTES } from "./limits.ts";

/** Capsule types. Those of flow control are not here: it was not negotiated, so they are skipped (§5.1). */
export const SESSION_CAPSULE = {
  DATAGRAM: CAPSULE.DATAGRAM,
  /** WT_CLOSE_SESSION (§6). */
  CLOSE: 0x2843,
  /** WT_DRAIN_SESSION (§4.7). */
  DRAIN: 0x78ae,
  /** WT_MAX_STREAM_DATA of WebTransport over HTTP/2, which QUIC does itself (§5.4). */
  MAX_STREAM_DATA: 0x190b4d3e,
  /** WT_STREAM_DATA_BLOCKED, likewise. */
  STREAM_DATA_BLOCKED: 0x190b4d42,
} as const;

/** Bytes of the code in a CLOSE capsule. */
export const CODE_BYTES = 4;

/** Judges capsules by their header, before any of the value is kept. Unknown ones are skipped (RFC 9297 §3.2). */
export class SessionPolicy implements PiecePolicy {
  readonly #charge: () => void;
  #useless = 0;

  /** @param charge Called for each capsule that does nothing, except the first. */
  constructor(charge: () => void) {
    this.#charge = charge;
  }

  admit(type: number, length: number): Treatment {
    switch (type) {
      case SESSION_CAPSULE.DATAGRAM:
        if (length === 0) this.#addUseless();
        return length <= MAX_CAPSULE_DATAGRAM_BYTES ? "whole" : this.#skip();
      case SESSION_CAPSULE.CLOSE:
        if (length >= CODE_BYTES && length <= CODE_BYTES + MAX_CLOSE_REASON_BYTES) return "whole";
        throw broken(
          `a close capsule of ${length} bytes, expected ${CODE_BYTES} to ${
            CODE_BYTES + MAX_CLOSE_REASON_BYTES
          }`,
        );
      case SESSION_CAPSULE.DRAIN:
        this.#addUseless(); // as are all but the first
        if (length === 0) return "whole";
        throw broken(`a drain capsule of ${length} bytes, expected none`);
      case SESSION_CAPSULE.MAX_STREAM_DATA:
      case SESSION_CAPSULE.STREAM_DATA_BLOCKED:
        throw broken(`a capsule of type 0x${type.toString(16)}, as QUIC itself limits streams`);
      default:
        return this.#skip();
    }
  }

  #skip(): Treatment {
    this.#addUseless();
    return "skip";
  }

  /** Chromium has one of a reserved type in every session, which is to cost it nothing. */
  #addUseless(): void {
    if (this.#useless++ > 0) this.#charge();
  }
}

/** A capsule that ends its session, uncleanly (RFC 9297 §3.3). */
export function broken(what: string, options?: ErrorOptions): H3Error {
  return new H3Error(H3.MESSAGE_ERROR, `Cannot accept the capsules of a session: ${what}`, {
    ...options,
    scope: "stream",
  });
}
