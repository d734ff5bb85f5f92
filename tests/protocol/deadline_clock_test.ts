import assert from "node:assert/strict";
import { DeadlineClock, type Expiring } from "../../src/protocol/deadline_clock.ts";
import { liveTimers } from "../_support/live_timers.ts";
import { eventually } from "../_support/waiting.ts";

class Item implements Expiring {
  deadline = Infinity;
  expired = 0;
  expire(): void {
    this.expired++;
  }
}

Deno.test("DeadlineClock expires what is due, once, in order of deadlines, and no earlier", async () => {
  const clock = new DeadlineClock();
  const order: string[] = [];
  const start = clock.now();
  for (const [name, milliseconds] of [["late", 300], ["soon", 100], ["now", 0]] as const) {
    const item: Expiring = {
      deadline: 0,
      expire() {
        assert.ok(clock.now() - start >= milliseconds);
        order.push(name);
        clock.delete(item);
      },
    };
    clock.add(item, milliseconds);
  }
  await eventually(() => order.length === 3, "the last");
  assert.deepEqual(order, ["now", "soon", "late"]);
});

Deno.test("DeadlineClock leaves items alone whose deadline was raised, or that were deleted", async () => {
  const clock = new DeadlineClock();
  const [raised, deleted, due] = [new Item(), new Item(), new Item()];
  for (const item of [raised, deleted, due]) clock.add(item, 50);
  raised.deadline = Infinity;
  clock.delete(deleted);
  await eventually(() => due.expired === 1, "the other");
  assert.deepEqual([raised.expired, deleted.expired], [0, 0]);
  clock.delete(raised);
  clock.delete(due);
});

Deno.test("DeadlineClock takes one timer for any number of items, and none for none", () => {
  const timers = liveTimers();
  const clock = new DeadlineClock();
  const items = Array.from({ length: 1000 }, () => new Item());
  for (const item of items) clock.add(item, 1000 * Math.random() + 10);
  assert.equal(timers(), 1);
  for (const item of items) clock.delete(item);
  assert.equal(timers(), 0);
});
