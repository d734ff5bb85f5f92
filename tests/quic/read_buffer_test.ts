import assert from "node:assert/strict";
import {
  borrowBuffer,
  isSparse,
  nextReadSize,
  returnBuffer,
  SMALL_READ,
  takeRead,
} from "../../src/quic/read_buffer.ts";

const SIZES = [
  { size: 2_048, received: 2_047, next: 2_048 },
  { size: 2_048, received: 2_048, next: 16_384 },
  { size: 16_384, received: 16_384, next: 65_536 },
  { size: 65_536, received: 65_536, next: 65_536 },
  { size: 65_536, received: 1, next: 65_536 },
];
for (const { size, received, next } of SIZES) {
  Deno.test(`nextReadSize() is ${next} after ${received} of ${size} bytes`, () => {
    assert.equal(nextReadSize(size, received), next);
  });
}

Deno.test("takeRead() copies the few bytes of a large array, and gives a well filled one away", () => {
  const array = new Uint8Array(100).fill(7);
  const few = takeRead(array.subarray(0, 50));
  assert.equal(few.buffer.byteLength, 50);
  assert.deepEqual(few, new Uint8Array(50).fill(7));
  assert.equal(takeRead(array.subarray(0, 51)).buffer, array.buffer);
});

Deno.test("isSparse() draws the line at one half", () => {
  assert.deepEqual([isSparse(50, 100), isSparse(51, 100)], [true, false]);
});

Deno.test("borrowBuffer() gives small arrays again, but none to two readers", () => {
  const first = borrowBuffer(SMALL_READ);
  assert.equal(first.length, SMALL_READ);
  assert.notEqual(borrowBuffer(SMALL_READ), first);
  returnBuffer(first);
  assert.equal(borrowBuffer(SMALL_READ), first);
  assert.notEqual(borrowBuffer(SMALL_READ), first);
});

Deno.test("returnBuffer() keeps neither large arrays nor too many", () => {
  const large = borrowBuffer(65_536);
  returnBuffer(large);
  assert.notEqual(borrowBuffer(65_536), large);
  const many = Array.from({ length: 500 }, () => new Uint8Array(SMALL_READ));
  many.forEach(returnBuffer);
  const again = Array.from({ length: 500 }, () => borrowBuffer(SMALL_READ));
  const kept = again.filter((buffer) => many.includes(buffer));
  assert.equal(new Set(again).size, 500);
  assert.equal(kept.length, 128);
});
