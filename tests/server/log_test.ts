import assert from "node:assert/strict";
import { type ASGIFramework, ConfigError, start } from "../../mod.ts";
import {
  type ConfigInit,
  type LogSink as Sink,
  resolveConfig,
  type ResolvedConfig,
} from "../../src/config/mod.ts";
import type { AccessEntry, CustomLogger } from "../../src/logging/mod.ts";
import { type AccessLog, openAccessLog, openLog } from "../../src/server/log.ts";
import { LogSink } from "../_support/log_sink.ts";
import { observedRequest } from "../_support/observed_request.ts";

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
  const sink: Sink = { debug: fail, info: fail, warn: fail, error: fail };
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

/** A request that is over as soon as it begins. */
function logOne(log: AccessLog): void {
  const field = (name: string) => name === "user-agent" ? "a test" : null;
  const observation = log.begin(observedRequest({ field }))!;
  observation.responded({ status: 200, headers: new Headers() });
  observation.ended("complete");
}

/** Opens both logs, uses each once, and closes them. @returns Whether there was an access log. */
function useLogs(options: ConfigInit): boolean {
  const config = resolveConfig(options);
  const log = openLog(config);
  const access = openAccessLog(config, log);
  log.info("started");
  if (access) logOne(access);
  access?.reopen();
  log.reopen();
  access?.close();
  log.close();
  return access !== null;
}

const NO_ACCESS_LOG: ConfigInit[] = [
  {},
  { accesslog: "" },
  { accesslog: "-", loglevel: "WARNING" },
  { accesslog: "/none/access.log", loglevel: "ERROR" },
  { accesslog: "-", logconfigDict: { loggers: { "hypercorn.access": { handlers: [] } } } },
  {
    logconfigDict: {
      handlers: { a: { class: "stream", level: "ERROR" } },
      loggers: { "hypercorn.access": { handlers: ["a"] } },
    },
  },
];
for (const options of NO_ACCESS_LOG) {
  Deno.test(`openAccessLog() opens nothing for ${JSON.stringify(options)}`, () => {
    assert.equal(useLogs({ errorlog: null, ...options }), false);
  });
}

Deno.test("openAccessLog() writes the default format to a sink, without prefix", () => {
  const sink = new LogSink();
  useLogs({ errorlog: null, accesslog: sink, loglevel: "ERROR" });
  assert.equal(sink.lines.length, 1);
  assert.match(
    sink.lines[0]!,
    /^INFO 127\.0\.0\.1:80 - - \[\S+ \S+\] "GET \/ 1\.1" 200 - "-" "a test"$/,
  );
});

Deno.test("openAccessLog() writes JSON to a sink when logJson is set", () => {
  const sink = new LogSink();
  useLogs({ errorlog: null, accesslog: sink, logJson: true });
  assert.equal(JSON.parse(sink.lines[0]!.slice("INFO ".length)).user_agent, "a test");
});

Deno.test("openAccessLog() warns once of an unknown atom", () => {
  const errorlog = new LogSink();
  const accesslog = new LogSink();
  useLogs({ errorlog, accesslog, accessLogFormat: "%(Host)s" });
  assert.deepEqual(accesslog.lines, ["INFO -"]);
  assert.deepEqual(errorlog.matching("WARN").length, 1);
});

