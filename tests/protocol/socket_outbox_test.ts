/**
 * What waits for a WebSocket client, without a network: a socket that takes what the test lets it take.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { Fifo } from "../../src/fifo.ts";
import { WEBSOCKET_SEND_BUFFER_BYTES, WEBSOCKET_SEND_BUFFER_MESSAGES } from "../../src/limits.ts";
import type { MessageData, NativeSocket } from "../../src/protocol/socket_internals.ts";
import { type OutboxSettings, SocketOutbox } from "../../src/protocol/socket_outbox.ts";
import { liveTimers } from "../_support/live_timers.ts";
import { eventually } from "../_support/waiting.ts";

/** The runtime's side: it has what it was handed until the test takes it. */
class FakeNative {
  readonly handed: MessageData[] = [];
  buffered = 0;

  send(data: MessageData): void {
    this.handed.push(data);
    this.buffered += typeof data === "string" ? data.length : data.byteLength;
  }
}

function outbox(settings: OutboxSettings = {}) {
  const native = new FakeNative();
  const failures: string[] = [];
  const box = new SocketOutbox(
    native as unknown as NativeSocket,
    settings,
    (reason) => failures.push(reason),
  );
  const waiting = () => box.left - native.buffered;
  return { native, failures, box, waiting };
}

const HALF = new Uint8Array(WEBSOCKET_SEND_BUFFER_BYTES / 2 + 1);

Deno.test("SocketOutbox hands on what the runtime may have, and keeps the rest", async () => {
  const { native, box, waiting } = outbox();
  for (let i = 0; i < 4; i++) box.send(HALF);
  assert.equal(native.handed.length, 2);
  assert.equal(waiting(), 2 * HALF.length);
  assert.equal(box.left, 4 * HALF.length);
  native.buffered = 0;
  await eventually(() => native.handed.length === 4, "the rest");
  assert.equal(waiting(), 0);
  box.discard();
});

Deno.test("SocketOutbox hands on no more small messages than the runtime may have", async () => {
  const { native, box } = outbox();
  for (let i = 0; i < 3000; i++) box.send("x");
  assert.equal(native.handed.length, WEBSOCKET_SEND_BUFFER_MESSAGES);
  native.buffered = 0;
  await eventually(() => native.handed.length === 2 * WEBSOCKET_SEND_BUFFER_MESSAGES, "more");
  box.discard();
});

Deno.test("SocketOutbox fails when more waits than may", () => {
  const { failures, box, waiting } = outbox({ maxBacklogBytes: 10_000 });
  box.send(HALF);
  box.send(HALF);
  for (let i = 0; i < 200 && failures.length === 0; i++) box.send("x".repeat(100));
  assert.match(failures[0]!, /too much waits for it/);
  assert.ok(waiting() <= 10_100);
  box.discard();
});

Deno.test("SocketOutbox fails when nothing is taken, and not while something is", async () => {
  const { native, failures, box } = outbox({ stallMs: 100 });
  for (let i = 0; i < 6; i++) box.send(HALF);
  for (let i = 0; i < 4; i++) {
    const before = native.handed.length;
    native.buffered -= HALF.length;
    await eventually(() => native.handed.length > before, "the next message");
    assert.deepEqual(failures, []);
  }
  await eventually(() => failures.length > 0, "the stall");
  assert.match(failures[0]!, /does not read its messages/);
  box.discard();
});

Deno.test("SocketOutbox waits longer for a larger message", async () => {
  const { failures, box } = outbox({ stallMs: 50 });
  const start = performance.now();
  box.send(new Uint8Array(4 * WEBSOCKET_SEND_BUFFER_BYTES));
  await eventually(() => failures.length > 0, "the stall");
  assert.ok(performance.now() - start >= 4 * 50);
  box.discard();
});

Deno.test("SocketOutbox.ready() settles when there is room, and when all is dropped", async () => {
  const { native, box } = outbox();
  assert.equal(box.ready(), undefined);
  box.send(HALF);
  assert.equal(box.ready(), undefined);
  box.send(HALF);
  const room = box.ready();
  native.buffered = 0;
  await room;
  box.send(HALF);
  box.send(HALF);
  const dropped = box.ready();
  box.discard();
  await dropped;
  assert.equal(box.ready(), undefined);
});

Deno.test("SocketOutbox tells of a Blob that cannot be read, unless all was dropped before", async () => {
  for (const dropped of [false, true]) {
    const { failures, box } = outbox();
    const read = Promise.withResolvers<ArrayBuffer>();
    const begun = Promise.withResolvers<void>();
    const arrayBuffer = () => {
      begun.resolve();
      return read.promise;
    };
    box.send(Object.assign(new Blob(["x"]), { arrayBuffer }));
    await begun.promise;
    if (dropped) box.discard();
    read.reject(new Error("gone"));
    await read.promise.catch(() => {});
    await Promise.resolve();
    assert.deepEqual(failures, dropped ? [] : ["a Blob for it cannot be read"]);
    box.discard();
  }
});

Deno.test("SocketOutbox.finish() acts once, after everything that waits", async () => {
  const { native, box } = outbox();
  for (let i = 0; i < 3; i++) box.send(HALF);
  let acts = 0;
  box.finish(() => {
    acts++;
    assert.equal(native.handed.length, 3);
  });
  assert.equal(acts, 0);
  native.buffered = 0;
  await eventually(() => acts > 0, "the act");
  native.buffered = 0;
  await box.ready();
  assert.equal(acts, 1);
  box.discard();
});

Deno.test("SocketOutbox needs no timer for a client that reads, and leaves none", () => {
  const timers = liveTimers();
  const { native, box } = outbox();
  for (let i = 0; i < 100; i++) {
    box.send("x".repeat(1000));
    native.buffered = 0;
  }
  assert.equal(timers(), 0);
  for (let i = 0; i < 3; i++) box.send(HALF);
  assert.ok(timers() > 0);
  box.discard();
  assert.equal(timers(), 0);
});

Deno.test("Fifo does what an array does", () => {
  const step = fc.oneof(fc.constant("shift" as const), fc.constant("clear" as const), fc.nat());
  fc.assert(fc.property(fc.array(step, { maxLength: 5000 }), (steps) => {
    const fifo = new Fifo<number>();
    const model: number[] = [];
    for (const one of steps) {
      if (one === "shift") assert.equal(fifo.shift(), model.shift());
      else if (one === "clear" && steps.length % 7 === 0) {
        fifo.clear();
        model.length = 0;
      } else if (typeof one === "number") {
        fifo.push(one);
        model.push(one);
      }
      assert.equal(fifo.size, model.length);
    }
  }));
});

Deno.test("Fifo takes a million items in time proportional to them", () => {
  const fifo = new Fifo<number>();
  for (let i = 0; i < 1_000_000; i++) fifo.push(i);
  const start = performance.now();
  for (let i = 0; i < 1_000_000; i++) assert.equal(fifo.shift(), i);
  assert.equal(fifo.shift(), undefined);
  assert.ok(performance.now() - start < 10_000, "an array takes a hundred seconds");
});
