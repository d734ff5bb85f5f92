/**
 * The supervisor over processes and time that a test commands.
 */

import assert from "node:assert/strict";
import { EMPTY_SNAPSHOT, type MetricsSnapshot } from "../../src/metrics/mod.ts";
import type { Job } from "../../src/workers/job.ts";
import type { Plan } from "../../src/workers/plan.ts";
import { Supervisor } from "../../src/workers/supervisor.ts";
import { LogSink } from "../_support/log_sink.ts";
import { FakeClock, settle } from "./_support/fake_clock.ts";
import { FakeSpawner } from "./_support/fake_spawner.ts";

const JOB: Job = { application: "main.ts", factory: false, config: null, options: {} };

const PLAN: Plan = {
  workers: 2,
  startupTimeout: 60,
  gracefulTimeout: 3,
  shutdownTimeout: 10,
  exclusive: false,
};

const IDENTITY = { cert: "a certificate", key: "its key" };

const STOP = { type: "stop", handover: false };
const HAND_OVER = { type: "stop", handover: true };

/** A supervisor and what surrounds it. */
class Stage {
  readonly clock = new FakeClock();
  readonly spawner = new FakeSpawner();
  readonly log = new LogSink();
  readonly supervisor: Supervisor;
  /** What the configuration is when it is read anew. */
  reread: () => Promise<Plan>;
  /** The exit code, once there is one. */
  exitCode: number | undefined;

  constructor(plan: Partial<Plan> = {}) {
    const whole = { ...PLAN, ...plan };
    this.reread = () => Promise.resolve(whole);
    this.supervisor = new Supervisor({
      identity: IDENTITY,
      job: JOB,
      plan: whole,
      reread: () => this.reread(),
      spawner: this.spawner,
      clock: this.clock,
      log: this.log,
    });
    this.supervisor.finished.then((code) => this.exitCode = code);
  }

  /** A supervisor whose workers 1 … are ready. */
  static async running(plan: Partial<Plan> = {}): Promise<Stage> {
    const stage = new Stage(plan);
    const started = stage.supervisor.start();
    for (let pid = 1; pid <= (plan.workers ?? PLAN.workers); pid++) {
      await settle();
      await stage.spawner.ready(pid);
    }
    assert.equal(await started, true);
    return stage;
  }

  async reload(): Promise<void> {
    this.supervisor.reload();
    await settle();
  }

  async stop(): Promise<void> {
    this.supervisor.stop();
    await settle();
  }
}

Deno.test("Supervisor starts one worker first, and then the others with the ports it was given", async () => {
  const { supervisor, spawner } = new Stage({ workers: 3 });
  const started = supervisor.start();
  await settle();
  assert.deepEqual(spawner.alive, [1]);
  assert.deepEqual(spawner.get(1).assignment, {
    job: JOB,
    portOffset: 0,
    ports: {},
    multiprocess: true,
    identity: IDENTITY,
  });
  assert.equal(supervisor.ready, false);

  await spawner.get(1).ready({ "bind[0] :0": 4711 });
  assert.deepEqual(spawner.alive, [1, 2, 3]);
  assert.equal(supervisor.ready, true);
  for (const [pid, portOffset] of [[2, 1], [3, 2]] as const) {
    const { assignment } = spawner.get(pid);
    assert.deepEqual(assignment?.ports, { "bind[0] :0": 4711 });
    assert.equal(assignment?.portOffset, portOffset);
  }
  await spawner.ready(2, 3);
  assert.equal(await started, true);
});

Deno.test("Supervisor fails its start with the reason of the first worker, without another try", async () => {
  const { supervisor, spawner, log } = new Stage();
  const started = supervisor.start();
  await settle();
  await spawner.get(1).fails("Cannot bind");
  await assert.rejects(started, { name: "BindError", message: "Cannot bind", bind: ":1" });
  assert.deepEqual(spawner.alive, []);
  assert.equal(await supervisor.finished, 1);
  assert.deepEqual(log.lines, []); // whoever started it tells the reason
});