Deno.test("logconfig wins over errorlog, accesslog and loglevel, each log for itself", () => {
  const folder = Deno.makeTempDirSync();
  try {
    const file = `${folder}/both.log`;
    const sink = new LogSink();
    const handlers = { file: { class: "file", filename: file } };
    const error = { "hypercorn.error": { handlers: ["file"] } };
    const access = { "hypercorn.access": { handlers: ["file"] } };
    const options = { errorlog: sink, accesslog: sink, loglevel: "ERROR" as const };

    const path = `${folder}/log.json`;
    Deno.writeTextFileSync(path, JSON.stringify({ handlers, loggers: { ...error, ...access } }));
    useLogs({ ...options, logconfig: path, logconfigDict: { loggers: {} } });
    assert.match(Deno.readTextFileSync(file), /^\[.*\[INFO\] started\n\[.*"GET \/ 1\.1" 200/);
    assert.deepEqual(sink.lines, []);

    useLogs({ ...options, logconfigDict: { handlers, loggers: error } });
    assert.match(sink.lines.join(), /^INFO 127\.0\.0\.1:80 [^,]*$/);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

/** Does all that a logger class can do, into one list. */
class RecordingLogger implements CustomLogger {
  static readonly calls: unknown[][] = [];

  constructor(config: ResolvedConfig) {
    RecordingLogger.calls.push(["new", config.backlog, Object.isFrozen(config)]);
  }

  debug(message: string): void {
    RecordingLogger.calls.push(["debug", message]);
  }
  info(message: string): void {
    RecordingLogger.calls.push(["info", message]);
  }
  warn(message: string): void {
    RecordingLogger.calls.push(["warn", message]);
  }
  error(message: string): void {
    RecordingLogger.calls.push(["error", message]);
  }
  reopen(): void {
    RecordingLogger.calls.push(["reopen"]);
  }
  close(): void {
    RecordingLogger.calls.push(["close"]);
  }
  access(entry: AccessEntry, line: string): void {
    const { path, status, userAgent } = entry;
    RecordingLogger.calls.push(["access", path, status, userAgent, Object.isFrozen(entry), line]);
  }
  atoms(entry: AccessEntry): Record<string, unknown> {
    return { own: `${entry.path}"`, s: 299, l: null, st: undefined };
  }
}

Deno.test("loggerClass takes the place of both logs, with atoms of its own", () => {
  RecordingLogger.calls.length = 0;
  const accessLogFormat = '"%(own)s" %(s)s %(l)s %(st)s %(m)s %(none)s';
  useLogs({ loggerClass: RecordingLogger, loglevel: "ERROR", backlog: 7, accessLogFormat });
  assert.deepEqual(RecordingLogger.calls, [
    ["new", 7, true],
    ["info", "started"],
    ["access", "/", 200, "a test", true, '"/\\"" 299 - - GET -'],
    ["reopen"],
    ["close"],
  ]);
});

Deno.test("loggerClass without access() leaves access lines to accesslog, with its atoms", () => {
  const sink = new LogSink();
  class Logger extends LogSink {
    atoms = () => ({ own: "mine" });
  }
  useLogs({ loggerClass: Logger, accesslog: sink, accessLogFormat: "%(own)s %(m)s" });
  assert.deepEqual(sink.lines, ["INFO mine GET"]);
});

const FAILING_LOGGERS = [
  ...FAILING,
  {
    name: "gives atoms that are none",
    fail: () => ({
      get m(): never {
        throw new Error("no atom");
      },
    }),
  },
  { name: "gives atoms that are no text", fail: () => ({ m: Object.create(null) }) },
  { name: "gives no atoms", fail: () => undefined },
];
for (const { name, fail } of FAILING_LOGGERS) {
  Deno.test(`a logger of the user's that ${name} does not reach the server`, async () => {
    const lines: string[] = [];
    class Logger {
      debug = fail;
      info = fail;
      warn = fail;
      error = fail;
      reopen = fail;
      close = fail;
      atoms = fail;
      access(_entry: AccessEntry, line: string): unknown {
        lines.push(line);
        return fail();
      }
    }
    assert.equal(useLogs({ loggerClass: Logger, accessLogFormat: "%(m)s" }), true);
    assert.deepEqual(lines, ["GET"]);
    await Promise.resolve(); // an unhandled rejection would end the test run
  });
}

const BAD_CLASSES = [
  {
    name: "that cannot be made",
    loggerClass: class Broken extends LogSink {
      constructor() {
        super();
        throw new Error("no collector");
      }
    },
    says: "received Broken, which threw",
  },
  {
    name: "that lacks a method",
    loggerClass: class Half {
      info(): void {}
    } as unknown as typeof LogSink,
    says: "expected a class with the methods debug(), info(), warn() and error(), received Half",
  },
];
for (const { name, loggerClass, says } of BAD_CLASSES) {
  Deno.test(`a loggerClass ${name} is a ConfigError`, () => {
    assert.throws(
      () => openLog(resolveConfig({ loggerClass })),
      (error) => error instanceof ConfigError && error.message.includes(says),
    );
  });
}
