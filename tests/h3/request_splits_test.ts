import assert from "node:assert/strict";
import fc from "fast-check";
import { H3Error } from "../../src/h3/errors.ts";
import { encodeFrame, FRAME } from "../../src/h3/frames.ts";
import { RequestStream } from "../../src/h3/request_stream.ts";
import { concat } from "../_support/bytes.ts";
import { BLOCKED, CONNECT, declaring, LINES, REQUEST, TRAILERS } from "./request_samples.ts";
import {
  data,
  grease,
  headers,
  merge,
  newContext,
  type PlainEvent,
  plainEvent,
} from "./request_support.ts";

/** Frames of all sorts, most of them legal. */
const FRAMES = fc.array(
  fc.oneof(
    fc.constantFrom(REQUEST, TRAILERS, CONNECT, BLOCKED, declaring("2"), data(""), grease(3)),
    fc.string({ maxLength: 9 }).map(data),
    fc.tuple(fc.constantFrom(0, 1, 3, 5, 9, 0x21), fc.uint8Array({ maxLength: 5 }))
      .map(([type, payload]) => encodeFrame(type, payload)),
    fc.uint8Array({ maxLength: 9 }).map((value) =>
      headers([...LINES, ["x", String.fromCharCode(...value)]])
    ),
  ),
  { maxLength: 5 },
).map((frames) => concat([REQUEST, ...frames]));

/** Events, and the error that ended them. */
function outcome(chunks: readonly Uint8Array[]): unknown[] {
  const stream = new RequestStream(0, newContext());
  const events: PlainEvent[] = [];
  const read = () => {
    for (let event = stream.next(); event !== null; event = stream.next()) {
      events.push(plainEvent(event));
    }
  };
  try {
    for (const chunk of chunks) {
      stream.receive(chunk, 0);
      read();
    }
    stream.finish();
    read();
  } catch (error) {
    assert.ok(error instanceof H3Error, String(error));
    return [...merge(events), error.code, error.scope, error.status, error.message];
  }
  return merge(events);
}

/** `bytes` cut at all `cuts` that lie in it. */
function split(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const points = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length];
  points.sort((a, b) => a - b);
  return points.slice(1).map((end, index) => bytes.subarray(points[index], end));
}

Deno.test("RequestStream gives the same events and error in any split", () => {
  fc.assert(
    fc.property(FRAMES, fc.array(fc.nat(400), { maxLength: 8 }), (bytes, cuts) => {
      assert.deepEqual(plain(outcome(split(bytes, cuts))), plain(outcome([bytes])));
    }),
    { numRuns: 1_000 },
  );
});

/**
 * Content may be cut short by an error in the chunk where it is noticed, so only what must be equal is compared:
 * everything but the content before an error.
 */
function plain(outcome: unknown[]): unknown[] {
  const failed = outcome.some((entry) => typeof entry === "number");
  return failed ? outcome.filter((entry) => (entry as PlainEvent)?.type !== "data") : outcome;
}

Deno.test("RequestStream throws nothing but H3Error, whatever the bytes", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.uint8Array({ maxLength: 40 }).map((section) => encodeFrame(FRAME.HEADERS, section)),
    fc.uint8Array({ maxLength: 40 }).map((rest) => concat([REQUEST, rest])),
  );
  fc.assert(
    fc.property(bytes, fc.array(fc.nat(60), { maxLength: 4 }), (bytes, cuts) => {
      outcome(split(bytes, cuts));
    }),
    { numRuns: 3_000 },
  );
});
