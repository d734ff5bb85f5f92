/**
 * Bytes in the making: integers and string literals are appended, the result is taken as one array.
 *
 * @module
 */

import { encodeHuffman, huffmanLength } from "./huffman_encode.ts";
import { MAX_INTEGER_LENGTH, writeInteger } from "./prefix_int.ts";

/** Bytes of a new buffer; a connection without much to say needs no more. */
const INITIAL_BYTES = 64;

/** Bytes of the largest buffer that is used again. */
const KEPT_BYTES = 4096;

/** A buffer that grows as needed and is used again. */
export class ByteWriter {
  /** The buffer. */
  protected bytes: Uint8Array<ArrayBuffer> = new Uint8Array(INITIAL_BYTES);
  /** Index of the first byte of the result. */
  protected start = 0;
  /** Index after its last byte. */
  protected end = 0;

  /** Bytes written and not taken. */
  get length(): number {
    return this.end - this.start;
  }

  /** Appends an integer; `pattern` has the bits of the first byte in front of it. */
  integer(prefixBits: number, pattern: number, value: number): void {
    this.ensure(MAX_INTEGER_LENGTH);
    this.end = writeInteger(this.bytes, this.end, prefixBits, pattern, value);
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
    this.ensure(MAX_INTEGER_LENGTH + text.length);
    if (length < text.length) {
      this.integer(prefixBits - 1, pattern | (1 << (prefixBits - 1)), length);
      this.end = encodeHuffman(this.bytes, this.end, text);
      return;
    }
    this.integer(prefixBits - 1, pattern, text.length);
    for (let index = 0; index < text.length; index++) {
      this.bytes[this.end++] = text.charCodeAt(index);
    }
  }

  /** What was written, as an array of its own. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = this.bytes.slice(this.start, this.end);
    if (this.bytes.length > KEPT_BYTES) this.bytes = new Uint8Array(INITIAL_BYTES);
    this.end = this.start;
    return taken;
  }

  /** Makes room for `length` more bytes. */
  protected ensure(length: number): void {
    if (this.end + length <= this.bytes.length) return;
    const grown = new Uint8Array(2 * (this.end + length));
    grown.set(this.bytes.subarray(0, this.end));
    this.bytes = grown;
  }
}
