import assert from "node:assert/strict";
import { join } from "node:path";
import { ConfigError, type LogLevel } from "../../mod.ts";
import { type LogHandler, openErrorLog } from "../../src/logging/mod.ts";

const HEAD = /^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}\] /;

/** A log file in a folder that is removed at the end of the block. */
class LogFile implements Disposable {
  readonly folder = Deno.makeTempDirSync();
  readonly path = join(this.folder, "error.log");

  handler(options: Partial<LogHandler> = {}): LogHandler {
    const target = { path: this.path };
    return { target, option: "errorlog", level: "DEBUG", json: false, ...options };
  }

  lines(path = this.path): string[] {
    const text = Deno.readTextFileSync(path);
    assert(text === "" || text.endsWith("\n"));
    return text.split("\n").slice(0, -1);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.folder, { recursive: true });
  }
}

Deno.test("openErrorLog() writes Hypercorn's lines, each at once", () => {
  using file = new LogFile();
  const log = openErrorLog({ level: "DEBUG", handlers: [file.handler()] });
  log.debug("one");
  log.info("two");
  log.warn("three");
  log.error("four\nfive");
  const lines = file.lines();
  log.close();
  assert.equal(lines.length, 5);
  for (const line of lines.slice(0, 4)) assert.match(line, HEAD);
  assert.deepEqual(lines.map((line) => line.replace(HEAD, "")), [
    `[${Deno.pid}] [DEBUG] one`,
    `[${Deno.pid}] [INFO] two`,
    `[${Deno.pid}] [WARN] three`,
    `[${Deno.pid}] [ERROR] four`,
    "five",
  ]);
});

Deno.test("openErrorLog() escapes what a message quotes of a client, so that no line is forged", () => {
  using file = new LogFile();
  const log = openErrorLog({ level: "INFO", handlers: [file.handler()] });
  log.error("SyntaxError: \x1b[2J\r\n[2026-11-22 00:00:00 +0000] [1] [INFO] forged\n    at parse");
  log.close();
  const [first, ...rest] = file.lines();
  assert.equal(first!.replace(HEAD, ""), `[${Deno.pid}] [ERROR] SyntaxError: \\x1b[2J\\x0d`);
  assert.deepEqual(rest, [" [2026-11-22 00:00:00 +0000] [1] [INFO] forged", "    at parse"]);
});

Deno.test("openErrorLog() writes JSON, one line whatever the message", () => {
  using file = new LogFile();
  const log = openErrorLog({ level: "INFO", handlers: [file.handler({ json: true })] });
  const message = 'Error: "x"\n    at y\u2028\x9b';
  const before = new Date().toISOString();
  log.warn(message);
  log.close();
  const [line, ...rest] = file.lines();
  assert.deepEqual(rest, []);
  const { time, ...entry } = JSON.parse(line!);
  const expected = { level: "WARN", pid: Deno.pid, logger: "hypercorn.error", message };
  assert.deepEqual(entry, expected);
  assert(time >= before && time <= new Date().toISOString(), time);
  assert.doesNotMatch(line!, /[\u2028\x9b]/);
});

const LEVELS: { logger: LogLevel; handler: LogLevel; passes: string[] }[] = [
  { logger: "DEBUG", handler: "DEBUG", passes: ["DEBUG", "INFO", "WARN", "ERROR"] },
  { logger: "INFO", handler: "DEBUG", passes: ["INFO", "WARN", "ERROR"] },
  { logger: "DEBUG", handler: "WARNING", passes: ["WARN", "ERROR"] },
  { logger: "ERROR", handler: "DEBUG", passes: ["ERROR"] },
  { logger: "CRITICAL", handler: "DEBUG", passes: [] },
];
for (const { logger, handler, passes } of LEVELS) {
  Deno.test(`openErrorLog() of level ${logger} passes [${passes}] to a handler of ${handler}`, () => {
    using file = new LogFile();
    const log = openErrorLog({ level: logger, handlers: [file.handler({ level: handler })] });
    log.debug("x");
    log.info("x");
    log.warn("x");
    log.error("x");
    log.close();
    assert.deepEqual(file.lines().map((line) => /\[([A-Z]+)\] x$/.exec(line)?.[1]), passes);
  });
}

Deno.test("openErrorLog() without handlers logs nothing", () => {
  const log = openErrorLog({ level: "DEBUG", handlers: [] });
  log.error("nobody reads this");
  log.reopen();
  log.close();
});

Deno.test("openErrorLog() adds to a file that others write to as well", () => {
  using file = new LogFile();
  const plan = { level: "INFO", handlers: [file.handler()] } as const;
  const logs = [openErrorLog(plan), openErrorLog(plan)];
  for (let round = 0; round < 50; round++) for (const log of logs) log.info(`line ${round}`);
  for (const log of logs) log.close();
  const again = openErrorLog(plan);
  again.info("after all");
  again.close();
  const lines = file.lines();
  assert.equal(lines.length, 101);
  for (const line of lines) assert.match(line, /\] \[INFO\] (line \d+|after all)$/);
});

Deno.test("reopen() of an error log goes on in a new file once the old one was moved", () => {
  using file = new LogFile();
  const log = openErrorLog({ level: "INFO", handlers: [file.handler()] });
  log.info("before");
  Deno.renameSync(file.path, `${file.path}.1`);
  log.info("between");
  log.reopen();
  log.info("after");
  log.close();
  const messages = (path: string) => file.lines(path).map((line) => line.split("] ").at(-1));
  assert.deepEqual(messages(`${file.path}.1`), ["before", "between"]);
  assert.deepEqual(messages(file.path), ["after"]);
});

Deno.test("reopen() of an error log keeps the old file when there can be no new one, and says so", () => {
  using file = new LogFile();
  const log = openErrorLog({ level: "INFO", handlers: [file.handler()] });
  Deno.renameSync(file.path, `${file.path}.1`);
  Deno.mkdirSync(file.path);
  log.reopen();
  log.info("still here");
  log.close();
  const lines = file.lines(`${file.path}.1`);
  assert.equal(lines.length, 2);
  assert.match(lines[0]!, /\[ERROR\] Cannot open ".*error\.log" anew: .*\. Lines go on into/);
  assert.match(lines[1]!, /still here$/);
});

Deno.test("close() and reopen() of an error log are harmless after it was closed", () => {
  using file = new LogFile();
  const log = openErrorLog({ level: "INFO", handlers: [file.handler()] });
  log.close();
  log.info("too late");
  log.reopen();
  log.close();
  assert.deepEqual(file.lines(), []);
});

Deno.test("openErrorLog() refuses a file that cannot be written, and closes the others", () => {
  using file = new LogFile();
  const target = { path: join(file.folder, "none", "x.log") };
  const handlers = [
    file.handler(),
    file.handler({ target, option: "logconfig.handlers.b.filename" }),
  ];
  assert.throws(
    () => openErrorLog({ level: "INFO", handlers }), // the resource sanitizer sees a file left open
    (error) =>
      error instanceof ConfigError && error.key === "logconfig.handlers.b.filename" &&
      error.received.includes("x.log"),
  );
});
