/**
 * Where field sections are written, one behind the other.
 *
 * @module
 */

import { ByteWriter } from "./byte_writer.ts";
import { MAX_INTEGER_LENGTH } from "./prefix_int.ts";

/** Bytes of one allocation, as of Node's buffer pool. */
const SLAB_BYTES = 8192;

/** Bytes that must be left to start another section; most fit into them. */
const SPARE_BYTES = 1024;

/** Bytes in front of the field lines for the prefix, which is known after them (RFC 9204 §4.5.1). */
const MAX_PREFIX_LENGTH = 2 * MAX_INTEGER_LENGTH;

/**
 * Makes an array for each section without allocating one: to make an array takes as long as to encode a small
 * response, to make a view a tenth of that. So sections are views of larger buffers. No byte is written twice, hence
 * a section stays as it is.
 */
export class SectionWriter extends ByteWriter {
  /** Starts a section, forgetting one that was not finished. */
  begin(): void {
    // A buffer that grew for a large section would be held by the small ones that follow.
    const isUsable = this.bytes.length === SLAB_BYTES &&
      this.end + MAX_PREFIX_LENGTH + SPARE_BYTES <= SLAB_BYTES;
    if (!isUsable) {
      this.bytes = new Uint8Array(SLAB_BYTES);
      this.end = 0;
    }
    this.start = this.end + MAX_PREFIX_LENGTH;
    this.end = this.start;
  }

  /** Ends the section, whose prefix are the first `length` bytes of `prefix`. */
  finish(prefix: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
    const from = this.start - length;
    for (let index = 0; index < length; index++) this.bytes[from + index] = prefix[index]!;
    return this.bytes.subarray(from, this.end);
  }
}
