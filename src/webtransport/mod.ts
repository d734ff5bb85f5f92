/**
 * WebTransport over HTTP/3 without a transport: capsules of a session, beginnings of its streams, datagrams that wait,
 * error codes, protocols.
 *
 * As in `h3`, nothing here reads a socket, a clock or a random number. What tells a stream of a session from a request is
 * in `h3`, for it is read before either is known.
 *
 * ```ts
 * import { SessionMachine, streamHeader } from "jsr:@x/hypercorn/webtransport";
 *
 * const [client, server] = [new SessionMachine(), new SessionMachine()];
 * const { capsule } = client.close(7, "bye"); // content of the CONNECT request; then FIN
 * server.receive(capsule);
 * for (let event = server.next(); event !== null; event = server.next()) {
 *   if (event.type === "close") console.log(event.code, event.reason); // 7 bye
 * }
 *
 * // A stream of the session whose CONNECT request came on stream 4 begins so, then follows what its application sends.
 * console.log(streamHeader("unidirectional", 4)); // Uint8Array(3) [ 64, 84, 4 ]
 * ```
 *
 * @see {@link https://datatracker.ietf.org/doc/html/draft-ietf-webtrans-http3 | WebTransport over HTTP/3}
 * @see {@link https://www.rfc-editor.org/rfc/rfc9297 | RFC 9297}
 * @module
 */

export { applicationCode, httpCode } from "./codes.ts";
export { DatagramQueue } from "./datagram_queue.ts";
export { MAX_CLOSE_REASON_BYTES } from "./limits.ts";
export { parseAvailableProtocols, serializeProtocol } from "./protocols.ts";
export {
  type CloseReceived,
  type DatagramCapsule,
  type DrainReceived,
  type SessionClose,
  type SessionEvent,
  SessionMachine,
} from "./session_machine.ts";
export { streamHeader, type StreamKind } from "./stream_header.ts";
export { WEBTRANSPORT_TOKENS } from "./tokens.ts";
