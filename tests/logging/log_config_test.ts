import assert from "node:assert/strict";
import { join } from "node:path";
import { ConfigError } from "../../mod.ts";
import { type LogPlans, readLogConfig, readLogConfigFile } from "../../src/logging/mod.ts";

const OFF = { error: null, access: null };

function handler(name: string, key: string) {
  return { option: `logconfigDict.handlers.${name}.${key}`, level: "DEBUG", json: false } as const;
}

const GOOD: { name: string; table: Record<string, unknown>; json?: boolean; plans: LogPlans }[] = [
  { name: "nothing", table: {}, plans: OFF },
  { name: "a version only", table: { version: 1 }, plans: OFF },
  {
    name: "handlers that nobody uses",
    table: { handlers: { a: { class: "stream" } } },
    plans: OFF,
  },
  {
    name: "both logs with all that there is",
    table: {
      version: 1,
      handlers: {
        console: { class: "stream", stream: "stdout", level: "WARNING" },
        file: { class: "file", filename: "/var/log/x.log", json: true },
      },
      loggers: {
        "hypercorn.error": { level: "DEBUG", handlers: ["console", "file"] },
        "hypercorn.access": { handlers: ["file"] },
      },
    },
    plans: {
      error: {
        level: "DEBUG",
        handlers: [
          { ...handler("console", "stream"), target: "stdout", level: "WARNING" },
          { ...handler("file", "filename"), target: { path: "/var/log/x.log" }, json: true },
        ],
      },
      access: {
        level: "INFO",
        handlers: [
          { ...handler("file", "filename"), target: { path: "/var/log/x.log" }, json: true },
        ],
      },
    },
  },
  {
    name: "Python's names, and any case of levels",
    table: {
      handlers: {
        a: { class: "logging.StreamHandler", stream: "ext://sys.stdout", level: "warn" },
        b: { class: "logging.FileHandler", filename: "b" },
      },
      loggers: { "hypercorn.error": { level: "Fatal", handlers: ["a", "b"] } },
    },
    plans: {
      error: {
        level: "CRITICAL",
        handlers: [
          { ...handler("a", "stream"), target: "stdout", level: "WARNING" },
          { ...handler("b", "filename"), target: { path: "b" } },
        ],
      },
      access: null,
    },
  },
  {
    name: "a log that is off, and the default stream",
    table: {
      handlers: { a: { class: "stream" } },
      loggers: { "hypercorn.error": { handlers: [] }, "hypercorn.access": { handlers: ["a"] } },
    },
    plans: {
      error: { level: "INFO", handlers: [] },
      access: { level: "INFO", handlers: [{ ...handler("a", "stream"), target: "stderr" }] },
    },
  },
  {
    name: "JSON by the option, and a handler without it",
    json: true,
    table: {
      handlers: { a: { class: "stream" }, b: { class: "stream", json: false } },
      loggers: { "hypercorn.error": { handlers: ["a", "b"] } },
    },
    plans: {
      error: {
        level: "INFO",
        handlers: [
          { ...handler("a", "stream"), target: "stderr", json: true },
          { ...handler("b", "stream"), target: "stderr" },
        ],
      },
      access: null,
    },
  },
];

for (const { name, table, json = false, plans } of GOOD) {
  Deno.test(`readLogConfig() reads ${name}`, () => {
    assert.deepEqual(readLogConfig(table, { option: "logconfigDict", json }), plans);
  });
}

const STREAM = { class: "stream" };

