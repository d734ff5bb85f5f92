import assert from "node:assert/strict";
import fc from "fast-check";
import { DatagramQueue } from "../../src/webtransport/mod.ts";

function datagram(id: number): Uint8Array {
  return Uint8Array.of(id);
}

function drain(queue: DatagramQueue): number[] {
  const ids: number[] = [];
  for (let next = queue.take(); next !== null; next = queue.take()) ids.push(next[0]!);
  return ids;
}

Deno.test("DatagramQueue gives datagrams in order, empty ones, too", () => {
  const queue = new DatagramQueue(3);
  queue.push(datagram(1));
  queue.push(new Uint8Array(0));
  assert.equal(queue.size, 2);
  assert.deepEqual([queue.take(), queue.take(), queue.take()], [
    datagram(1),
    new Uint8Array(0),
    null,
  ]);
  assert.deepEqual([queue.size, queue.dropped], [0, 0]);
});

Deno.test("DatagramQueue drops the oldest when it is full, and counts", () => {
  const queue = new DatagramQueue(2);
  for (const id of [1, 2, 3, 4]) queue.push(datagram(id));
  assert.deepEqual([queue.size, queue.dropped], [2, 2]);
  assert.deepEqual(drain(queue), [3, 4]);
  queue.push(datagram(5));
  assert.deepEqual(drain(queue), [5]);
  assert.equal(queue.dropped, 2);
});

Deno.test("DatagramQueue.clear() drops all, and counts none", () => {
  const queue = new DatagramQueue(2);
  queue.push(datagram(1));
  queue.clear();
  assert.deepEqual([queue.size, queue.dropped, queue.take()], [0, 0, null]);
});

Deno.test("property: DatagramQueue has the newest of what was not taken, and each was taken, dropped or waits", () => {
  const steps = fc.array(fc.boolean(), { maxLength: 5_000, size: "max" });
  fc.assert(fc.property(steps, fc.integer({ min: 1, max: 9 }), (steps, limit) => {
    const queue = new DatagramQueue(limit);
    let model: number[] = [];
    let [pushed, taken] = [0, 0];
    for (const push of steps) {
      if (push) {
        model = [...model, pushed % 256].slice(-limit);
        queue.push(datagram(pushed++));
      } else {
        if (model.length > 0) taken++;
        assert.equal(queue.take()?.[0], model.shift());
      }
      assert.equal(queue.dropped, pushed - taken - queue.size);
    }
    assert.deepEqual(drain(queue), model);
  }));
});
