/**
 * How much to read at once, and whose the memory is.
 *
 * A read that waits holds its array, and most streams carry one small request: so reads start small and grow while
 * they come back full.
 *
 * @module
 */

/** Bytes of the first read of a stream: a request head with room to spare. */
export const SMALL_READ = 2_048;

const MAX_READ = 65_536;
const GROWTH = 8;

/** Most arrays kept for the next stream, 256 KiB of them. */
const MAX_SPARE = 128;

const spare: Uint8Array<ArrayBuffer>[] = [];

/** Size of the read after one that filled `received` of `size` bytes. */
export function nextReadSize(size: number, received: number): number {
  return received < size ? size : Math.min(size * GROWTH, MAX_READ);
}

/** What was read, as the caller's own: a copy where the array would mostly hold nothing. */
export function takeRead(received: Uint8Array): Uint8Array {
  return isSparse(received.length, received.buffer.byteLength) ? received.slice() : received;
}

/** Whether `received` bytes are too few to give an array of `size` away for them. */
export function isSparse(received: number, size: number): boolean {
  return received <= size >> 1;
}

/** An array for a read of `size` bytes. */
export function borrowBuffer(size: number): Uint8Array<ArrayBuffer> {
  return (size === SMALL_READ && spare.pop()) || new Uint8Array(size);
}

/** Takes an array back that no read is using any more. */
export function returnBuffer(buffer: Uint8Array<ArrayBuffer>): void {
  if (buffer.length === SMALL_READ && spare.length < MAX_SPARE) spare.push(buffer);
}
