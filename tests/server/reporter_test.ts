import assert from "node:assert/strict";
import { ApplicationError } from "../../mod.ts";
import { logReporter } from "../../src/server/reporter.ts";
import { LogSink } from "../_support/log_sink.ts";

function setup() {
  const log = new LogSink();
  return { log, reporter: logReporter({ ...bound(log), close() {} }, "ASGI") };
}

function bound(log: LogSink) {
  return {
    debug: (message: string) => log.debug(message),
    info: (message: string) => log.info(message),
    warn: (message: string) => log.warn(message),
    error: (message: string) => log.error(message),
  };
}

Deno.test("logReporter() logs a refused request with its reason", () => {
  const { log, reporter } = setup();
  reporter.refused("GET", 404, "no such name");
  assert.deepEqual(log.lines, ["INFO Refused GET with 404: no such name"]);
});

Deno.test("logReporter() lets no client forge a log line", () => {
  const { log, reporter } = setup();
  reporter.failed(new ApplicationError("x"), "GET", "http://h/a\n[ERROR] forged\x1b[31m");
  assert.deepEqual(log.lines, [
    "ERROR Error in ASGI Framework: GET http://h/a\\x0a[ERROR] forged\\x1b[31m\nApplicationError: x",
  ]);
});

Deno.test("logReporter() logs an error once, with its stack and its cause", () => {
  const { log, reporter } = setup();
  const error = new Error("outer", { cause: new Error("inner") });
  reporter.failed(error, "GET", "http://h/");
  reporter.failed(error, "", "");
  assert.equal(log.lines.length, 1);
  assert.match(
    log.lines[0]!,
    /^ERROR Error in ASGI Framework: GET http:\/\/h\/\nError: outer\n {4}at /,
  );
  assert.match(log.lines[0]!, /\nCaused by: Error: inner\n {4}at /);
});

Deno.test("logReporter() logs what is no error, too", () => {
  const { log, reporter } = setup();
  reporter.failed(undefined, "GET", "http://h/");
  assert.deepEqual(log.lines, ["ERROR Error in ASGI Framework: GET http://h/\nundefined"]);
});

Deno.test("logReporter() is quiet about clients that leave", () => {
  const { log, reporter } = setup();
  reporter.disconnected(new Error("Interrupted"), "GET", "http://h/");
  assert.deepEqual(log.lines, [
    "DEBUG The client disconnected: GET http://h/ (Error: Interrupted)",
  ]);
});