Deno.test("Supervisor stops the others when a later worker cannot start, and tells one reason", async () => {
  const { supervisor, spawner, log } = new Stage({ workers: 3 });
  const started = supervisor.start();
  const rejected = assert.rejects(started, { message: "Second" });
  await settle();
  await spawner.ready(1);
  await spawner.get(2).fails("Second");
  assert.deepEqual(spawner.get(1).told, [STOP]);
  assert.deepEqual(spawner.get(3).told, [STOP]);
  await spawner.get(3).fails("Third");
  await spawner.get(1).leaves();
  await rejected;
  assert.deepEqual(log.lines, []);
});

Deno.test("Supervisor kills a worker that is not ready 30 s after startup_timeout", async () => {
  const { supervisor, spawner, clock } = new Stage();
  const rejected = assert.rejects(supervisor.start(), {
    message: "Worker 1 could not start: it was not ready within 90 s and was killed",
  });
  await clock.pass(89.9);
  assert.deepEqual(spawner.alive, [1]);
  await clock.pass(0.1);
  assert.deepEqual(spawner.alive, []);
  await rejected;
});

const STARTS_WITHOUT_A_WORD = [
  { code: 3, signal: null, text: "with code 3" },
  { code: null, signal: "SIGSEGV", text: "by SIGSEGV" },
];
for (const { code, signal, text } of STARTS_WITHOUT_A_WORD) {
  Deno.test(`Supervisor fails its start when a worker ends ${text}`, async () => {
    const { supervisor, spawner } = new Stage();
    const rejected = assert.rejects(supervisor.start(), {
      message: `Worker 1 could not start: it ended ${text}`,
    });
    await settle();
    await spawner.get(1).exits(code, signal);
    await rejected;
  });
}

const RESTARTS = [
  { what: "at once when it left cleanly", code: 0, signal: null, pause: 0 },
  { what: "at once when SIGTERM ended it", code: null, signal: "SIGTERM", pause: 0 },
  { what: "after 3.5 s when it failed", code: 1, signal: null, pause: 3.5 },
  { what: "after 3.5 s when it was killed", code: null, signal: "SIGKILL", pause: 3.5 },
];
for (const { what, code, signal, pause } of RESTARTS) {
  Deno.test(`Supervisor restarts a worker ${what}, and leaves the others alone`, async () => {
    const { supervisor, spawner, clock } = await Stage.running();
    await spawner.get(1).exits(code, signal);
    if (pause > 0) {
      await clock.pass(pause - 0.1);
      assert.deepEqual(spawner.alive, [2]);
      await clock.pass(0.1);
    }
    assert.deepEqual(spawner.alive, [2, 3]);
    assert.equal(supervisor.restarts, 1);
    assert.deepEqual(spawner.get(2).told, []);
    assert.equal(spawner.get(3).assignment?.portOffset, 0); // that of the worker it follows
    await spawner.ready(3);
    await spawner.get(3).exits(0);
    assert.deepEqual(spawner.alive, [2, 4]);
  });
}

Deno.test("Supervisor tells why a restarted worker cannot start, and tries again", async () => {
  const { spawner, clock, log } = await Stage.running();
  await spawner.get(1).exits(1);
  await clock.pass(3.5);
  await spawner.get(3).fails("Broken");
  assert.deepEqual(log.lines, [
    "ERROR Worker 1 ended with code 1",
    "INFO Restarting a worker in 3.5 s",
    "ERROR Broken",
    "INFO Restarting a worker in 3.5 s",
  ]);
  await clock.pass(3.5);
  await spawner.ready(4);
  assert.deepEqual(spawner.alive, [2, 4]);
});