const BAD: { name: string; table: unknown; key: string; nearest?: string; says?: string }[] = [
  { name: "no table", table: [], key: "logconfigDict" },
  { name: "an unknown key", table: { handler: {} }, key: "handler", nearest: "handlers" },
  { name: "formatters", table: { formatters: {} }, key: "formatters", says: 'set "json"' },
  { name: "a root logger", table: { root: {} }, key: "root", says: '"hypercorn.error"' },
  { name: "handlers in a list", table: { handlers: [] }, key: "handlers" },
  { name: "a handler that is no table", table: { handlers: { a: 1 } }, key: "handlers.a" },
  {
    name: "a handler without class",
    table: { handlers: { a: {} } },
    key: "handlers.a.class",
    says: "received nothing",
  },
  {
    name: "an unknown class",
    table: { handlers: { a: { class: "logging.StreamHandle" } } },
    key: "handlers.a.class",
    nearest: "logging.StreamHandler",
  },
  {
    name: "a stream of a file",
    table: { handlers: { a: { class: "file", filename: "x", stream: "stdout" } } },
    key: "handlers.a.stream",
  },
  {
    name: "a file without name",
    table: { handlers: { a: { class: "file" } } },
    key: "handlers.a.filename",
  },
  {
    name: "an unknown stream",
    table: { handlers: { a: { ...STREAM, stream: "stdot" } } },
    key: "handlers.a.stream",
    nearest: "stdout",
  },
  {
    name: "an unknown level",
    table: { handlers: { a: { ...STREAM, level: "INF" } } },
    key: "handlers.a.level",
    nearest: "INFO",
  },
  {
    name: "a level by number",
    table: { handlers: { a: { ...STREAM, level: 20 } } },
    key: "handlers.a.level",
    says: "received number 20",
  },
  {
    name: "json that is no flag",
    table: { handlers: { a: { ...STREAM, json: "yes" } } },
    key: "handlers.a.json",
  },
  {
    name: "an unknown logger",
    table: { loggers: { "hypercorn.acces": {} } },
    key: "loggers.hypercorn.acces",
    nearest: "hypercorn.access",
  },
  {
    name: "a logger without handlers",
    table: { loggers: { "hypercorn.access": {} } },
    key: "loggers.hypercorn.access.handlers",
  },
  {
    name: "an unknown handler",
    table: {
      handlers: { console: STREAM },
      loggers: { "hypercorn.error": { handlers: ["consol"] } },
    },
    key: "loggers.hypercorn.error.handlers[0]",
    nearest: "console",
  },
  {
    name: "a name that every object has",
    table: { loggers: { "hypercorn.error": { handlers: ["constructor"] } } },
    key: "loggers.hypercorn.error.handlers[0]",
  },
];

for (const { name, table, key, nearest, says = "" } of BAD) {
  Deno.test(`readLogConfig() refuses ${name}`, () => {
    const source = { option: "logconfigDict", path: "log.toml", json: false };
    assert.throws(() => readLogConfig(table, source), (error) => {
      assert(error instanceof ConfigError);
      assert.equal(error.key, key === "logconfigDict" ? key : `logconfigDict.${key}`);
      assert.equal(error.nearest, nearest);
      assert(error.message.includes('in "log.toml"'), error.message);
      assert(error.message.includes(says), error.message);
      return true;
    });
  });
}

const FILES = [
  { name: "a.toml", prefix: "", text: "\ufeff[loggers]\n" },
  { name: "a.JSON", prefix: "", text: '\ufeff{ "loggers": {} }' },
  { name: "a.conf", prefix: "toml:", text: "[loggers]" },
  { name: "a.toml", prefix: "json:", text: '{ "loggers": {} }' },
];
for (const { name, prefix, text } of FILES) {
  Deno.test(`readLogConfigFile() reads ${prefix}${name}`, () => {
    const folder = Deno.makeTempDirSync();
    try {
      const path = join(folder, name);
      Deno.writeTextFileSync(path, text);
      const read = readLogConfigFile(prefix + path);
      assert.equal(JSON.stringify(read), JSON.stringify({ path, table: { loggers: {} } }));
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  });
}

const BAD_FILES = [
  { value: "log.ini", says: "Python's INI format is not read" },
  { value: "log", says: 'expected a file named *.toml or *.json, or "toml:path"' },
  { value: "toml:", says: 'received "toml:"' },
  {
    value: "/none/log.toml",
    says: 'expected a file that can be read, received "/none/log.toml" (',
  },
  { value: `json:${import.meta.filename}`, says: "expected a file in JSON syntax" },
  { value: `toml:${import.meta.filename}`, says: "expected a file in TOML syntax" },
];
for (const { value, says } of BAD_FILES) {
  Deno.test(`readLogConfigFile() refuses ${value.replace(/\/.*\//, "…/")}`, () => {
    assert.throws(
      () => readLogConfigFile(value),
      (error) =>
        error instanceof ConfigError && error.key === "logconfig" && error.message.includes(says) &&
        !error.message.includes("\n"),
    );
  });
}
