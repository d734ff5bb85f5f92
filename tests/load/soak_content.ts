/**
 * What the soak sends and receives: contents of a few sizes, each made once, and their checksums.
 *
 * @module
 */

import { concat } from "../_support/bytes.ts";
import { pieces, sumOf } from "./content.ts";

/** Sizes of small contents in bytes: nothing, one, and some that fit a packet or a few. */
export const SMALL_SIZES = [0, 1, 100, 1_000, 4_000, 16_000] as const;

/** Sizes of large contents: below and above the 64 KiB that drivers watch, and above what a stream of QUIC has credit for. */
export const LARGE_SIZES = [65_537, 200_000, 500_000, 1_500_000] as const;

/** Bytes of a piece of content that is streamed. */
const PIECE_BYTES = 50_000;

const contents = new Map<number, Uint8Array<ArrayBuffer>>();
const sums = new Map<number, string>();

/** The content of one of the sizes; shared, so never to be written to. */
export function contentOf(size: number): Uint8Array<ArrayBuffer> {
  const known = contents.get(size);
  if (known !== undefined) return known;
  const made = concat([...pieces(size)]);
  contents.set(size, made);
  return made;
}

/** SHA-256 of that content, in hexadecimal digits. */
export function checksumOf(size: number): string {
  const known = sums.get(size);
  if (known !== undefined) return known;
  const made = sumOf(size);
  sums.set(size, made);
  return made;
}

/** That content in pieces; each is a new array, since what is written belongs to whom it was given. */
export function* piecesOf(size: number): Generator<Uint8Array<ArrayBuffer>, void> {
  const content = contentOf(size);
  for (let at = 0; at < size; at += PIECE_BYTES) yield content.slice(at, at + PIECE_BYTES);
}
