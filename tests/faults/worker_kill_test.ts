/**
 * Workers and supervisors that are killed, at each phase of their lives.
 */

import assert from "node:assert/strict";
import { type CommandLine, isAlive } from "../_support/command_line.ts";
import { eventually } from "../_support/waiting.ts";
import { ask, exists, processesOf, type Stage, test } from "./fault_stage.ts";

/** Loads while there is a file `hold`; `/slow` answers once there is a file `go`. */
const APP = `
const pause = () => new Promise((resolve) => setTimeout(resolve, 10));
const has = (file) => Deno.stat(file).catch(() => null);
console.log("pid " + Deno.pid);
while (await has("hold")) await pause();
export default async (request) => {
  if (request.url.endsWith("/slow")) {
    console.log("begun");
    while (!await has("go")) await pause();
  }
  return new Response(String(Deno.pid));
};
`;

const ARGS = ["--graceful-timeout", "60", "--pid", "server.pid"];

/** Ids of workers by the order in which they began to load. */
function loadedPids({ text }: CommandLine): number[] {
  return Array.from(text.matchAll(/^pid (\d+)$/gm), ([, pid]) => Number(pid));
}

/** A server of one worker that has a request in progress; what its client saw in the end. */
async function withSlowRequest(stage: Stage): Promise<{
  server: CommandLine;
  url: string;
  worker: number;
  slow: Promise<string>;
}> {
  const server = await stage.serve(ARGS, { workers: 1 });
  const [url = ""] = server.urls;
  const slow = ask(url, "/slow").catch(() => "broken off");
  await server.says(/begun/);
  return { server, url, worker: loadedPids(server)[0]!, slow };
}

/** Checks that nothing is left. */
async function assertGone(stage: Stage, server: CommandLine, code: number): Promise<void> {
  assert.equal(await server.exitCode(), code, server.text);
  assert.deepEqual(processesOf(server).filter(isAlive), []);
  assert.equal(exists(stage.path("server.pid")), false);
}

function faultTest(name: string, act: (stage: Stage) => Promise<void>): void {
  test(name, act, { app: APP });
}

faultTest(
  "a worker killed before it is ready for the first time ends the start with 1 and the signal",
  async (stage) => {
    stage.write("hold", "");
    const server = await stage.serve(ARGS, { workers: 2, wait: false });
    await server.says(/pid \d+\n/);
    const [worker = 0] = loadedPids(server);
    Deno.kill(worker, "SIGKILL");
    await assertGone(stage, server, 1);
    assert.match(server.text, new RegExp(`Worker ${worker} could not start: it ended by SIGKILL`));
  },
);

faultTest(
  "a worker killed with a request in progress breaks that off, and another serves",
  async (stage) => {
    const { server, url, worker, slow } = await withSlowRequest(stage);
    Deno.kill(worker, "SIGKILL");
    assert.equal(await slow, "broken off");
    await server.says(/Running on/, 2);
    assert.match(server.text, new RegExp(`\\[ERROR\\] Worker ${worker} ended by SIGKILL`));
    assert.equal(await ask(url), String(loadedPids(server)[1]));
    server.kill("SIGTERM");
    await assertGone(stage, server, 0);
  },
);

faultTest("a worker killed as soon as it is ready is started again", async (stage) => {
  const server = await stage.serve(ARGS, { workers: 1 });
  Deno.kill(loadedPids(server)[0]!, "SIGKILL");
  await server.says(/Running on/, 2);
  assert.equal(await ask(server.urls[0]!), String(loadedPids(server)[1]));
  server.kill("SIGTERM");
  await assertGone(stage, server, 0);
});

faultTest("a worker killed during the stop ends that at once, with 1", async (stage) => {
  const { server, worker, slow } = await withSlowRequest(stage);
  server.kill("SIGTERM");
  await server.says(/Stopping/);
  Deno.kill(worker, "SIGKILL");
  assert.equal(await slow, "broken off");
  await assertGone(stage, server, 1);
});

