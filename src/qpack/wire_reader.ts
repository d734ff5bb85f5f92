/**
 * Reads integers and string literals from bytes that a peer sent (RFC 9204 §4.1).
 *
 * @module
 */

import { decodeHuffman, HUFFMAN_PROBLEMS, HUFFMAN_TOO_LONG } from "./huffman_decode.ts";
import { INCOMPLETE, readInteger } from "./prefix_int.ts";
import { latin1 } from "./latin1.ts";

const NOTHING = new Uint8Array(0);

/** Receives decoded text; shared by all readers, as decoding never waits. */
let scratch = new Uint8Array(512);

/** Part of a field line, for messages. */
export type Part = "name" | "value";

/** A place in some bytes. What happens to a bad literal depends on where the bytes are from, so subclasses say it. */
export abstract class WireReader {
  /** What is read. */
  bytes: Uint8Array = NOTHING;
  /** Index of the next byte. */
  position = 0;
  /** Index after the last byte. */
  end = 0;

  /** Starts to read something else. */
  load(bytes: Uint8Array, position = 0, end: number = bytes.length): void {
    this.bytes = bytes;
    this.position = position;
    this.end = end;
  }

  /** The bytes end inside an integer or a string. Returns when more of them may come, throws otherwise. */
  protected abstract incomplete(): void;

  /** An integer or a string is not what the RFC allows. */
  protected abstract malformed(problem: string): never;

  /** A string is longer than its limit; `length` is what is known of it for sure. */
  protected abstract tooLong(part: Part, length: number, limit: number): never;

  /**
   * Reads an integer whose last `prefixBits` bits of the first byte belong to it.
   *
   * @returns The value, or -1 when the bytes end inside it; then the position is unchanged.
   */
  integer(prefixBits: number): number {
    const value = readInteger(this, prefixBits);
    if (value >= 0) return value;
    if (value !== INCOMPLETE) this.malformed("an integer has more than 62 bits");
    this.incomplete();
    return -1;
  }

  /**
   * Reads a string literal that has `prefixBits` bits of the first byte, the Huffman bit included.
   *
   * @param limit Bytes that the decoded string may have.
   * @returns The string, or `null` when the bytes end inside it; then the position is unchanged.
   */
  string(prefixBits: number, limit: number, part: Part): string | null {
    const start = this.position;
    const huffman = (this.bytes[start]! & (1 << (prefixBits - 1))) !== 0;
    const length = this.integer(prefixBits - 1);
    if (length < 0) return null;
    // A code has at most 30 bits, which bounds what has to be buffered before it can be decoded.
    const shortest = huffman ? Math.ceil((length * 8 - 7) / 30) : length;
    if (shortest > limit) this.tooLong(part, shortest, limit);
    if (length > this.end - this.position) {
      this.position = start;
      this.incomplete();
      return null;
    }
    const from = this.position;
    this.position += length;
    if (!huffman) return latin1(this.bytes, from, this.position);
    return this.#decode(from, limit, part);
  }

  #decode(from: number, limit: number, part: Part): string {
    // The shortest code has 5 bits.
    const most = Math.min(limit, Math.floor((this.position - from) * 8 / 5));
    if (most >= scratch.length) scratch = new Uint8Array(most * 2);
    const length = decodeHuffman(this.bytes, from, this.position, scratch, most);
    if (length >= 0) return latin1(scratch, 0, length);
    if (length === HUFFMAN_TOO_LONG) this.tooLong(part, limit + 1, limit);
    this.malformed(
      `a ${part} of ${this.position - from} bytes is refused, as ${HUFFMAN_PROBLEMS[length]}`,
    );
  }
}
