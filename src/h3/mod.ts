/**
 * HTTP/3 without a transport: frames, settings, priorities, and the state machines of a server's connection.
 *
 * Nothing here reads a socket, a clock or a random number. Bytes of streams go in, in any split; events and bytes to
 * send come out. Whatever a peer does wrong is an {@linkcode H3Error} with the code for the wire.
 *
 * ```ts
 * import { encodeFrame, encodeVarints, FRAME, H3, H3Connection, H3Error } from "jsr:@x/hypercorn/h3";
 *
 * const connection = new H3Connection({
 *   maxFieldSectionSize: 65_536,
 *   qpackTableCapacity: 4096,
 *   qpackBlockedStreams: 16,
 *   maxRequestStreams: 100,
 *   enableConnectProtocol: false,
 *   enableDatagrams: false,
 *   random: 0.5,
 * });
 *
 * // The client's control stream: its type, then SETTINGS.
 * const control = connection.unidirectional(2);
 * control.receive(encodeVarints(0x00), 0);
 * control.receive(encodeFrame(FRAME.SETTINGS, encodeVarints()), 1);
 * console.log(connection.peerSettings?.qpackMaxTableCapacity); // 0
 *
 * // A request: a HEADERS frame with static QPACK entries, then FIN.
 * const request = connection.request(0);
 * const section = Uint8Array.of(0x00, 0x00, 0xd1, 0xd7, 0x50, 0x01, 0x61, 0xc1);
 * request.receive(encodeFrame(FRAME.HEADERS, section), 2);
 * request.finish();
 * for (let event = request.next(); event !== null; event = request.next()) {
 *   if (event.type === "head") console.log(event.head.method, event.head.target); // GET /
 * }
 * const response = request.encodeHead(204, []);
 * console.log(response[0] === FRAME.HEADERS); // true
 * request.close();
 *
 * // A peer that breaks a rule.
 * try {
 *   control.finish();
 * } catch (error) {
 *   console.log(error instanceof H3Error && error.code === H3.CLOSED_CRITICAL_STREAM); // true
 * }
 * ```
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9114 | RFC 9114}
 * @module
 */

export type { HttpVersion, RequestHead } from "../exchange.ts";
export type { Field, FieldList } from "../fields.ts";
export type {
  DecoderOptions,
  EncoderOptions,
  PeerLimits,
  QPACKDecoder,
  QPACKEncoder,
} from "../qpack/mod.ts";
export * from "./capsule.ts";
export * from "./datagram.ts";
export * from "./errors.ts";
export * from "./frames.ts";
export * from "./grease.ts";
export * from "./priority.ts";
export * from "./settings.ts";
export * from "./varint.ts";
export type { Budget } from "./budget.ts";
export { H3Connection, type H3Options, type StreamStarts } from "./connection.ts";
export type {
  ConnectionEvent,
  GoawayEvent,
  PriorityEvent,
  SettingsEvent,
  UnblockedEvent,
} from "./connection_event.ts";
export { type Piece, type PiecePolicy, PieceReader, type Treatment } from "./piece_reader.ts";
export type { RequestContext } from "./request_context.ts";
export type { H3RequestHead } from "./request_head.ts";
export type {
  DataEvent,
  EndEvent,
  HeadEvent,
  RequestEvent,
  RequestStream,
  TrailersEvent,
  WebTransportEvent,
} from "./request_stream.ts";
export { dataFrameHeader } from "./response.ts";
export { STREAM, type UnidirectionalStream } from "./unidirectional.ts";
export { WEBTRANSPORT_SIGNAL, type WebTransportStart } from "./webtransport_signal.ts";