const GIVING_UP = [
  { code: 7, exitCode: 7 },
  { code: 0, exitCode: 1 },
  { code: null, exitCode: 1 },
];
for (const { code, exitCode } of GIVING_UP) {
  Deno.test(`Supervisor gives up after five ends with ${code} within 30 s, exit code ${exitCode}`, async () => {
    const stage = await Stage.running();
    const { spawner, clock, log } = stage;
    for (const pid of [1, 3, 4, 5, 6]) {
      if (pid > 1) await spawner.ready(pid);
      await spawner.get(pid).exits(code, code === null ? "SIGKILL" : null);
      await clock.pass(3.5);
    }
    assert.match(log.lines.at(-1)!, /ERROR A worker ended 5 times within 30 s: giving up/);
    assert.deepEqual(spawner.alive, [2]);
    assert.deepEqual(spawner.get(2).told, [STOP]);
    await spawner.get(2).leaves();
    assert.equal(stage.exitCode, exitCode);
  });
}

Deno.test("Supervisor does not give up when ends are far apart, or of different workers", async () => {
  const { supervisor, spawner, clock } = await Stage.running({ workers: 5 });
  for (const pid of [1, 2, 3, 4, 5]) await spawner.get(pid).exits(1);
  await clock.pass(3.5);
  assert.deepEqual(spawner.alive, [6, 7, 8, 9, 10]);
  await spawner.ready(6);
  for (let pid = 6; pid <= 14; pid = pid === 6 ? 11 : pid + 1) {
    await clock.pass(10);
    await spawner.ready(pid);
    await spawner.get(pid).exits(0);
  }
  assert(supervisor.ready || supervisor.workers > 0);
  assert.equal(spawner.alive.length, 5);
});

Deno.test("Supervisor reloads one worker after another, each new one ready before the old one stops", async () => {
  const stage = await Stage.running();
  const { spawner, log } = stage;
  await stage.reload();
  assert.deepEqual(spawner.alive, [1, 2, 3]);
  assert.deepEqual(spawner.get(1).told, []);
  await spawner.ready(3);
  assert.deepEqual(spawner.get(1).told, [HAND_OVER]);
  assert.deepEqual(spawner.get(2).told, []);
  await spawner.ready(4);
  assert.deepEqual(spawner.get(2).told, [HAND_OVER]);
  assert.deepEqual(log.lines, []);
  await spawner.get(1).leaves();
  await spawner.get(2).leaves();
  assert.deepEqual(log.lines, ["INFO Reloaded"]);
  assert.deepEqual(spawner.alive, [3, 4]);
});

Deno.test("Supervisor reloads once more for all reloads that come during one", async () => {
  const stage = await Stage.running({ workers: 1 });
  const { spawner } = stage;
  for (let count = 0; count < 4; count++) await stage.reload();
  await spawner.ready(2);
  await spawner.get(1).leaves();
  assert.deepEqual(spawner.alive, [2, 3]);
  await spawner.ready(3);
  await spawner.get(2).leaves();
  assert.deepEqual(spawner.alive, [3]);
  await stage.reload(); // and later ones count again
  assert.deepEqual(spawner.alive, [3, 4]);
});

Deno.test("Supervisor keeps the old workers when a new one cannot start", async () => {
  const stage = await Stage.running();
  const { spawner, log, clock } = stage;
  await stage.reload();
  await spawner.get(3).fails("Syntax error");
  assert.deepEqual(log.lines, [
    "ERROR Syntax error",
    "WARN The new worker could not start, the old one serves on",
  ]);
  await clock.pass(60);
  assert.deepEqual(spawner.alive, [1, 2]);
  assert.deepEqual([spawner.get(1).told, spawner.get(2).told], [[], []]);
  await stage.reload();
  await spawner.ready(4);
  assert.deepEqual(spawner.get(1).told, [HAND_OVER]);
});

Deno.test("Supervisor keeps the old workers when the configuration cannot be read", async () => {
  const stage = await Stage.running();
  stage.reread = () => Promise.reject(new Error("Cannot use option"));
  await stage.reload();
  assert.deepEqual(stage.log.lines, [
    "ERROR Not reloaded, the workers serve on: Cannot use option",
  ]);
  assert.deepEqual(stage.spawner.alive, [1, 2]);
});

