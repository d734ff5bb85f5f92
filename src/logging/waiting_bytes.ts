/**
 * Bytes in a row that come piece by piece and leave likewise.
 *
 * @module
 */

/** Bytes of the first array. */
const FIRST_BYTES = 4096;

/** A queue of bytes in one array, which doubles; what a byte costs does not depend on how many wait. */
export class WaitingBytes {
  #array = new Uint8Array(0);
  #start = 0;
  #end = 0;

  /** How many there are. */
  get size(): number {
    return this.#end - this.#start;
  }

  /** All of them, good until the next call of a method. */
  get view(): Uint8Array {
    return this.#array.subarray(this.#start, this.#end);
  }

  /** Adds a copy of `bytes` at the end. */
  add(bytes: Uint8Array): void {
    if (this.#end + bytes.length > this.#array.length) this.#makeRoom(this.size + bytes.length);
    this.#array.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** Takes the first `count` away. */
  drop(count: number): void {
    this.#start += count;
  }

  /** Takes all away, and lets go of their memory. */
  clear(): void {
    this.#array = new Uint8Array(0);
    this.#start = this.#end = 0;
  }

  /** Moves everything to the front: of the same array while that leaves half of it, so that it is rare. */
  #makeRoom(needed: number): void {
    const { view } = this;
    if (needed > this.#array.length / 2) {
      this.#array = new Uint8Array(Math.max(2 * needed, FIRST_BYTES));
    }
    this.#array.set(view);
    this.#end = view.length;
    this.#start = 0;
  }
}
