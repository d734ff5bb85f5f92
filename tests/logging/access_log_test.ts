import assert from "node:assert/strict";
import { join } from "node:path";
import { ConfigError } from "../../mod.ts";
import { type AccessLog, type LogHandler, openAccessLines } from "../../src/logging/mod.ts";
import type { ObservedRequest, Outcome } from "../../src/observation.ts";
import { LogSink } from "../_support/log_sink.ts";
import { eventually } from "../_support/waiting.ts";
import { FakeClock, linesOf, observed, tell } from "./observed.ts";

/** A folder for log files, removed at the end of the block. */
class LogFolder implements Disposable {
  readonly path = Deno.makeTempDirSync();

  handler(name: string, json = false): LogHandler {
    return { target: { path: join(this.path, name) }, option: "accesslog", level: "INFO", json };
  }

  read(name: string): string {
    return Deno.readTextFileSync(join(this.path, name));
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

function open(handlers: LogHandler[], template = "%(m)s %(s)s", log = new LogSink()): AccessLog {
  return openAccessLines({ target: { handlers }, template, log, clock: new FakeClock() });
}

const ENDS: { outcome: Outcome; status: number | null; line: string }[] = [
  { outcome: "complete", status: 200, line: "200 complete" },
  { outcome: "complete", status: 101, line: "101 complete" },
  { outcome: "aborted", status: null, line: "- aborted" },
  { outcome: "aborted", status: 200, line: "200 aborted" },
  { outcome: "failed", status: 500, line: "500 failed" },
  { outcome: "failed", status: null, line: "- failed" },
  { outcome: "refused", status: 404, line: "404 refused" },
];
for (const { outcome, status, line } of ENDS) {
  Deno.test(`an access log has one line for a request that ended so: ${line}`, () => {
    assert.deepEqual(linesOf([{ outcome, status }], { template: "%(s)s %(o)s" }), [line]);
  });
}

Deno.test("an access log writes lines in the order in which requests end", () => {
  const sink = new LogSink();
  const target = { sink, json: false };
  const log = openAccessLines({ target, template: "%(U)s", log: sink });
  const first = log.begin(observed({ request: { target: "/first" } }))!;
  const second = log.begin(observed({ request: { target: "/second" } }))!;
  second.ended("complete");
  assert.deepEqual(sink.lines, ["INFO /second"]);
  first.ended("aborted");
  log.close();
  assert.deepEqual(sink.lines, ["INFO /second", "INFO /first"]);
});

Deno.test("an access log begins text lines as the error log does, and JSON lines not", () => {
  using folder = new LogFolder();
  const log = open([folder.handler("text"), folder.handler("json", true)]);
  tell(log);
  log.close();
  const prefix = /^\[2026-11-2\d \d\d:\d\d:00 [+-]\d{4}\] \[(\d+)\] \[INFO\] GET 200\n$/;
  assert.equal(prefix.exec(folder.read("text"))?.[1], String(Deno.pid));
  assert.equal(JSON.parse(folder.read("json")).path, "/");
});

Deno.test("an access log looks at nothing of a request that its template does not name", () => {
  const touched: string[] = [];
  const request = new Proxy(observed(), {
    get(target, name: keyof ObservedRequest) {
      touched.push(name);
      return target[name];
    },
  });
  const log = openAccessLines({
    target: { sink: new LogSink(), json: false },
    template: "%(s)s %(m)s %(l)s",
    log: new LogSink(),
  });
  log.begin(request)!.ended("complete");
  log.close();
  assert.deepEqual(touched, ["httpVersion", "method"]);
});

Deno.test("an access log looks at no request once it has begun", () => {
  let readable = true;
  const request = new Proxy(observed({ fields: { "user-agent": "x" } }), {
    get(target, name: keyof ObservedRequest) {
      assert(readable, `${name} was read too late`);
      return target[name];
    },
  });
  const sink = new LogSink();
  const template = "%(h)s %(u)s %(R)s %(H)s %(S)s %(a)s %(L)s";
  const log = openAccessLines({ target: { sink, json: false }, template, log: sink });
  const observation = log.begin(request)!;
  readable = false;
  observation.ended("complete");
  log.close();
  assert.equal(sink.lines.length, 1);
});

Deno.test("flush() of an access log writes what waits", () => {
  using folder = new LogFolder();
  const log = open([folder.handler("a")], "x");
  tell(log);
  assert.equal(folder.read("a"), "");
  log.flush();
  assert.match(folder.read("a"), /x\n$/);
  log.close();
});

Deno.test("an access log writes a line after a moment by itself", async () => {
  using folder = new LogFolder();
  const log = open([folder.handler("a")], "x");
  tell(log);
  await eventually(() => folder.read("a").endsWith("x\n"), "the line");
  log.close();
});

Deno.test("two access logs share a file, line by line", () => {
  using folder = new LogFolder();
  const template = `%(U)s ${"x".repeat(200)}`;
  const logs = [open([folder.handler("a")], template), open([folder.handler("a")], template)];
  for (let round = 0; round < 1000; round++) {
    for (const log of logs) tell(log, { request: { target: `/${round}` } });
  }
  for (const log of logs) log.close();
  const lines = folder.read("a").split("\n");
  assert.equal(lines.pop(), "");
  assert.equal(lines.length, 2000);
  for (const line of lines) assert.match(line, /^\[[^\]]+\] \[\d+\] \[INFO\] \/\d+ x{200}$/);
});

Deno.test("reopen() of an access log writes what waits to the old file, and goes on in a new one", () => {
  using folder = new LogFolder();
  const log = open([folder.handler("a"), folder.handler("b", true)], "%(U)s");
  tell(log, { request: { target: "/before" } });
  for (const name of ["a", "b"]) {
    Deno.renameSync(join(folder.path, name), join(folder.path, `${name}.1`));
  }
  log.reopen();
  tell(log, { request: { target: "/after" } });
  log.close();
  assert.match(folder.read("a.1"), /^[^\n]*\/before\n$/);
  assert.match(folder.read("a"), /^[^\n]*\/after\n$/);
  assert.equal(JSON.parse(folder.read("b.1")).path, "/before");
  assert.equal(JSON.parse(folder.read("b")).path, "/after");
});

Deno.test("reopen() of an access log keeps the old file when there can be no new one, and says so", () => {
  using folder = new LogFolder();
  const sink = new LogSink();
  const log = open([folder.handler("a")], "%(U)s", sink);
  Deno.renameSync(join(folder.path, "a"), join(folder.path, "a.1"));
  Deno.mkdirSync(join(folder.path, "a"));
  log.reopen();
  tell(log);
  log.close();
  assert.match(folder.read("a.1"), /\/\n$/);
  assert.equal(sink.lines.length, 1);
  assert.match(sink.lines[0]!, /^ERROR Cannot open ".*a" anew: .*Lines go on into the file/);
});

Deno.test("an access log takes requests that end after it was closed", () => {
  using folder = new LogFolder();
  const log = open([folder.handler("a")], "x");
  const late = log.begin(observed())!;
  log.close();
  late.ended("aborted");
  log.flush();
  log.reopen();
  log.close();
  assert.equal(folder.read("a"), "");
});

Deno.test("openAccessLines() closes what it opened when it cannot open all", () => {
  using folder = new LogFolder();
  const handlers = [folder.handler("a"), folder.handler("none/b")];
  assert.throws(() => open(handlers), ConfigError); // the resource sanitizer sees a file left open
  assert.throws(() => open([folder.handler("a")], "%"), ConfigError);
});

const PROGRAM = new URL("exit_program.ts", import.meta.url).pathname;

Deno.test("an access log loses no line when the process exits, and names what it may not read", async () => {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--deny-env", PROGRAM],
    stdin: "null",
  }).output();
  assert.equal(code, 7);
  const lines = new TextDecoder().decode(stdout).trim().split("\n");
  assert.equal(lines.length, 100);
  for (const line of lines) assert.match(line, /\[INFO\] 200 -$/);
  const warning = new TextDecoder().decode(stderr).trim();
  assert.match(
    warning,
    /^Option "accessLogFormat" has the atom "\{HOME\}e", which is always "-": /,
  );
});

Deno.test("an access log whose reader is gone ends no process", async () => {
  const program = `"${Deno.execPath()}" run --quiet --deny-env "${PROGRAM}" 2>/dev/null`;
  const { code } = await new Deno.Command("bash", {
    args: ["-c", `set -o pipefail; ${program} | true`], // gone long before the first line
    stdin: "null",
  }).output();
  assert.equal(code, 7);
});
