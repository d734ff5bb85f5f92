import assert from "node:assert/strict";
import { DeadlineClock } from "../../src/protocol/deadline_clock.ts";
import { Wait } from "../../src/protocol/wait.ts";
import { liveTimers } from "../_support/live_timers.ts";
import { eventually, pause } from "../_support/waiting.ts";

Deno.test("Wait says once that what it waits for did not come", async () => {
  let expired = 0;
  const wait = new Wait(new DeadlineClock(), () => expired++);
  wait.begin(50);
  await eventually(() => expired === 1, "the end of the wait");
  wait.end();
  await pause(150);
  assert.equal(expired, 1);
});

Deno.test("Wait counts from the beginning of the last wait of several", async () => {
  let expired = 0;
  const wait = new Wait(new DeadlineClock(), () => expired++);
  for (let count = 0; count < 5; count++) {
    wait.begin(60_000);
    await pause(10);
    wait.end();
  }
  wait.begin(50);
  await eventually(() => expired === 1, "the end of the wait");
});

Deno.test("Wait counts anew when it is begun again while it is watched", async () => {
  const clock = new DeadlineClock();
  let expired = 0;
  const wait = new Wait(clock, () => expired++);
  wait.begin(60_000);
  await eventually(() => wait.deadline < Infinity, "the clock's watch");
  wait.begin(50);
  await eventually(() => expired === 1, "the end of the second wait");
});

Deno.test("Wait leaves no timer behind what came", async () => {
  const timers = liveTimers();
  const clock = new DeadlineClock();
  const waits = Array.from({ length: 10 }, () => new Wait(clock, () => assert.fail("it came")));
  for (const wait of waits) wait.begin(60_000);
  waits.slice(0, 5).forEach((wait) => wait.end());
  await pause(50);
  for (const wait of waits) wait.end();
  await eventually(() => timers() === 0, "the end of the last timer");
});
