/**
 * Streams and datagrams that came before their session was accepted: packets overtake each other, and clients need not
 * wait for the answer before they send.
 *
 * @see {@link https://datatracker.ietf.org/doc/html/draft-ietf-webtrans-http3#section-4.6 | WebTransport over HTTP/3 §4.6}
 * @module
 */

import { WEBTRANSPORT_MAX_EARLY } from "../limits.ts";
import type { IncomingStream } from "./webtransport_streams.ts";

/** What came for one session. */
export interface EarlyArrivals {
  /** Streams, in order. */
  readonly streams: IncomingStream[];
  /** Datagrams, in order. */
  readonly datagrams: Uint8Array[];
}

const NONE: EarlyArrivals = { streams: [], datagrams: [] };

/** Holds what came early on one connection. Streams are not read meanwhile. */
export class EarlyQueue {
  readonly #sessions = new Map<number, EarlyArrivals>();
  #streams = 0;
  #datagrams = 0;

  /** Streams that are held. */
  get streams(): number {
    return this.#streams;
  }

  /** Holds a stream; `false` when there are too many. */
  addStream(sessionId: number, stream: IncomingStream): boolean {
    if (this.#streams >= WEBTRANSPORT_MAX_EARLY) return false;
    this.#streams++;
    this.#of(sessionId).streams.push(stream);
    return true;
  }

  /** Holds a datagram, or drops it when there are too many. */
  addDatagram(sessionId: number, payload: Uint8Array): void {
    if (this.#datagrams >= WEBTRANSPORT_MAX_EARLY) return;
    this.#datagrams++;
    this.#of(sessionId).datagrams.push(payload);
  }

  /** Takes what came for a session. */
  take(sessionId: number): EarlyArrivals {
    if (this.#sessions.size === 0) return NONE; // as nearly always
    const arrivals = this.#sessions.get(sessionId);
    if (arrivals === undefined) return NONE;
    this.#sessions.delete(sessionId);
    this.#streams -= arrivals.streams.length;
    this.#datagrams -= arrivals.datagrams.length;
    return arrivals;
  }

  #of(sessionId: number): EarlyArrivals {
    let arrivals = this.#sessions.get(sessionId);
    if (arrivals === undefined) {
      this.#sessions.set(sessionId, arrivals = { streams: [], datagrams: [] });
    }
    return arrivals;
  }
}
