/**
 * How a stream says that it belongs to a WebTransport session and is none of HTTP/3's: a number, then the session.
 *
 * @see {@link https://datatracker.ietf.org/doc/html/draft-ietf-webtrans-http3#section-4.3 | WebTransport over HTTP/3 §4.3}
 * @module
 */

import type { Budget } from "./budget.ts";
import { H3, H3Error } from "./errors.ts";
import { frameHeaderSize } from "./frames.ts";

/**
 * First bytes of a stream in both directions. It has the number of a frame, but no length: all that follows the session
 * id is the application's.
 */
export const WEBTRANSPORT_SIGNAL = 0x41;

/** The beginning of a stream of a WebTransport session. */
export interface WebTransportStart {
  /** Id of the stream of the CONNECT request: a multiple of 4. There may be no such session. */
  readonly sessionId: number;
  /** What came so far of what follows, maybe nothing. */
  readonly rest: Uint8Array;
}

/**
 * Judges the session id of a stream (draft-ietf-webtrans-http3 §4).
 *
 * @param streamLimit Request streams that the client may have opened by now, at most.
 * @throws {H3Error} H3_ID_ERROR for the connection when the client cannot have a request there.
 */
export function checkSessionId(sessionId: number, streamLimit: number): void {
  if (sessionId % 4 === 0 && sessionId / 4 < streamLimit) return;
  throw new H3Error(
    H3.ID_ERROR,
    `Cannot accept a stream of WebTransport session ${sessionId}: expected a request stream below ${
      4 * streamLimit
    }`,
  );
}

/** Where else the signal comes it is no frame to be skipped, as nobody knows where it would end. */
export function misplacedSignal(where: string): H3Error {
  return new H3Error(
    H3.FRAME_ERROR,
    `Cannot accept the signal of a WebTransport stream ${where}: expected it to begin a stream`,
  );
}

/** Makes a start, which is as useful as any content. */
export function startOf(sessionId: number, rest: Uint8Array, budget: Budget): WebTransportStart {
  budget.use(frameHeaderSize(WEBTRANSPORT_SIGNAL, sessionId) + rest.length);
  return { sessionId, rest };
}
