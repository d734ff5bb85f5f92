import assert from "node:assert/strict";
import { liveTimers } from "../_support/live_timers.ts";
import { DEADLINE_MS, GuardedHarness } from "./guarded_harness.ts";
import { withDeadline } from "../_support/deadline.ts";

const FULL = new Error("Too many open files (os error 24)");

/** A listener that fails a few times, by default as it does when there are no file descriptors left. */
function failing(times: number, error = FULL): Deno.Listener {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accept = listener.accept.bind(listener);
  listener.accept = () => {
    if (times-- > 0) return Promise.reject(error);
    return accept();
  };
  return listener;
}

Deno.test("GuardedListener goes on accepting after errors, and warns once", async () => {
  await using harness = await GuardedHarness.start({ listener: failing(3) });
  await harness.servesOthers();
  assert.deepEqual(harness.warnings, [
    "Cannot accept connections: Error: Too many open files (os error 24); trying again",
  ]);
});

for (const name of ["NotConnected", "ConnectionAborted", "ConnectionReset"] as const) {
  Deno.test(`GuardedListener does not wait for clients that are gone when they are accepted: ${name}`, async () => {
    const error = new Deno.errors[name]("Transport endpoint is not connected (os error 107)");
    await using harness = await GuardedHarness.start({ listener: failing(10_000, error) });
    await harness.servesOthers();
    assert.deepEqual(harness.warnings, []);
  });
}

Deno.test("GuardedListener ends while it waits to accept again", async () => {
  await GuardedHarness.start().then((harness) => harness[Symbol.asyncDispose]()); // the probe
  const timers = liveTimers();
  const harness = await GuardedHarness.start({ listener: failing(Infinity) });
  await withDeadline(harness.driver.shutdown(), "the end", DEADLINE_MS);
  assert.equal(timers(), 0, "Timers are left");
});
