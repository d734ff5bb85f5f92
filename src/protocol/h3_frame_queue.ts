/**
 * Frames that wait for a stream, handed out in large pieces.
 *
 * @module
 */

import { dataFrameHeader } from "../h3/mod.ts";

/** A piece handed out, in bytes: what one write carries best on Deno 2.9. */
export const PIECE_BYTES = 64 * 1024;

/** Room in a piece for the header of its DATA frame. */
const MAX_DATA_HEADER = 8;

/** Frames and content in order. Content gets its frame headers on the way out: one for all that waits by then. */
export class FrameQueue {
  readonly #items: { bytes: Uint8Array; readonly data: boolean }[] = [];
  #size = 0;
  #taken = 0;

  /** Bytes that wait, without headers of DATA frames. */
  get size(): number {
    return this.#size;
  }

  /** Bytes of content in the piece taken last. */
  get taken(): number {
    return this.#taken;
  }

  /** Appends a whole frame, header included. */
  pushFrame(frame: Uint8Array): void {
    this.#items.push({ bytes: frame, data: false });
    this.#size += frame.byteLength;
  }

  /** Appends content that is to become DATA. */
  pushData(bytes: Uint8Array): void {
    if (bytes.byteLength === 0) return;
    this.#items.push({ bytes, data: true });
    this.#size += bytes.byteLength;
  }

  /** Takes the next piece, at most about {@linkcode PIECE_BYTES}; `null` when nothing waits. */
  take(): Uint8Array | null {
    const parts: Uint8Array[] = [];
    let total = 0;
    this.#taken = 0;
    while (this.#items.length > 0 && total < PIECE_BYTES) {
      if (this.#items[0]!.data) {
        const room = PIECE_BYTES - total - MAX_DATA_HEADER;
        if (room <= 0) break;
        total += this.#takeData(parts, room);
      } else {
        const { bytes } = this.#items.shift()!;
        this.#size -= bytes.byteLength;
        parts.push(bytes);
        total += bytes.byteLength;
      }
    }
    if (parts.length === 0) return null;
    return parts.length === 1 ? parts[0]! : concat(parts, total);
  }

  /** Drops everything. */
  clear(): void {
    this.#items.length = 0;
    this.#size = 0;
  }

  /** One DATA frame of the content in front; returns its size with header. */
  #takeData(parts: Uint8Array[], room: number): number {
    const headerIndex = parts.length;
    parts.push(EMPTY); // the header, when the length is known
    let length = 0;
    while (length < room && this.#items[0]?.data) {
      const item = this.#items[0];
      const taken = item.bytes.subarray(0, room - length);
      if (taken.byteLength === item.bytes.byteLength) this.#items.shift();
      else item.bytes = item.bytes.subarray(taken.byteLength);
      parts.push(taken);
      length += taken.byteLength;
    }
    this.#size -= length;
    this.#taken += length;
    const header = parts[headerIndex] = dataFrameHeader(length);
    return header.byteLength + length;
  }
}

const EMPTY = new Uint8Array(0);

function concat(parts: readonly Uint8Array[], total: number): Uint8Array {
  const all = new Uint8Array(total);
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.byteLength;
  }
  return all;
}
