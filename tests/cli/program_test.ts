/** The command line as users start it: permissions, signals, files, exit codes. */

import assert from "node:assert/strict";
import { Program } from "../_support/program.ts";
import { REPOSITORY } from "../_support/repository.ts";

const CLI = "src/cli/mod.ts";
const ANY_PORT = ["--bind", "127.0.0.1:0"];

const folder = await Deno.makeTempDir({ prefix: "hypercorn cli " });
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
const application = `${folder}/main.ts`;
await Deno.writeTextFile(application, "export const app = () => new Response(`pid ${Deno.pid}`);");

/** Starts the command line with these flags of Deno, and waits until it serves. */
function start(flags: string[], args: string[]): Promise<Program> {
  return Program.start(["run", ...flags, CLI, application, ...ANY_PORT, ...args], REPOSITORY, 1);
}

/** Runs a command line that is expected to end by itself. */
async function fail(flags: string[], args: string[]): Promise<{ code: number; stderr: string }> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", ...flags, CLI, ...args],
    cwd: REPOSITORY,
    env: { NO_COLOR: "1" },
    stdin: "null", // no terminal, so that Deno asks for no permission
  }).output();
  return { code, stderr: new TextDecoder().decode(stderr) };
}

async function pidOf(url: string): Promise<string> {
  const text = await (await fetch(url)).text();
  assert.match(text, /^pid \d+$/);
  return text.slice(4);
}

Deno.test("the command serves in its own process, writes its pid file, and ends with 0", async () => {
  const pidFile = `${folder}/own.pid`;
  await using program = await start(["-A"], ["--workers", "0", "--pid", pidFile]);
  assert.equal((await Deno.readTextFile(pidFile)).trim(), await pidOf(program.url));
  program.stop();
  assert.equal(await program.exitCode(), 0);
  await assert.rejects(Deno.stat(pidFile), Deno.errors.NotFound);
});

Deno.test("the command serves in a worker by default, whose supervisor owns the pid file", async () => {
  const pidFile = `${folder}/supervisor.pid`;
  await using program = await start(["-A"], ["--pid", pidFile]);
  assert.notEqual((await Deno.readTextFile(pidFile)).trim(), await pidOf(program.url));
  program.stop();
  assert.equal(await program.exitCode(), 0);
});

Deno.test("the command serves in its own process without permission to start others", async () => {
  await using program = await start(["--allow-net", "--allow-read"], []);
  await pidOf(program.url);
  program.stop();
  assert.equal(await program.exitCode(), 0);
  assert.match(program.stderr, /\[INFO\] Serving in this process: .*--allow-run/);
  assert.doesNotMatch(program.stderr, /WARN|ERROR/);
});

Deno.test("the command serves the application that the configuration file names", async () => {
  const config = `${folder}/hypercorn.json`;
  const options = { application_path: `${application}:app`, bind: "127.0.0.1:0", workers: 0 };
  await Deno.writeTextFile(config, JSON.stringify(options));
  const args = ["run", "-A", CLI, "--config", config];
  await using program = await Program.start(args, REPOSITORY, 1);
  await pidOf(program.url);
});

const FAILURES = [
  {
    name: "2 for an unknown flag",
    flags: [],
    args: ["--wokers", "2"],
    code: 2,
    stderr: /^error: Unknown option "--wokers"\. Did you mean "--workers"\?\nhint: .*\n$/,
  },
  {
    name: "1 for an application that is not there",
    flags: ["-A"],
    args: [`${folder}/mian.ts`, "-w", "0"],
    code: 1,
    stderr:
      /^error: Cannot load application from .*: module not found\. Did you mean ".*main\.ts"\?\n$/,
  },
  {
    name: "1 without permission to read, and names the flag",
    flags: ["--allow-net"],
    args: [application],
    code: 1,
    stderr: /^error: Cannot load application from .*run again with the --allow-read flag\n$/,
  },
  {
    name: "1 without permission to listen, and names the flag",
    flags: ["--allow-read"],
    args: [application, ...ANY_PORT],
    code: 1,
    stderr: /^error: Cannot bind "127\.0\.0\.1:0": .*--allow-net flag\n$/,
  },
  {
    name: "1 without permission for the workers that were asked for, and names the flag",
    flags: ["--allow-net", "--allow-read"],
    args: [application, "--workers", "2"],
    code: 1,
    stderr: /^error: Cannot use option "workers": .*--allow-run/,
  },
  {
    name: "1 for an application that a worker cannot load",
    flags: ["-A"],
    args: [`${application}:ap`, ...ANY_PORT, "--log-json"],
    code: 1,
    stderr: /"error":"NoAppError".*"nearest":"app"/,
  },
];
for (const { name, flags, args, code, stderr } of FAILURES) {
  Deno.test(`the command ends with ${name}`, async () => {
    const ended = await fail(flags, args);
    assert.match(ended.stderr, stderr);
    assert.equal(ended.code, code);
  });
}

Deno.test("the command ends with 1 when the address is in use", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const bind = `127.0.0.1:${listener.addr.port}`;
  const { code, stderr } = await fail(["-A"], [application, "--bind", bind, "--workers", "0"]);
  assert.match(stderr, /^error: Cannot bind ".*": the address is in use\. .*\n$/);
  assert.equal(code, 1);
});