faultTest("a new worker killed during a reload leaves the old one in its place", async (stage) => {
  const server = await stage.serve(ARGS, { workers: 1 });
  const [old] = loadedPids(server);
  stage.write("hold", "");
  server.kill("SIGHUP");
  await server.says(/pid \d+\n/, 2);
  Deno.kill(loadedPids(server)[1]!, "SIGKILL");
  await server.says(/The new worker could not start, the old one serves on/);
  assert.equal(await ask(server.urls[0]!), String(old));
  server.kill("SIGTERM");
  await assertGone(stage, server, 0);
});

faultTest(
  "an old worker killed while its successor starts leaves the place to that one",
  async (stage) => {
    const server = await stage.serve(ARGS, { workers: 1 });
    stage.write("hold", "");
    server.kill("SIGHUP");
    await server.says(/pid \d+\n/, 2);
    const [old, successor] = loadedPids(server);
    Deno.kill(old!, "SIGKILL");
    await server.says(new RegExp(`Worker ${old} ended by SIGKILL`));
    Deno.removeSync(stage.path("hold"));
    await server.says(/Reloaded/);
    assert.equal(await ask(server.urls[0]!), String(successor));
    assert.equal(loadedPids(server).length, 2, "There is no third one");
    server.kill("SIGTERM");
    await assertGone(stage, server, 0);
  },
);

faultTest(
  "an old worker killed while it lets its requests finish costs those, and ends the reload",
  async (stage) => {
    const { server, url, worker, slow } = await withSlowRequest(stage);
    server.kill("SIGHUP");
    await server.says(/Running on/, 2);
    Deno.kill(worker, "SIGKILL");
    assert.equal(await slow, "broken off");
    await server.says(/Reloaded/);
    assert.equal(await ask(url), String(loadedPids(server)[1]));
    server.kill("SIGTERM");
    await assertGone(stage, server, 0);
  },
);

faultTest(
  "a supervisor killed during a stop leaves no worker: it lets its requests finish, and ends",
  async (stage) => {
    const { server, worker, slow } = await withSlowRequest(stage);
    server.kill("SIGTERM");
    await server.says(/Stopping/);
    server.kill("SIGKILL");
    stage.write("go", "");
    assert.equal(await slow, String(worker));
    await eventually(() => !isAlive(worker), "the end of the worker");
  },
);

faultTest(
  "a supervisor killed during a reload leaves neither the old worker nor the new one",
  async (stage) => {
    const server = await stage.serve(ARGS, { workers: 1 });
    stage.write("hold", "");
    server.kill("SIGHUP");
    await server.says(/pid \d+\n/, 2);
    const pids = loadedPids(server);
    assert.deepEqual(pids.map(isAlive), [true, true]);
    server.kill("SIGKILL");
    await eventually(() => !pids.some(isAlive), "the end of both workers");
  },
);

const FLOOD = `
import process from "node:process";
for (let count = 0; count < 20_000; count++) process.send({ flood: count, ready: "x".repeat(100) });
${APP}`;
test(
  "a flood of messages from an application delays its supervisor, and no more",
  async (stage) => {
    const server = await stage.serve(ARGS, { workers: 1 });
    const [worker] = loadedPids(server);
    assert.equal(await ask(server.urls[0]!), String(worker));
    server.kill("SIGHUP");
    await server.says(/Reloaded/);
    server.kill("SIGTERM");
    await assertGone(stage, server, 0);
  },
  { app: FLOOD },
);

test("a worker that reaches max_requests while all stop is not replaced", async (stage) => {
  const server = await stage.serve([...ARGS, "--max-requests", "1"], { workers: 1 });
  const [url = ""] = server.urls;
  const slow = ask(url, "/slow");
  await server.says(/begun/);
  const [worker] = loadedPids(server);
  Deno.kill(server.pid, "SIGSTOP"); // what the worker says is not read before the stop
  await ask(url);
  server.kill("SIGTERM");
  Deno.kill(server.pid, "SIGCONT");
  await server.says(/Stopping/);
  stage.write("go", "");
  assert.equal(await slow, String(worker));
  await assertGone(stage, server, 0);
  assert.deepEqual(loadedPids(server).filter((pid) => pid !== worker).filter(isAlive), []);
}, { app: APP });
