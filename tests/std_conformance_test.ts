/**
 * Pins what we rely on in the Deno standard library, through the bare names that `src` uses.
 *
 * Here the names lead to the stand-ins of `tests/std`; with `"links"` removed from `deno.json` they
 * lead to the real packages. Both must pass, so nothing below goes beyond std's documentation.
 */

import assert from "node:assert/strict";
import { abortable, deadline, delay } from "@std/async";
import { type ServerSentEventMessage, ServerSentEventStream } from "@std/http";
import { STATUS_TEXT } from "@std/http/status";
import {
  BaseHandler,
  getLevelByName,
  type LevelName,
  Logger,
  LogLevels,
  type LogRecord,
} from "@std/log";
import { parse } from "@std/toml";

const NEVER: Promise<never> = new Promise(() => {});

Deno.test("deadline() settles as its promise does when that is in time", async () => {
  assert.equal(await deadline(Promise.resolve("value"), 60_000), "value");
  await assert.rejects(deadline(Promise.reject(new Error("mine")), 60_000), { message: "mine" });
});

Deno.test("deadline() rejects with a TimeoutError when the time is over", async () => {
  await assert.rejects(deadline(NEVER, 1), (error) => {
    assert(error instanceof DOMException);
    assert.equal(error.name, "TimeoutError");
    return true;
  });
});

Deno.test("deadline() rejects with the reason of its signal", async () => {
  const controller = new AbortController();
  const waiting = deadline(NEVER, 60_000, { signal: controller.signal });
  controller.abort(new Error("mine"));
  await assert.rejects(waiting, { message: "mine" });
  await assert.rejects(deadline(NEVER, 60_000, { signal: controller.signal }), { message: "mine" });
});

Deno.test("abortable() settles as its promise does until the signal aborts", async () => {
  const controller = new AbortController();
  assert.equal(await abortable(Promise.resolve("value"), controller.signal), "value");
  const waiting = abortable(NEVER, controller.signal);
  controller.abort(new Error("mine"));
  await assert.rejects(waiting, { message: "mine" });
  await assert.rejects(async () => await abortable(NEVER, controller.signal), { message: "mine" });
});

Deno.test("delay() resolves no earlier than asked", async () => {
  const started = performance.now();
  await delay(20);
  // Timers count whole milliseconds, the clock does not: one millisecond of grace.
  assert(performance.now() - started >= 19);
});

Deno.test("delay() rejects with the reason of its signal, and leaves no timer", async () => {
  const controller = new AbortController();
  const waiting = delay(60_000, { signal: controller.signal });
  controller.abort(new Error("mine"));
  await assert.rejects(waiting, { message: "mine" });
  await assert.rejects(delay(60_000, { signal: controller.signal }), { message: "mine" });
});

Deno.test("delay() with persistent: false lets the process end", async () => {
  const script = 'import { delay } from "@std/async"; delay(60_000, { persistent: false });';
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--quiet", script],
    cwd: import.meta.dirname!,
    signal: AbortSignal.timeout(30_000),
  }).output();
  assert.equal(code, 0);
});

const PHRASES = [
  [100, "Continue"],
  [103, "Early Hints"],
  [200, "OK"],
  [204, "No Content"],
  [304, "Not Modified"],
  [404, "Not Found"],
  [413, "Content Too Large"],
  [418, "I'm a teapot"],
  [431, "Request Header Fields Too Large"],
  [500, "Internal Server Error"],
  [505, "HTTP Version Not Supported"],
  [511, "Network Authentication Required"],
] as const;
for (const [status, phrase] of PHRASES) {
  Deno.test(`STATUS_TEXT calls ${status} "${phrase}"`, () => {
    assert.equal(STATUS_TEXT[status], phrase);
  });
}

