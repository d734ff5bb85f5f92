import assert from "node:assert/strict";
import { ApplicationError } from "../../mod.ts";
import { logReporter } from "../../src/server/reporter.ts";
import { LogSink } from "../_support/log_sink.ts";

function setup() {
  const log = new LogSink();
  return { log, reporter: logReporter(log, "ASGI") };
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

const circular = new Error("round");
circular.cause = circular;

const ODD: { name: string; error: unknown; text: RegExp }[] = [
  { name: "that is its own cause", error: circular, text: /Error: round/ },
  {
    name: "whose cause has no prototype",
    error: new Error("bad date", { cause: Object.create(null) }),
    text: /Error: bad date[^]*\nCaused by: an object$/,
  },
  {
    name: "whose stack throws",
    error: Object.defineProperty(new Error("x"), "stack", {
      get() {
        throw new Error("no stack");
      },
    }),
    text: /\nan Error$/,
  },
  { name: "that is a symbol", error: Symbol("s"), text: /\nsymbol Symbol\(s\)$/ },
];

for (const { name, error, text } of ODD) {
  Deno.test(`logReporter() logs an error ${name}`, () => {
    const { log, reporter } = setup();
    reporter.failed(error, "GET", "http://h/");
    reporter.disconnected(Object.create(null), "GET", "http://h/");
    assert.match(log.lines[0]!, text);
    assert.ok(log.lines[0]!.length < 4000);
  });
}

Deno.test("logReporter() escapes what a client put into the reason of a refusal", () => {
  const { log, reporter } = setup();
  reporter.refused("GET", 400, `Host "\x9b31m\x85" is invalid`);
  assert.deepEqual(log.lines, [`INFO Refused GET with 400: Host "\\x9b31m\\x85" is invalid`]);
});
