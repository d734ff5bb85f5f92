import assert from "node:assert/strict";
import { command } from "../../src/cli/main.ts";
import { helpText } from "../../src/cli/help.ts";
import type { Run } from "../../src/cli/run.ts";
import type { Terminal } from "../../src/cli/terminal.ts";
import { BindError, LifespanError, NoAppError } from "../../src/errors.ts";

/** How a command ended. */
interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command whose arguments are split at blanks; `serve` stands for the server. */
async function run(args: string, serve?: Run, colours = false): Promise<Outcome> {
  let [out, err] = ["", ""];
  const terminal: Terminal = {
    out: (text) => out += text,
    err: (text) => err += text,
    colours,
  };
  const refuse = () => assert.fail("The server was started");
  const code = await command(args.split(" ").filter(Boolean), terminal, serve ?? refuse);
  return { code, out, err };
}

Deno.test("command() serves the application that is named and ends with the server's code", async () => {
  const serve: Run = (job, config) => {
    assert.equal(job.application, "main.ts:app");
    assert.equal(config.workers, 3);
    return Promise.resolve(7);
  };
  assert.deepEqual(await run("main.ts:app -w 3", serve), { code: 7, out: "", err: "" });
});

Deno.test("command() prints help and version, whatever else is asked", async () => {
  assert.deepEqual(await run("--help"), { code: 0, out: helpText(), err: "" });
  assert.deepEqual(await run("main.ts -h --version"), { code: 0, out: helpText(), err: "" });
  const { code, out } = await run("--version main.ts");
  assert.equal(code, 0);
  assert.match(out, /^hypercorn \d+\.\d+\.\d+ \(Deno \d+\.\d+\.\d+\)\n$/);
});

Deno.test("command() prints the configuration and its warnings instead of serving", async () => {
  const { code, out, err } = await run("main.ts --print-config --backlog 5 -k trio -D");
  assert.equal(code, 0);
  assert.match(out, /^backlog = 5$/m);
  assert.match(out, /^application_path = "main\.ts"$/m);
  assert.match(err, /^warning: -D has no effect.*\nwarning: Option "workerClass" is ignored.*\n$/);
});

Deno.test("command() tells warnings about flags before it serves", async () => {
  const { err } = await run("main.ts --access-log -", () => Promise.resolve(0));
  assert.equal(err, "warning: --access-log is deprecated: use --access-logfile\n");
});

const USAGE = "hint: --help lists the options\n";

const FAILURES = [
  {
    name: "without application",
    args: "-w 0",
    code: 2,
    err: 'error: No application: name a module such as "main.ts", or set "application_path" in ' +
      `the file\n${USAGE}`,
  },
  {
    name: "for an unknown flag",
    args: "--wokers 2 main.ts",
    code: 2,
    err: `error: Unknown option "--wokers". Did you mean "--workers"?\n${USAGE}`,
  },
  {
    name: "for a value that an option refuses",
    args: "main.ts -w -1",
    code: 2,
    err: 'error: Cannot use option "--workers": expected an integer from 0 to 1024, received -1\n' +
      USAGE,
  },
  {
    name: "for a file that is not there",
    args: "main.ts -c /nonexistent/a.toml",
    code: 1,
    err: 'error: Cannot use option "config": expected the path of a readable file, received ' +
      '"/nonexistent/a.toml": it does not exist. Check the path, which is relative to the ' +
      "working directory, or create the file\n",
  },
];
for (const { name, args, code, err } of FAILURES) {
  Deno.test(`command() ends with ${code} ${name}`, async () => {
    assert.deepEqual(await run(args), { code, out: "", err });
  });
}

const NO_APP = new NoAppError({
  application: "main.ts:ap",
  module: "main.ts",
  reason: "export",
  problem: 'the module has no export "ap"',
  nearest: "app",
});

const THROWN = [
  {
    error: NO_APP,
    text: 'error: Cannot load application from "main.ts:ap": the module has no export "ap". Did ' +
      'you mean "app"?\n',
  },
  { error: new BindError("a:1", 'Cannot bind "a:1"'), text: 'error: Cannot bind "a:1"\n' },
  {
    error: new Deno.errors.NotCapable('Requires read access to "a", run again with --allow-read'),
    text: 'error: Deno was not given permission: Requires read access to "a", run again with ' +
      "--allow-read\n",
  },
  { error: "a text", text: 'error: the string "a text"\n' },
];
for (const { error, text } of THROWN) {
  Deno.test(`command() tells what the server threw: ${text.slice(7, 40)}`, async () => {
    assert.deepEqual(await run("main.ts", () => Promise.reject(error)), {
      code: 1,
      out: "",
      err: text,
    });
  });
}

Deno.test("command() shows the stack of what nobody foresaw, without its own files", async () => {
  const { code, err } = await run("main.ts", () => Promise.reject(new RangeError("a defect")));
  assert.equal(code, 1);
  assert.match(err, /^error: RangeError: a defect\n +at file:.*command_test\.ts/);
  assert.doesNotMatch(err, /\/src\/cli\//);
});

Deno.test("command() shows no class before a message without a stack", async () => {
  const bare = Object.assign(new Error("No such luck"), { stack: "Error: No such luck" });
  const { err } = await run("main.ts", () => Promise.reject(bare));
  assert.equal(err, "error: No such luck\n");
});

Deno.test("command() shows where the application failed to stop", async () => {
  const cause = new RangeError("no database");
  const error = new LifespanError("shutdown", "RangeError: no database", { cause });
  const { err } = await run("main.ts", () => Promise.reject(error));
  assert.match(err, /^error: Lifespan failure in shutdown: .*\nRangeError: no database\n +at /);
});

const JSON_ERRORS = [
  {
    args: "--log-json --wokers 2",
    members: { error: "UsageError", flag: "--wokers", nearest: "--workers" },
  },
  {
    args: "main.ts --log-json",
    members: { error: "NoAppError", reason: "export", nearest: "app" },
  },
  {
    args: "main.ts -c /nonexistent/a.toml --log-json",
    members: { error: "ConfigError", key: "config", expected: "the path of a readable file" },
  },
];
for (const { args, members } of JSON_ERRORS) {
  Deno.test(`command() writes the ${members.error} of ${args} as one line of JSON`, async () => {
    const { err } = await run(args, () => Promise.reject(NO_APP));
    const [line = "", rest] = err.split("\n");
    assert.equal(rest, "");
    const { time, message, level, pid, ...fields } = JSON.parse(line);
    assert.match(time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    assert.equal(typeof message, "string");
    assert.deepEqual([level, pid], ["CRITICAL", Deno.pid]);
    for (const [key, value] of Object.entries(members)) assert.equal(fields[key], value, key);
  });
}

Deno.test("command() writes warnings as JSON, too", async () => {
  const { err } = await run("main.ts --log-json -D", () => Promise.resolve(0));
  assert.equal(JSON.parse(err).level, "WARN");
  assert.match(JSON.parse(err).message, /^-D has no effect/);
});

Deno.test("command() colours its labels on a terminal, and nothing else", async () => {
  const { err } = await run("--wokers main.ts", undefined, true);
  assert(err.startsWith('\x1b[1;31merror:\x1b[0m Unknown option "--wokers"'), err);
  assert.equal(err.split("\x1b").length, 3);
});
