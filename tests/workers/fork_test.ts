/**
 * Processes that cannot be started at all, as when memory or file descriptors run out.
 */

import assert from "node:assert/strict";
import { forkSpawner } from "../../src/workers/fork.ts";
import type { WorkerExit } from "../../src/workers/spawner.ts";
import { Supervisor } from "../../src/workers/supervisor.ts";
import { LogSink } from "../_support/log_sink.ts";
import { FakeClock } from "./_support/fake_clock.ts";

/** Starts nothing: no system takes an argument of a megabyte. */
const SPAWNER = forkSpawner("file:///never.ts", ["x".repeat(1 << 20)]);

Deno.test("forkSpawner() tells the end of a process that could not be started, and why", async () => {
  const exited = Promise.withResolvers<WorkerExit>();
  const process = SPAWNER.spawn({ onMessage() {}, onExit: exited.resolve });
  assert.equal(process.pid, 0);
  process.send({ type: "exit" });
  process.kill();
  const { code, signal, unborn } = await exited.promise;
  assert.deepEqual([code, signal], [1, null]);
  assert.ok(unborn);
});

Deno.test("Supervisor survives processes that cannot be started, and says why", async () => {
  const supervisor = new Supervisor({
    job: { application: "main.ts", factory: false, config: null, options: {} },
    identity: null,
    plan: {
      workers: 2,
      startupTimeout: 1,
      gracefulTimeout: 1,
      shutdownTimeout: 1,
      exclusive: false,
    },
    reread: () => Promise.reject(new Error("Not asked for")),
    spawner: SPAWNER,
    clock: new FakeClock(),
    log: new LogSink(),
  });
  await assert.rejects(supervisor.start(), { message: /^A worker could not be started: ./ });
  assert.equal(await supervisor.finished, 1);
});