Deno.test("Supervisor leaves a place to the replacement when its worker crashes meanwhile", async () => {
  const stage = await Stage.running({ workers: 1 });
  const { spawner, clock, supervisor } = stage;
  await stage.reload();
  await spawner.get(1).exits(1);
  await clock.pass(10);
  assert.deepEqual(spawner.alive, [2]);
  await spawner.ready(2);
  assert.equal(supervisor.ready, true);
  assert.equal(supervisor.restarts, 0);
});

Deno.test("Supervisor restarts when the worker crashes and its replacement cannot start", async () => {
  const stage = await Stage.running({ workers: 1 });
  const { spawner, clock } = stage;
  await stage.reload();
  await spawner.get(1).exits(1);
  await spawner.get(2).fails("Broken");
  await clock.pass(3.5);
  assert.deepEqual(spawner.alive, [3]);
});

Deno.test("Supervisor replaces a worker that is being restarted, whichever is ready first", async () => {
  const stage = await Stage.running({ workers: 1 });
  const { spawner } = stage;
  await spawner.get(1).exits(0);
  await stage.reload();
  assert.deepEqual(spawner.alive, [2, 3]);
  await spawner.ready(3);
  await spawner.ready(2);
  assert.deepEqual(spawner.get(2).told, [HAND_OVER]);
  await spawner.get(2).leaves();
  assert.deepEqual(spawner.alive, [3]);
  assert.deepEqual(stage.log.matching("Reloaded"), ["INFO Reloaded"]);
});

Deno.test("Supervisor adds and removes workers when the reload says another number", async () => {
  const stage = await Stage.running({ workers: 2 });
  const { spawner, supervisor } = stage;
  stage.reread = () => Promise.resolve({ ...PLAN, workers: 3 });
  await stage.reload();
  await spawner.ready(3, 4);
  await spawner.ready(5);
  await spawner.get(1).leaves();
  await spawner.get(2).leaves();
  assert.deepEqual(spawner.alive, [3, 4, 5]);

  stage.reread = () => Promise.resolve({ ...PLAN, workers: 1 });
  await stage.reload();
  await spawner.ready(6);
  for (const pid of [3, 4, 5]) {
    assert.deepEqual(spawner.get(pid).told, [HAND_OVER]);
    await spawner.get(pid).leaves();
  }
  assert.deepEqual(spawner.alive, [6]);
  assert.equal(supervisor.workers, 1);
});

Deno.test("Supervisor stops the old worker first where two cannot have the address", async () => {
  const stage = await Stage.running({ workers: 1, exclusive: true });
  const { spawner } = stage;
  await stage.reload();
  assert.deepEqual(spawner.alive, [1]);
  assert.deepEqual(spawner.get(1).told, [STOP]);
  await spawner.get(1).leaves();
  assert.deepEqual(spawner.alive, [2]);
  await spawner.ready(2);
  assert.equal(stage.supervisor.ready, true);
});

Deno.test("Supervisor that is stopped while an address is vacated starts nothing", async () => {
  const stage = await Stage.running({ workers: 1, exclusive: true });
  await stage.reload();
  await stage.stop();
  await stage.spawner.get(1).leaves();
  assert.equal(stage.spawner.processes.length, 1);
  assert.equal(stage.exitCode, 0);
});

Deno.test("Supervisor gives no two living workers the same UDP ports, and uses the lowest", async () => {
  const stage = await Stage.running();
  const { spawner } = stage;
  const offsets = (...pids: number[]) => pids.map((pid) => spawner.get(pid).assignment?.portOffset);
  await stage.reload();
  await spawner.ready(3, 4);
  assert.deepEqual(offsets(1, 2, 3, 4), [0, 1, 2, 3]);
  await spawner.get(2).leaves();
  await spawner.get(1).leaves();
  await stage.reload();
  await spawner.ready(5, 6);
  assert.deepEqual(offsets(5, 6), [0, 1]);
});

