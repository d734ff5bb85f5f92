import assert from "node:assert/strict";
import type { ServerLog } from "../../src/log_types.ts";
import { CountedLog } from "../../src/metrics/mod.ts";

/** A log that notes its calls; without the optional method unless asked for. */
function recordingLog(optional: boolean): { calls: string[]; log: ServerLog } {
  const calls: string[] = [];
  const note = (method: string) => (message?: string) => {
    calls.push(message === undefined ? method : `${method} ${message}`);
  };
  const required = {
    debug: note("debug"),
    info: note("info"),
    warn: note("warn"),
    error: note("error"),
    reopen: note("reopen"),
    close: note("close"),
  };
  const log = optional ? { ...required, exception: note("exception") } : required;
  return { calls, log };
}

const ROWS = [
  { method: "debug", call: "debug m", plain: "debug m", counted: [] },
  { method: "info", call: "info m", plain: "info m", counted: [] },
  { method: "warn", call: "warn m", plain: "warn m", counted: ["warning"] },
  { method: "error", call: "error m", plain: "error m", counted: ["error"] },
  { method: "exception", call: "exception m", plain: "error m", counted: ["exception"] },
] as const;
for (const { method, call, plain, counted } of ROWS) {
  Deno.test(`CountedLog counts ${method}() as [${counted}], once for each counter`, () => {
    for (const optional of [true, false]) {
      const { calls, log } = recordingLog(optional);
      const levels: string[] = [];
      const counter = { logged: (level: string) => levels.push(level) };
      new CountedLog(log, [counter, counter])[method]("m");
      assert.deepEqual(calls, [optional ? call : plain]);
      assert.deepEqual(levels, [...counted, ...counted]);
    }
  });
}

Deno.test("CountedLog passes reopen() and close() on", () => {
  const { calls, log } = recordingLog(false);
  const counted = new CountedLog(log, []);
  counted.reopen();
  counted.close();
  assert.deepEqual(calls, ["reopen", "close"]);
});
