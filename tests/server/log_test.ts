import assert from "node:assert/strict";
import { type ASGIFramework, start } from "../../mod.ts";
import type { LogSink } from "../../src/config/mod.ts";

/** Fails in every way a log can. */
const FAILING: { name: string; fail: () => unknown }[] = [
  {
    name: "throws",
    fail: () => {
      throw new Error("disk full");
    },
  },
  { name: "rejects", fail: () => Promise.reject(new Error("collector gone")) },
];

for (const { name, fail } of FAILING) {
  const sink: LogSink = { debug: fail, info: fail, warn: fail, error: fail };
  const broken: ASGIFramework = (scope) => Promise.reject(new Error(`no ${scope.type}`)); // is logged in every phase

  Deno.test(`a log that ${name} ends neither the start nor the server`, async () => {
    await using server = await start(broken, { bind: "127.0.0.1:0", errorlog: sink, debug: true });
    for (let round = 0; round < 2; round++) {
      const response = await fetch(server.binds[0]!.url);
      assert.deepEqual([response.status, await response.text()], [500, ""]);
    }
  });
}

Deno.test("a log whose reader is gone does not end the server", async () => {
  const program = new URL("../_support/programs/failing_app.ts", import.meta.url).pathname;
  const script = `"${Deno.execPath()}" run --quiet -A "${program}" 2>&1 >&3 | head -n 1`;
  const shell = new Deno.Command("bash", {
    args: ["-c", `exec 3>&1; ${script}`],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  });
  const { stdout } = await shell.output();
  // The first line of the log went to head, which then closed the pipe; the rest is the program's own report.
  const lines = new TextDecoder().decode(stdout).trim().split("\n");
  assert.match(lines[0]!, /Running on/);
  assert.deepEqual(lines.slice(1), ["500 500 500"]);
});