Deno.test("Supervisor replaces a worker that reached a limit before that stops", async () => {
  const { spawner, log, supervisor } = await Stage.running();
  await spawner.get(2).says({ type: "retire", reason: "max_requests" });
  assert.deepEqual(spawner.alive, [1, 2, 3]);
  assert.deepEqual(spawner.get(2).told, []);
  await spawner.ready(3);
  assert.deepEqual(spawner.get(2).told, [HAND_OVER]);
  await spawner.get(2).leaves();
  assert.deepEqual(spawner.alive, [1, 3]);
  assert.deepEqual(log.lines, ["INFO Replacing worker 2: max_requests was reached"]);
  assert.equal(supervisor.restarts, 0);
});

Deno.test("Supervisor tries again after 30 s when a worker at its limit could not be replaced", async () => {
  const { spawner, clock } = await Stage.running({ workers: 1 });
  await spawner.get(1).says({ type: "retire", reason: "max_requests" });
  await spawner.get(2).fails("Broken");
  await clock.pass(29.9);
  assert.deepEqual(spawner.alive, [1]);
  await clock.pass(0.1);
  await spawner.ready(3);
  assert.deepEqual(spawner.get(1).told, [HAND_OVER]);
});

Deno.test("Supervisor lets a worker that is too large from its start live for 30 s, and warns", async () => {
  const { spawner, clock, log } = await Stage.running({ workers: 1 });
  await clock.pass(2);
  await spawner.get(1).says({ type: "retire", reason: "max_memory" });
  await clock.pass(27.9);
  assert.deepEqual(spawner.alive, [1]);
  assert.deepEqual(log.lines, [
    "WARN Worker 1 reached max_memory soon: is that too low? It is replaced in 28 s",
  ]);
  await clock.pass(0.1);
  await spawner.ready(2);
  assert.deepEqual(spawner.get(1).told, [HAND_OVER]);
  await spawner.get(1).leaves();
  await clock.pass(31);
  await spawner.get(2).says({ type: "retire", reason: "max_memory" });
  assert.deepEqual(spawner.alive, [2, 3]);
});

Deno.test("Supervisor tells what it waits for when a worker is not ready after 10 s", async () => {
  const { supervisor, spawner, clock, log } = new Stage({ workers: 1 });
  const started = supervisor.start();
  await settle();
  await clock.pass(9.9);
  assert.deepEqual(log.lines, []);
  await clock.pass(0.1);
  assert.equal(log.matching("Worker 1 is not ready after 10 s").length, 1);
  await spawner.ready(1);
  await started;
  await clock.pass(20);
  assert.equal(log.lines.length, 1);
});

Deno.test("Supervisor replaces a worker that reached a limit before it was ready", async () => {
  const stage = new Stage({ workers: 1 });
  const started = stage.supervisor.start();
  await settle();
  await stage.spawner.get(1).says({ type: "retire", reason: "max_requests" });
  assert.deepEqual(stage.spawner.alive, [1]);
  await stage.spawner.ready(1);
  await started;
  await settle();
  assert.deepEqual(stage.spawner.alive, [1, 2]);
});

Deno.test("Supervisor replaces a worker once when its limit and a reload come together", async () => {
  const stage = await Stage.running({ workers: 1 });
  const { spawner } = stage;
  await stage.reload();
  await spawner.get(1).says({ type: "retire", reason: "max_requests" });
  await spawner.ready(2);
  await spawner.get(1).leaves();
  assert.deepEqual(spawner.alive, [2]);
});

Deno.test("Supervisor stops all workers at once and ends with 0 when they did", async () => {
  const stage = await Stage.running();
  const { spawner, supervisor } = stage;
  await stage.stop();
  assert.equal(supervisor.ready, false);
  for (const pid of [1, 2]) assert.deepEqual(spawner.get(pid).told, [STOP]);
  await spawner.get(1).leaves();
  assert.equal(stage.exitCode, undefined);
  await spawner.get(2).leaves();
  assert.equal(stage.exitCode, 0);
  assert.deepEqual(stage.log.lines, []);
});

