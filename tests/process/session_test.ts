/**
 * A day in the life of a server with two workers: load, two reloads, a crash, the end.
 *
 * `wrk` is the client that forgives least: it counts every connection that ends where a response should have been.
 */

import assert from "node:assert/strict";
import { UNPINNED } from "../bench/pinning.ts";
import { runWrk } from "../bench/wrk.ts";
import { CommandLine, isAlive } from "../_support/command_line.ts";
import { isInstalled } from "../_support/server_process.ts";

const APP = `export default () => new Response(String(Deno.pid));\n`;

const HAS_WRK = await isInstalled("sh", "-c", "command -v wrk");
const HAS_SCRIPT = await isInstalled("sh", "-c", "command -v script");

const CONNECTIONS = 16;

Deno.test({
  name:
    "two workers under load: two reloads fail no request, a killed worker only its own, then a clean end",
  ignore: Deno.build.os !== "linux" || !HAS_WRK,
  async fn() {
    const cwd = await Deno.makeTempDir();
    try {
      await Deno.writeTextFile(`${cwd}/main.ts`, APP);
      const args = ["main.ts", "--workers", "2", "--bind", "127.0.0.1:0", "--pid", "server.pid"];
      await using server = new CommandLine(args, { cwd });
      await server.says(/Running on/, 2);
      const url = server.urls[0]!;
      const first = await workersOf(url, 2);
      assert.equal(await Deno.readTextFile(`${cwd}/server.pid`), `${server.pid}\n`);

      const calm = await during(url, async () => {
        server.kill("SIGHUP");
        const second = await replaced(url, first);
        server.kill("SIGHUP");
        await replaced(url, second);
      });
      assert.deepEqual(calm.socketErrors, { connect: 0, read: 0, write: 0, timeout: 0 });
      assert.equal(calm.failed, 0);
      assert.ok(calm.requests > 1000, `${calm.requests}`);

      const [victim] = await workersOf(url, 2);
      const crashed = await during(url, async () => {
        Deno.kill(victim!, "SIGKILL");
        await server.says(/Worker [0-9]+ ended/);
        await workersOf(url, 2);
      });
      const { read, write, connect, timeout } = crashed.socketErrors;
      assert.ok(read + write + connect <= CONNECTIONS, JSON.stringify(crashed.socketErrors));
      assert.equal(timeout + crashed.failed, 0);

      const last = await workersOf(url, 2);
      server.kill("SIGTERM");
      assert.equal(await server.exitCode(), 0, server.text);
      assert.deepEqual(last.filter(isAlive), []);
      await assert.rejects(Deno.stat(`${cwd}/server.pid`), Deno.errors.NotFound);
    } finally {
      await Deno.remove(cwd, { recursive: true });
    }
  },
});

Deno.test({
  name: "Ctrl+C in a terminal, which reaches supervisor and workers alike, is one graceful stop",
  ignore: !HAS_SCRIPT,
  async fn() {
    const cwd = await Deno.makeTempDir();
    try {
      await Deno.writeTextFile(
        `${cwd}/main.ts`,
        `export default async () => {
          console.log("begun");
          await new Promise((resolve) => setTimeout(resolve, 700));
          return new Response("whole");
        };`,
      );
      const args = ["main.ts", "--workers", "2", "--bind", "127.0.0.1:0"];
      await using server = new CommandLine(args, { cwd, terminal: true });
      await server.says(/Running on/, 2);
      const response = fetch(server.urls[0]!);
      await server.says(/begun/);
      await server.type("\x03");
      assert.equal(await (await response).text(), "whole");
      assert.equal(await server.exitCode(), 0, server.text);
    } finally {
      await Deno.remove(cwd, { recursive: true });
    }
  },
});

/** Runs `act` while `wrk` loads the server, from before its beginning until after its end. */
async function during(url: string, act: () => Promise<void>) {
  const acted = Promise.withResolvers<void>();
  const until = acted.promise;
  const load = runWrk(url, { connections: CONNECTIONS, seconds: 120, pinning: UNPINNED, until });
  try {
    await act();
  } finally {
    acted.resolve();
  }
  return await load;
}

/** Process ids of the workers that answer, once there are so many. */
async function workersOf(url: string, count: number): Promise<number[]> {
  return await collect(url, (seen) => seen.size >= count);
}

/** Process ids of the workers once none of `old` answers any more. */
async function replaced(url: string, old: readonly number[]): Promise<number[]> {
  let lately: number[] = [];
  await collect(url, (_seen, pid) => {
    lately = [...lately, pid].slice(-20);
    return lately.length === 20 && !lately.some((pid) => old.includes(pid)) &&
      !old.some(isAlive) && new Set(lately).size === old.length;
  });
  return [...new Set(lately)];
}

async function collect(
  url: string,
  done: (seen: Set<number>, pid: number) => boolean,
): Promise<number[]> {
  const seen = new Set<number>();
  const deadline = performance.now() + 60_000;
  while (performance.now() < deadline) {
    const pid = await askForPid(url);
    if (pid === null) continue;
    seen.add(pid);
    if (done(seen, pid)) return [...seen];
    await new Promise((resolve) => setTimeout(resolve, 10)); // the load needs the processor, too
  }
  throw new Error(`Saw only the workers ${[...seen].join(", ")}`);
}

/**
 * Asks on a new connection, which may be the one that waits to be accepted when a listener is closed: the system
 * resets it (README, "Reload"). `wrk`, which keeps its connections, is the judge of what is lost.
 */
async function askForPid(url: string): Promise<number | null> {
  try {
    const response = await fetch(url, { headers: { connection: "close" } });
    return Number(await response.text());
  } catch {
    return null;
  }
}