Deno.test("STATUS_TEXT holds status codes only", () => {
  for (const [code, phrase] of Object.entries(STATUS_TEXT)) {
    assert.match(code, /^[1-5]\d\d$/);
    assert.match(phrase, /^[A-Z][A-Za-z' ]+$/);
  }
});

const MESSAGES: { name: string; message: ServerSentEventMessage; expected: string }[] = [
  { name: "data", message: { data: "hello" }, expected: "data:hello\n\n" },
  {
    name: "a data line per line",
    message: { data: "a\nb\r\nc" },
    expected: "data:a\ndata:b\ndata:c\n\n",
  },
  { name: "empty data", message: { data: "" }, expected: "data:\n\n" },
  { name: "a comment", message: { comment: "still here" }, expected: ":still here\n\n" },
  {
    name: "every field",
    message: { retry: 5, id: 7, data: "d", event: "e", comment: "c" },
    expected: ":c\nevent:e\ndata:d\nid:7\nretry:5\n\n",
  },
];
for (const { name, message, expected } of MESSAGES) {
  Deno.test(`ServerSentEventStream writes ${name}`, async () => {
    assert.equal(await encodeEvents([message]), expected);
  });
}

for (const message of [{ event: "a\nb" }, { id: "a\rb" }]) {
  Deno.test(`ServerSentEventStream refuses ${JSON.stringify(message)}`, async () => {
    await assert.rejects(encodeEvents([message]), SyntaxError);
  });
}

Deno.test("Logger hands its handlers what is at or above both levels", () => {
  const handler = new Recorder("INFO");
  const logger = new Logger("server", "DEBUG", { handlers: [handler] });
  logger.debug("too low for the handler");
  logger.info("info");
  logger.warn("warn");
  logger.error("error");
  logger.critical("critical");
  logger.levelName = "ERROR";
  logger.warn("too low for the logger");
  assert.equal(logger.levelName, "ERROR");
  assert.deepEqual(handler.lines, ["INFO info", "WARN warn", "ERROR error", "CRITICAL critical"]);
});

Deno.test("Logger returns its message and calls a message function only when needed", () => {
  const logger = new Logger("server", "INFO");
  assert.deepEqual(logger.handlers, []);
  assert.equal(logger.debug("plain"), "plain");
  assert.equal(logger.info(() => 7), 7);
  assert.equal(logger.debug(() => assert.fail("called")), undefined);
});

Deno.test("Logger refuses a level that does not exist", () => {
  assert.throws(() => new Logger("server", "LOUD" as LevelName), Error);
  assert.throws(() => getLevelByName("LOUD" as LevelName), Error);
});

Deno.test("LogRecord carries the message, its arguments and its circumstances", () => {
  const before = Date.now();
  const handler = new Recorder("NOTSET");
  new Logger("server", "NOTSET", { handlers: [handler] }).warn({ a: 1, b: "two" }, 3, "four");
  const [record] = handler.records;
  assert(record !== undefined);
  assert.equal(record.msg, '{"a":1,"b":"two"}');
  assert.deepEqual(record.args, [3, "four"]);
  assert.equal(record.level, LogLevels.WARN);
  assert.equal(record.levelName, "WARN");
  assert.equal(record.loggerName, "server");
  assert(record.datetime instanceof Date);
  assert(record.datetime.getTime() >= before);
});

Deno.test("LogRecord shows an error as its stack", () => {
  const handler = new Recorder("NOTSET");
  const error = new Error("mine");
  new Logger("server", "NOTSET", { handlers: [handler] }).error(error);
  assert.equal(handler.records[0]?.msg, error.stack);
});

Deno.test("BaseHandler formats with the formatter it was given", () => {
  const formatter = ({ loggerName, msg, args }: LogRecord) => `${loggerName}: ${msg} ${args}`;
  const handler = new Recorder("INFO", { formatter });
  new Logger("server", "INFO", { handlers: [handler] }).info("text", 1, 2);
  handler.setup();
  handler.destroy();
  assert.equal(handler.levelName, "INFO");
  assert.equal(handler.level, getLevelByName("INFO"));
  assert.deepEqual(handler.lines, ["server: text 1,2"]);
});

Deno.test("parse() reads the values that a configuration file holds", () => {
  const parsed = parse(`
    bind = ["127.0.0.1:8000", "[::1]:8000"]
    keep_alive_timeout = 2.5
    workers = 4
    debug = true
    [logconfig.root]
    level = "INFO"
  `);
  // JSON, because the prototype of the tables is not documented.
  assert.deepEqual(JSON.parse(JSON.stringify(parsed)), {
    bind: ["127.0.0.1:8000", "[::1]:8000"],
    keep_alive_timeout: 2.5,
    workers: 4,
    debug: true,
    logconfig: { root: { level: "INFO" } },
  });
});

for (const text of ["bind = ", "= 1", "[table", "a = 1\na = 2"]) {
  Deno.test(`parse() refuses ${JSON.stringify(text)} with the place of the fault`, () => {
    assert.throws(() => parse(text), (error) => {
      assert(error instanceof SyntaxError);
      assert.match(error.message, /^Parse error on line \d+, column \d+: ./);
      return true;
    });
  });
}

/** Keeps what it is given, as records and as formatted lines. */
class Recorder extends BaseHandler {
  readonly records: LogRecord[] = [];
  readonly lines: string[] = [];

  override handle(logRecord: LogRecord): void {
    this.records.push(logRecord);
    super.handle(logRecord);
  }

  override log(msg: string): void {
    this.lines.push(msg);
  }
}

async function encodeEvents(messages: ServerSentEventMessage[]): Promise<string> {
  const stream = ReadableStream.from(messages).pipeThrough(new ServerSentEventStream());
  return await new Response(stream).text();
}
