/**
 * What a stream of a session begins with.
 *
 * @see {@link https://datatracker.ietf.org/doc/html/draft-ietf-webtrans-http3#section-4.2 | WebTransport over HTTP/3 §4.2, §4.3}
 * @module
 */

import { encodeVarints, STREAM, WEBTRANSPORT_SIGNAL } from "../h3/mod.ts";

/** Whether both sides send on a stream, or only the one that opened it. */
export type StreamKind = "bidirectional" | "unidirectional";

/**
 * First bytes of a stream that we open. The application's follow.
 *
 * @param sessionId Id of the stream of the CONNECT request.
 */
export function streamHeader(kind: StreamKind, sessionId: number): Uint8Array<ArrayBuffer> {
  const signal = kind === "bidirectional" ? WEBTRANSPORT_SIGNAL : STREAM.WEBTRANSPORT;
  return encodeVarints(signal, sessionId);
}
