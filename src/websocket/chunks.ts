/**
 * Bytes that came in, in the chunks that they came in.
 *
 * @module
 */

const EMPTY = new Uint8Array(0);

/** What queues begin with; never added to. */
const NO_CHUNKS: Uint8Array[] = [];

/** A queue of chunks that is read byte by byte or in views of its chunks; nothing is copied. */
export class Chunks {
  #current: Uint8Array = EMPTY;
  #offset = 0;
  /** Chunks that came while an earlier one was not read up. */
  #waiting: Uint8Array[] = NO_CHUNKS;
  /** Earlier ones, the next one last: `shift()` would move all the others each time. */
  #next: Uint8Array[] = NO_CHUNKS;

  /** Appends a chunk, which belongs to the queue from then on. */
  push(bytes: Uint8Array): void {
    if (!this.pending) {
      this.#current = bytes;
      this.#offset = 0;
      return;
    }
    if (this.#waiting === NO_CHUNKS) this.#waiting = [];
    this.#waiting.push(bytes);
  }

  /** Whether anything is left to read. */
  get pending(): boolean {
    return this.#offset < this.#current.length || this.#next.length + this.#waiting.length > 0;
  }

  /** The next byte; -1 when there is none. */
  takeByte(): number {
    return this.#hasInput() ? this.#current[this.#offset++]! : -1;
  }

  /** A view of the next bytes, as far as they are in one chunk and `most` at most; `null` when there are none. */
  take(most: number): Uint8Array | null {
    if (!this.#hasInput()) return null;
    const start = this.#offset;
    this.#offset = Math.min(this.#current.length, start + most);
    return this.#current.subarray(start, this.#offset);
  }

  /** Whether there is input to read, after going on to the next chunk if need be. */
  #hasInput(): boolean {
    while (this.#offset >= this.#current.length) {
      const chunk = this.#takeChunk();
      // Nothing is held while nothing is there: a chunk may be a view of something much larger.
      this.#current = chunk ?? EMPTY;
      this.#offset = 0;
      if (chunk === undefined) return false;
    }
    return true;
  }

  #takeChunk(): Uint8Array | undefined {
    if (this.#next.length === 0 && this.#waiting.length > 0) {
      this.#next = this.#waiting.reverse();
      this.#waiting = NO_CHUNKS;
    }
    return this.#next.pop();
  }
}
