/**
 * Frames into bytes.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6455#section-5.2 | RFC 6455 §5.2}
 * @module
 */

import { BIT, LENGTH, MAX_HEADER_BYTES, OPCODE } from "./frames.ts";
import { applyMask } from "./mask.ts";

/** A frame to encode. */
export interface FrameContent {
  /** One of {@linkcode OPCODE}. */
  readonly opcode: number;
  /** What it carries; neither kept nor changed. */
  readonly payload: Uint8Array;
  /** Whether it ends its message; default `true`. */
  readonly fin?: boolean;
  /** RSV1: whether it begins a compressed message (RFC 7692 §6); default `false`. */
  readonly compressed?: boolean;
}

/**
 * A whole frame in an array of its own.
 *
 * @param mask Key of the mask, its four bytes as an integer, the first one in the highest bits. Clients need a new one
 * for each frame that nobody can foresee (RFC 6455 §5.3), for servers it is `null`.
 */
export function encodeFrame(
  { opcode, payload, fin = true, compressed = false }: FrameContent,
  mask: number | null = null,
): Uint8Array<ArrayBuffer> {
  const start = headerSize(payload.length, mask);
  const bytes = new Uint8Array(start + payload.length);
  const first = opcode | (fin ? BIT.FIN : 0) | (compressed ? BIT.RSV1 : 0);
  writeHeader(bytes, 0, { first, length: payload.length, mask });
  bytes.set(payload, start);
  if (mask !== null) applyMask(bytes.subarray(start), mask);
  return bytes;
}

const utf8 = new TextEncoder();

/** Where short text is encoded, after room for a header: an array made for each would take longer than all the rest. */
const scratch = new Uint8Array(MAX_HEADER_BYTES + 16 * 1024);
const scratchText = scratch.subarray(MAX_HEADER_BYTES);

/** Bytes of UTF-8 that a code unit of a string takes at most. */
const MAX_UNIT_BYTES = 3;

/**
 * A text message in one frame, as {@linkcode encodeFrame} has it. Lone surrogates become U+FFFD.
 *
 * @param mask As there.
 */
export function encodeTextFrame(text: string, mask: number | null = null): Uint8Array<ArrayBuffer> {
  if (text.length * MAX_UNIT_BYTES > scratchText.length) {
    return encodeFrame({ opcode: OPCODE.TEXT, payload: utf8.encode(text) }, mask);
  }
  const length = utf8.encodeInto(text, scratchText).written;
  const size = headerSize(length, mask);
  const start = MAX_HEADER_BYTES - size;
  writeHeader(scratch, start, { first: OPCODE.TEXT | BIT.FIN, length, mask });
  const bytes = scratch.slice(start, MAX_HEADER_BYTES + length);
  if (mask !== null) applyMask(bytes.subarray(size), mask);
  return bytes;
}

function headerSize(length: number, mask: number | null): number {
  const extended = length < LENGTH.TWO_BYTES ? 0 : length < 2 ** 16 ? 2 : 8;
  return 2 + extended + (mask === null ? 0 : 4);
}

/** The numbers of a header; `first` is its first byte. */
interface Header {
  readonly first: number;
  readonly length: number;
  readonly mask: number | null;
}

function writeHeader(into: Uint8Array, at: number, { first, length, mask }: Header): void {
  const masked = mask === null ? 0 : BIT.MASK;
  into[at++] = first;
  if (length < LENGTH.TWO_BYTES) {
    into[at++] = masked | length;
  } else if (length < 2 ** 16) {
    into[at++] = masked | LENGTH.TWO_BYTES;
    into[at++] = length >>> 8;
    into[at++] = length;
  } else {
    into[at++] = masked | LENGTH.EIGHT_BYTES;
    at = writeUint32(into, at, Math.floor(length / 2 ** 32));
    at = writeUint32(into, at, length);
  }
  if (mask !== null) writeUint32(into, at, mask);
}

function writeUint32(into: Uint8Array, at: number, value: number): number {
  into[at++] = value >>> 24;
  into[at++] = value >>> 16;
  into[at++] = value >>> 8;
  into[at++] = value;
  return at;
}
