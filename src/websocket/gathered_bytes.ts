/**
 * Bytes put together from parts.
 *
 * @module
 */

const EMPTY = new Uint8Array(0);

/** Bytes that may be set aside for what was only announced. */
const ADVANCE = 4096;

/** An array that grows by doubling, as bytes come: a length that a peer announces costs next to nothing. */
export class GatheredBytes {
  #bytes: Uint8Array<ArrayBuffer> = EMPTY;
  #length = 0;

  /** Bytes so far. */
  get length(): number {
    return this.#length;
  }

  /**
   * Copies `part` to the end.
   *
   * @param more Bytes that are to come after it; `Infinity` when nobody knows.
   */
  append(part: Uint8Array, more: number): void {
    const needed = this.#length + part.length;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.min(needed + more, Math.max(2 * needed, ADVANCE)));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes.set(part, this.#length);
    this.#length = needed;
  }

  /** Gives the bytes away and begins anew. */
  take(): Uint8Array<ArrayBuffer> {
    const bytes = this.#bytes.subarray(0, this.#length);
    this.#bytes = EMPTY;
    this.#length = 0;
    return bytes;
  }
}
