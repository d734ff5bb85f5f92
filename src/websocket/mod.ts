/**
 * WebSockets without a transport: frames, messages, the close handshake, compression.
 *
 * Nothing here reads a socket, a clock or a random number. Bytes of the stream go in, in any split; events and bytes to
 * send come out. What a peer does wrong ends the WebSocket with a {@linkcode WebSocketError} in its last event and the
 * error's code in our Close frame.
 *
 * ```ts
 * import { encodeFrame, OPCODE, WebSocketMachine } from "jsr:@x/hypercorn/websocket";
 *
 * const socket = new WebSocketMachine({
 *   role: "server",
 *   maxMessageSize: 16 * 1024 * 1024,
 *   closeTimeout: 5_000,
 * }, 0);
 *
 * const payload = new TextEncoder().encode("hello");
 * socket.receive(encodeFrame({ opcode: OPCODE.TEXT, payload }, 0x01020304), 1); // as a client masks it
 * for (let event = socket.next(); event !== null; event = socket.next()) {
 *   if (event.type === "message") socket.send(event.data);
 * }
 * for (let bytes = socket.take(); bytes !== null; bytes = socket.take()) {
 *   console.log(bytes.length); // 7: a header of two bytes, and "hello"
 * }
 * ```
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6455 | RFC 6455}
 * @see {@link https://www.rfc-editor.org/rfc/rfc9220 | RFC 9220}
 * @module
 */

export { CLOSE, WebSocketError } from "./errors.ts";
export type {
  Closed,
  MachineEvent,
  MessageReceived,
  PingReceived,
  PongReceived,
} from "./events.ts";
export type { CloseStatus } from "./close_payload.ts";
export type { DeflateCodec, DeflateOptions } from "./deflate.ts";
export { acceptDeflate, type DeflateAgreement } from "./deflate_offer.ts";
export { type Extension, parseExtensions } from "./extensions.ts";
export { OPCODE, type Role } from "./frames.ts";
export {
  type FrameHeader,
  type FramePart,
  FrameReader,
  type FrameReaderOptions,
} from "./frame_reader.ts";
export { encodeFrame, encodeTextFrame, type FrameContent } from "./frame_writer.ts";
export { MAX_FRAGMENTS } from "./limits.ts";
export {
  type CloseOptions,
  type MachineOptions,
  type MachineState,
  WebSocketMachine,
} from "./machine.ts";
export type { MaskSource } from "./message_writer.ts";
