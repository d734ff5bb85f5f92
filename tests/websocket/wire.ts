/**
 * Frames of WebSockets as a client puts them on the wire, right or wrong: written apart from `src`, so that one can judge
 * the other.
 *
 * @module
 */

import { concat } from "../_support/bytes.ts";

/** A frame, in which everything may be wrong. */
export interface WireFrame {
  readonly opcode: number;
  /** Default: none. */
  readonly payload?: Uint8Array;
  /** Default: `true`. */
  readonly fin?: boolean;
  /** The three reserved bits as a number; default 0. */
  readonly rsv?: number;
  /** Key of the mask, `null` for an unmasked frame; default {@linkcode KEY}. */
  readonly key?: Uint8Array | null;
  /** Bytes of the length: 0, 2 or 8; default: as few as do. */
  readonly lengthBytes?: 0 | 2 | 8;
  /** What the length says; default: the truth. */
  readonly length?: bigint;
}

/** The mask of all frames that do not say otherwise: four bytes that differ. */
export const KEY = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d);

/** Bytes of a frame. */
export function frameBytes(frame: WireFrame): Uint8Array<ArrayBuffer> {
  const { opcode, payload = new Uint8Array(0), fin = true, rsv = 0, key = KEY } = frame;
  const { length = BigInt(payload.length), lengthBytes = fewest(length) } = frame;
  const bits = lengthBytes === 0 ? Number(length) : lengthBytes === 2 ? 126 : 127;
  const extended = Array.from(
    { length: lengthBytes },
    (_, index) => Number(length >> BigInt(8 * (lengthBytes - 1 - index)) & 0xffn),
  );
  return concat([
    Uint8Array.of((fin ? 0x80 : 0) | rsv << 4 | opcode, (key ? 0x80 : 0) | bits, ...extended),
    key ?? new Uint8Array(0),
    key ? payload.map((byte, index) => byte ^ key[index % 4]!) : payload,
  ]);
}

function fewest(length: bigint): 0 | 2 | 8 {
  return length < 126n ? 0 : length < 65_536n ? 2 : 8;
}

/** Bytes of several frames. */
export function framesBytes(frames: readonly WireFrame[]): Uint8Array<ArrayBuffer> {
  return concat(frames.map(frameBytes));
}

/** `bytes` in new arrays of `size` bytes each, the last one of fewer. */
export function chop(bytes: Uint8Array, size: number): Uint8Array<ArrayBuffer>[] {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for (let start = 0; start < bytes.length; start += size) {
    chunks.push(bytes.slice(start, start + size));
  }
  return chunks;
}

/** UTF-8. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** Payload of a Close frame. */
export function closePayload(code: number, reason: string | Uint8Array = ""): Uint8Array {
  const text = typeof reason === "string" ? utf8(reason) : reason;
  return concat([Uint8Array.of(code >> 8, code & 0xff), text]);
}
