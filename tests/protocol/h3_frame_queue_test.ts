/** Frames that wait for a stream. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { FRAME, FrameReader } from "../../src/h3/mod.ts";
import { FrameQueue, PIECE_BYTES } from "../../src/protocol/h3_frame_queue.ts";

const HEADERS = new Uint8Array([FRAME.HEADERS, 2, 0, 0]);

function drain(queue: FrameQueue): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let piece = queue.take(); piece !== null; piece = queue.take()) pieces.push(piece);
  return pieces;
}

Deno.test("FrameQueue gives content that waits one frame header", () => {
  const queue = new FrameQueue();
  queue.pushData(new Uint8Array([1, 2]));
  queue.pushData(new Uint8Array(0));
  queue.pushData(new Uint8Array([3]));
  assert.deepEqual(queue.take(), new Uint8Array([FRAME.DATA, 3, 1, 2, 3]));
  assert.equal(queue.take(), null);
  assert.equal(queue.size, 0);
});

Deno.test("FrameQueue hands out pieces of bounded size", () => {
  const queue = new FrameQueue();
  queue.pushFrame(HEADERS);
  queue.pushData(new Uint8Array(5 * PIECE_BYTES));
  const pieces = drain(queue);
  assert.equal(pieces.length, 6);
  for (const piece of pieces) assert.ok(piece.byteLength <= PIECE_BYTES);
});

Deno.test("FrameQueue keeps order and content, whatever is pushed between takes", () => {
  const step = fc.oneof(
    fc.constant("HEADERS" as const),
    fc.constant("take" as const),
    fc.integer({ min: 1, max: 3 * PIECE_BYTES }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const queue = new FrameQueue();
      const pieces: Uint8Array[] = [];
      const expected: (string | number)[] = [];
      for (const [index, action] of steps.entries()) {
        if (action === "take") {
          const piece = queue.take();
          if (piece) pieces.push(piece);
        } else if (action === "HEADERS") {
          queue.pushFrame(HEADERS);
          expected.push("HEADERS");
        } else {
          queue.pushData(new Uint8Array(action).fill(index));
          const last = expected.at(-1);
          if (typeof last === "number") expected[expected.length - 1] = last + action;
          else expected.push(action);
        }
      }
      pieces.push(...drain(queue));
      const lengths = lengthsOf(pieces);
      assert.deepEqual(lengths, expected);
    }),
    { numRuns: 50 },
  );
});

/** What a peer makes of the pieces: `"HEADERS"` for each of these frames, and the bytes of content between them. */
function lengthsOf(pieces: readonly Uint8Array[]): (string | number)[] {
  const seen: (string | number)[] = [];
  const reader = new FrameReader({ admit: (type) => type === FRAME.DATA ? "parts" : "whole" });
  for (const piece of pieces) {
    reader.receive(piece);
    for (let frame = reader.next(); frame !== null; frame = reader.next()) {
      const last = seen.at(-1);
      if (frame.type === FRAME.HEADERS) seen.push("HEADERS");
      else if (typeof last === "number") seen[seen.length - 1] = last + frame.payload.length;
      else seen.push(frame.payload.length);
    }
  }
  reader.finish();
  return seen;
}

Deno.test("FrameQueue forgets what waits when it is cleared", () => {
  const queue = new FrameQueue();
  queue.pushFrame(HEADERS);
  queue.pushData(new Uint8Array(10));
  queue.clear();
  assert.equal(queue.take(), null);
  assert.equal(queue.size, 0);
});