Deno.test("Supervisor ends with the code of a worker whose stop failed, and tells why", async () => {
  const stage = await Stage.running();
  await stage.stop();
  await stage.spawner.get(1).fails("Lifespan failure in shutdown", 1);
  await stage.spawner.get(2).leaves();
  assert.equal(stage.exitCode, 1);
  assert.deepEqual(stage.log.lines, ["ERROR Worker 1 failed: Lifespan failure in shutdown"]);
});

Deno.test("Supervisor kills a worker that does not stop in its times, and ends with 1", async () => {
  const stage = await Stage.running();
  const { spawner, clock } = stage;
  await stage.stop();
  await spawner.get(1).leaves();
  await clock.pass(17.9); // graceful_timeout 3 + shutdown_timeout 10 + 5
  assert.deepEqual(spawner.alive, [2]);
  await clock.pass(0.1);
  assert.deepEqual(spawner.alive, []);
  assert.equal(stage.exitCode, 1);
  assert.deepEqual(stage.log.lines, [
    "ERROR Worker 2: it did not stop within 18 s and was killed",
  ]);
});

Deno.test("Supervisor that is forced kills what is left after 0.5 s, and ends with 0", async () => {
  const stage = await Stage.running();
  const { spawner, clock, supervisor } = stage;
  await stage.stop();
  supervisor.force();
  await settle();
  assert.deepEqual(spawner.get(1).told, [STOP, { type: "force" }]);
  await spawner.get(1).leaves();
  await clock.pass(0.5);
  assert.deepEqual(spawner.alive, []);
  assert.equal(stage.exitCode, 0);
});

Deno.test("Supervisor that is stopped during its start starts no further worker", async () => {
  const stage = new Stage();
  const started = stage.supervisor.start();
  await settle();
  await stage.stop();
  assert.deepEqual(stage.spawner.get(1).told, [STOP]);
  await stage.spawner.get(1).ready();
  await stage.spawner.get(1).leaves();
  assert.equal(await started, false);
  assert.equal(stage.exitCode, 0);
  assert.equal(stage.spawner.processes.length, 1);
});

Deno.test("Supervisor that is stopped restarts and replaces nothing", async () => {
  const stage = await Stage.running();
  const { spawner, clock } = stage;
  await spawner.get(1).exits(1); // its restart is due in 3.5 s
  await stage.reload(); // its first replacement starts
  await stage.stop();
  await spawner.ready(3);
  for (const pid of [2, 3]) await spawner.get(pid).leaves();
  await clock.pass(60);
  await stage.reload();
  assert.equal(spawner.processes.length, 3);
  assert.equal(stage.exitCode, 0);
});

Deno.test("Supervisor passes the wish for new log files on", async () => {
  const { supervisor, spawner } = await Stage.running();
  supervisor.reopenLogs();
  for (const pid of [1, 2]) assert.deepEqual(spawner.get(pid).told, [{ type: "reopenLogs" }]);
});

Deno.test("Supervisor counts a worker once that ends while the metrics of another are waited for", async () => {
  const { spawner, clock, supervisor } = await Stage.running();
  const snapshot = { ...EMPTY_SNAPSHOT, logMessages: { error: 5 }, memoryBytes: 100 };
  const page = supervisor.metrics();
  await spawner.get(1).says({ type: "metrics", snapshot });
  await spawner.get(1).leaves(snapshot);
  await clock.pass(1);
  const { logMessages, memoryBytes } = await page;
  assert.deepEqual([logMessages.error, memoryBytes], [5, 0]);
});

