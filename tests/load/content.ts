/**
 * Content that is worth a checksum: no piece like another, so nothing can be lost, doubled or swapped unseen.
 *
 * @module
 */

import { createHash } from "node:crypto";

/** Bytes of a piece: a prime, so that the borders drift through every buffer size on the way. */
const PIECE_BYTES = 65_521;

/** Pieces of `size` bytes in all; each is a new array, since what is written belongs to the server. */
export function* pieces(size: number): Generator<Uint8Array<ArrayBuffer>, void> {
  const random = new Uint32Array(Math.ceil(PIECE_BYTES / 4));
  let state = 1;
  for (let word = 0; word < random.length; word++) {
    state = Math.imul(state, 1_664_525) + 1_013_904_223 >>> 0; // a linear congruential generator
    random[word] = state;
  }
  const pattern = new Uint8Array(random.buffer);
  for (let left = size, number = 0; left > 0; left -= PIECE_BYTES, number++) {
    const piece = pattern.slice(0, Math.min(left, PIECE_BYTES));
    if (piece.length >= 4) new DataView(piece.buffer).setUint32(0, number);
    yield piece;
  }
}

/** SHA-256 of those bytes, in hexadecimal digits. */
export function sumOf(size: number): string {
  const hash = createHash("sha256");
  for (const piece of pieces(size)) hash.update(piece);
  return hash.digest("hex");
}
