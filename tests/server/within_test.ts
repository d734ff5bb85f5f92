import assert from "node:assert/strict";
import { within } from "../../src/server/within.ts";

const never = new Promise<void>(() => {});

Deno.test("within() is true when the work settles in time", async () => {
  assert.equal(await within(Promise.resolve(), 60), true);
});

Deno.test("within() is false when the time is over", async () => {
  assert.equal(await within(never, 0.01), false);
});

Deno.test("within() is false when it is stopped", async () => {
  const stop = new AbortController();
  const waiting = within(never, 60, stop.signal);
  stop.abort();
  assert.equal(await waiting, false);
  assert.equal(await within(never, 60, stop.signal), false);
});

Deno.test("within() passes a rejection on", async () => {
  await assert.rejects(within(Promise.reject(new Error("x")), 60), /^Error: x$/);
});

Deno.test("within() takes a limit longer than a timer can hold", async () => {
  assert.equal(await within(new Promise((resolve) => setTimeout(resolve, 20)), 1e12), true);
});