Deno.test("Supervisor sums metrics, with counters but without memory of workers that ended", async () => {
  const { supervisor, spawner, clock } = await Stage.running();
  const counted = (errors: number): MetricsSnapshot => ({
    ...EMPTY_SNAPSHOT,
    logMessages: { error: errors },
    memoryBytes: 100,
  });
  const sum = async () => {
    const { logMessages, memoryBytes } = await supervisor.metrics();
    return { errors: logMessages.error ?? 0, memoryBytes };
  };

  const both = sum();
  await spawner.get(1).says({ type: "metrics", snapshot: counted(1) });
  await spawner.get(2).says({ type: "metrics", snapshot: counted(2) });
  assert.deepEqual(await both, { errors: 3, memoryBytes: 200 });

  const late = sum(); // a worker that does not answer counts as before
  await spawner.get(2).says({ type: "metrics", snapshot: counted(4) });
  await clock.pass(1);
  assert.deepEqual(await late, { errors: 5, memoryBytes: 200 });

  await spawner.get(2).leaves(counted(8));
  const ended = sum();
  await clock.pass(1);
  assert.deepEqual(await ended, { errors: 9, memoryBytes: 100 });
});

Deno.test("Supervisor fills the place of a worker whose application left an error uncaught while that one stops", async () => {
  const { supervisor, spawner, clock, log } = await Stage.running({ workers: 1 });
  await spawner.get(1).says({ type: "failing" });
  assert.equal(supervisor.ready, false);
  assert.deepEqual(spawner.get(1).told, [], "It stops by itself");
  await spawner.get(1).says({ type: "failing" }); // said twice, it counts once
  await clock.pass(3.5);
  assert.deepEqual(spawner.alive, [1, 2]);
  await spawner.ready(2);
  assert.equal(supervisor.ready, true);
  assert.equal(supervisor.restarts, 1);
  await spawner.get(1).exits(1);
  await clock.pass(3.5);
  assert.deepEqual(spawner.alive, [2], "Its end is no second loss");
  assert.deepEqual(log.matching("ERROR"), [
    "ERROR Worker 1 stops: its application left an error uncaught",
  ]);
});

Deno.test("Supervisor kills a worker that does not end after an error that nobody caught", async () => {
  const { spawner, clock } = await Stage.running({ workers: 1 });
  await spawner.get(1).says({ type: "failing" });
  await clock.pass(3.5);
  await spawner.ready(2);
  await clock.pass(PLAN.gracefulTimeout + PLAN.shutdownTimeout + 5);
  assert.deepEqual(spawner.alive, [2]);
});

Deno.test("Supervisor lets the one owner of an address end before it starts another after an uncaught error", async () => {
  const { spawner, clock } = await Stage.running({ workers: 1, exclusive: true });
  await spawner.get(1).says({ type: "failing" });
  await clock.pass(4);
  assert.deepEqual(spawner.alive, [1]);
  await spawner.get(1).exits(1);
  await clock.pass(3.5);
  assert.deepEqual(spawner.alive, [2]);
});

Deno.test("Supervisor gives up after five uncaught errors in a row, as after crashes", async () => {
  const stage = await Stage.running({ workers: 1 });
  for (let pid = 1; pid <= 5; pid++) {
    await stage.spawner.get(pid).says({ type: "failing" });
    await stage.spawner.get(pid).exits(1);
    if (pid === 5) break;
    await stage.clock.pass(3.5);
    await stage.spawner.ready(pid + 1);
  }
  assert.equal(stage.exitCode, 1);
  assert.deepEqual(stage.spawner.alive, []);
});

Deno.test("Supervisor starts no second successor of a worker that fails while it is replaced", async () => {
  const { supervisor, spawner, clock } = await Stage.running({ workers: 1 });
  supervisor.reload();
  await settle();
  assert.deepEqual(spawner.alive, [1, 2]);
  await spawner.get(1).says({ type: "failing" });
  await spawner.get(1).exits(1);
  await spawner.ready(2);
  await clock.pass(10);
  assert.deepEqual(spawner.alive, [2]);
  assert.equal(supervisor.ready, true);
});

Deno.test("Supervisor is not moved by a worker that fails when it was told to stop", async () => {
  const stage = await Stage.running({ workers: 1 });
  await stage.stop();
  await stage.spawner.get(1).says({ type: "failing" });
  await stage.spawner.get(1).leaves();
  assert.equal(stage.exitCode, 0);
  assert.equal(stage.spawner.processes.length, 1);
});
