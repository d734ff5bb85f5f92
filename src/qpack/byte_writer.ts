/**
 * Bytes in the making: integers and string literals are appended, the result is taken as one array.
 *
 * @module
 */

import { encodeHuffman, huffmanLength } from "./huffman_encode.ts";
import { MAX_INTEGER_LENGTH, writeInteger } from "./prefix_int.ts";

/** Bytes kept for reuse; what was larger is given back after {@linkcode ByteWriter.take}. */
const KEPT_BYTES = 4096;

/** A buffer that grows as needed and is reused. */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #start: number;
  #end: number;

  /** @param room Bytes to leave free in front, for {@linkcode prepend}. */
  constructor(readonly room = 0) {
    this.#bytes = new Uint8Array(room + 64);
    this.#start = room;
    this.#end = room;
  }

  /** Bytes written and not taken. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** Appends an integer; `pattern` has the bits of the first byte in front of it. */
  integer(prefixBits: number, pattern: number, value: number): void {
    this.#ensure(MAX_INTEGER_LENGTH);
    this.#end = writeInteger(this.#bytes, this.#end, prefixBits, pattern, value);
  }

  /**
   * Appends a string literal, Huffman-encoded when that is shorter.
   *
   * @param prefixBits Bits of the first byte that belong to the literal, the Huffman bit included.
   * @param pattern The other bits of the first byte.
   * @throws {RangeError} When `text` is not latin-1; then nothing was written.
   */
  string(prefixBits: number, pattern: number, text: string): void {
    const length = huffmanLength(text);
    if (Number.isNaN(length)) {
      throw new RangeError(
        `Cannot encode ${JSON.stringify(text)}: expected latin-1 characters only`,
      );
    }
    this.#ensure(MAX_INTEGER_LENGTH + text.length);
    if (length < text.length) {
      this.integer(prefixBits - 1, pattern | (1 << (prefixBits - 1)), length);
      this.#end = encodeHuffman(this.#bytes, this.#end, text);
      return;
    }
    this.integer(prefixBits - 1, pattern, text.length);
    for (let index = 0; index < text.length; index++) {
      this.#bytes[this.#end++] = text.charCodeAt(index);
    }
  }

  /** Puts bytes in front of everything; they must fit in the room that is left there. */
  prepend(bytes: Uint8Array, length: number): void {
    this.#start -= length;
    for (let index = 0; index < length; index++) this.#bytes[this.#start + index] = bytes[index]!;
  }

  /** What was written, as an array of its own, and starts anew. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = this.#bytes.slice(this.#start, this.#end);
    this.clear();
    return taken;
  }

  /** Forgets what was written. */
  clear(): void {
    if (this.#bytes.length > KEPT_BYTES) this.#bytes = new Uint8Array(this.room + 64);
    this.#start = this.room;
    this.#end = this.room;
  }

  #ensure(length: number): void {
    if (this.#end + length <= this.#bytes.length) return;
    const grown = new Uint8Array(2 * (this.#end + length));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}
