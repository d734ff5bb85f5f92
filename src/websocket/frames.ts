/**
 * Frames: what both directions of a WebSocket are made of.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6455#section-5.2 | RFC 6455 §5.2}
 * @module
 */

/** Kinds of frames (RFC 6455 §11.8). */
export const OPCODE = {
  /** Goes on with a message. */
  CONTINUATION: 0x0,
  /** Begins a message of UTF-8. */
  TEXT: 0x1,
  /** Begins a message of bytes. */
  BINARY: 0x2,
  /** Begins or answers the close handshake. */
  CLOSE: 0x8,
  /** Asks for a pong. */
  PING: 0x9,
  /** Answers a ping, or is a sign of life that nobody asked for. */
  PONG: 0xa,
} as const;

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(OPCODE).map(([name, opcode]) => [opcode, name.toLowerCase()]),
);

/** Name of an opcode for messages, e.g. `"ping"`; `"0x3"` for a reserved one. */
export function opcodeName(opcode: number): string {
  return NAMES.get(opcode) ?? `0x${opcode.toString(16)}`;
}

/** Says whether `opcode` is one of {@linkcode OPCODE}. */
export function isKnownOpcode(opcode: number): boolean {
  return NAMES.has(opcode);
}

/** Says whether frames with `opcode` may come between those of a message (RFC 6455 §5.5). */
export function isControl(opcode: number): boolean {
  return opcode >= 0x8;
}

/** Which end of the WebSocket this is: clients mask what they send, servers do not (RFC 6455 §5.1). */
export type Role = "server" | "client";

/** Bytes of payload a control frame may have (RFC 6455 §5.5). */
export const MAX_CONTROL_BYTES = 125;

/** Bits of the first two bytes. */
export const BIT = { FIN: 0x80, RSV1: 0x40, RSV2: 0x20, RSV3: 0x10, MASK: 0x80 } as const;

/** Values of the 7 bits of length that say how many bytes the length itself has. */
export const LENGTH = { TWO_BYTES: 126, EIGHT_BYTES: 127 } as const;

/** The largest header: two bytes, eight of length, four of mask. */
export const MAX_HEADER_BYTES = 14;
