/**
 * What happens to servers while they start: stops, lost supervisors, log rotation.
 */

import assert from "node:assert/strict";
import { CommandLine, isAlive } from "../_support/command_line.ts";
import { eventually } from "../_support/waiting.ts";

const ignore = Deno.build.os !== "linux";

/** Loads for ever. */
const LOADING = `console.log("pid " + Deno.pid);
await new Promise((resolve) => setTimeout(resolve, 1e9));
export default () => new Response();
`;

/** Starts until the file `go` is there. */
const STARTING = `Deno.addSignalListener("SIGUSR2", () => console.log("rotated"));
export default async (scope, receive, send) => {
  if (scope.type === "lifespan") {
    await receive();
    console.log("pid " + Deno.pid);
    while (!await Deno.stat("go").catch(() => null)) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await send({ type: "lifespan.startup.complete" });
    return await receive();
  }
  await send({ type: "http.response.start", status: 200, headers: [] });
  await send({ type: "http.response.body" });
};
`;

function test(
  name: string,
  app: string,
  args: readonly string[],
  act: (server: CommandLine, pid: number, cwd: string) => Promise<void>,
): void {
  Deno.test({ name, ignore, fn: () => run(app, args, act) });
}

/** Starts the application and acts when it has told its process id. */
async function run(
  app: string,
  args: readonly string[],
  act: (server: CommandLine, pid: number, cwd: string) => Promise<void>,
): Promise<void> {
  const cwd = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${cwd}/main.ts`, app);
    await using server = new CommandLine(["main.ts", "--bind", "127.0.0.1:0", ...args], { cwd });
    await server.says(/pid \d+/);
    const pid = Number(/pid (\d+)/.exec(server.text)![1]);
    try {
      await act(server, pid, cwd);
    } finally {
      if (isAlive(pid)) Deno.kill(pid, "SIGKILL");
    }
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
}

for (const workers of ["0", "1"]) {
  const args = ["--workers", workers, "--pid", "server.pid"];
  test(
    `SIGTERM while modules load for ever ends ${workers} workers, with exit code 0`,
    LOADING,
    args,
    async (server, pid, cwd) => {
      server.kill("SIGTERM");
      assert.equal(await server.exitCode(), 0, server.text);
      assert.equal(isAlive(pid), false);
      await assert.rejects(Deno.stat(`${cwd}/server.pid`), Deno.errors.NotFound);
    },
  );
}

test("a worker whose modules load for ever ends when its supervisor is killed", LOADING, [
  "--workers",
  "1",
], async (server, pid) => {
  server.kill("SIGKILL");
  await eventually(() => !isAlive(pid), "the end of the worker");
});

for (const workers of ["0", "1"]) {
  const args = ["--workers", workers, "--access-logfile", "access.log"];
  test(
    `SIGUSR2 while the application of ${workers} workers starts opens the log files anew`,
    STARTING,
    args,
    async (server, pid, cwd) => {
      await Deno.rename(`${cwd}/access.log`, `${cwd}/access.log.1`);
      Deno.kill(pid, "SIGUSR2");
      await server.says(/rotated/);
      await Deno.writeTextFile(`${cwd}/go`, "");
      await server.says(/Running on/);
      await (await fetch(server.urls[0]!)).text();
      server.kill("SIGTERM");
      assert.equal(await server.exitCode(), 0, server.text);
      assert.match(await Deno.readTextFile(`${cwd}/access.log`), /GET \/ /);
      assert.equal(await Deno.readTextFile(`${cwd}/access.log.1`), "");
    },
  );
}

/** Sends signals until it ends: within half a second of the first they count once. */
async function forcedExitCode(server: CommandLine): Promise<number> {
  const again = setInterval(() => server.kill("SIGTERM"), 200);
  try {
    return await server.exitCode();
  } finally {
    clearInterval(again);
  }
}

for (const workers of ["0", "1"]) {
  const args = ["--workers", workers, "--pid", "server.pid"];
  test(
    `a second signal while the application of ${workers} workers starts gives that up, with exit code 0`,
    STARTING,
    args,
    async (server, pid, cwd) => {
      server.kill("SIGTERM");
      assert.equal(await forcedExitCode(server), 0, server.text);
      assert.equal(isAlive(pid), false);
      await assert.rejects(Deno.stat(`${cwd}/server.pid`), Deno.errors.NotFound);
    },
  );
}
