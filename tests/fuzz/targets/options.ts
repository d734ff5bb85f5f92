/**
 * What operators write: binds, options, files, arguments, names of applications, log tables.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { parseApplicationName } from "../../../src/app/application_name.ts";
import { parseArguments } from "../../../src/cli/arguments.ts";
import { FLAGS } from "../../../src/cli/flags.ts";
import { UsageError } from "../../../src/cli/usage_error.ts";
import { parseBind } from "../../../src/config/bind.ts";
import { Config, resolveConfig } from "../../../src/config/mod.ts";
import { OPTIONS } from "../../../src/config/options.ts";
import { ConfigError, NoAppError } from "../../../src/errors.ts";
import { readLogConfig } from "../../../src/logging/mod.ts";
import { attempt, attemptAsync, type Target, target } from "../harness.ts";
import { ANY_TEXT, mostly, textOf } from "../inputs.ts";

/** Nothing that ends a line, and nothing that a terminal acts on. */
// deno-lint-ignore no-control-regex -- control characters are what is looked for
const ONE_LINE = /^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$/;

const binds = target({
  name: "bind",
  invariant:
    "parseBind() throws only ConfigError on one line, and reads what it gives as the same address",
  outcomes: ["address", "socket file", "refused"],
  inputs: fc.oneof(
    textOf(..."[]:./%@*-_ \0\n", "::", "unix:", "fd:", "//", "127.0.0.1", "a", "8000", "é"),
    fc.tuple(fc.oneof(fc.ipV4(), fc.ipV6(), fc.constant("a.test")), fc.nat(70_000))
      .map(([host, port]) => host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`),
    ANY_TEXT,
  ),
  corpus: ["*\n", "*\u2028"],
  check(text) {
    const spec = attempt(() => parseBind(text), ConfigError);
    if (spec instanceof ConfigError) return (assert.match(spec.message, ONE_LINE), "refused");
    if (spec.kind === "unix") return "socket file";
    const host = spec.hostname.includes(":") ? `[${spec.hostname}]` : spec.hostname;
    assert.deepEqual({ ...parseBind(`${host}:${spec.port}`), text }, spec);
    return "address";
  },
});

const KEY = mostly(OPTIONS.flatMap(({ name, snakeName }) => [name, snakeName]), ANY_TEXT);

/** Values of which many are right for some option. */
const VALUE: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.boolean(),
  fc.double(),
  fc.integer({ min: -1, max: 1000 }),
  fc.constantFrom("-", "", "auto", "info", "CERT_NONE", "0o077", "/api/", "localhost:1", "unix:/a"),
  fc.array(fc.constantFrom("localhost:1", "127.0.0.1:0", "[::1]:2", "h2"), { maxLength: 3 }),
);

const MAPPING = fc.dictionary(KEY, VALUE, { maxKeys: 3 });

const mappings = target({
  name: "config",
  invariant:
    "Config.fromMapping() and resolveConfig() throw only ConfigError on one line, and a resolved config gives itself again",
  outcomes: ["config", "refused"],
  inputs: fc.oneof({ weight: 5, arbitrary: MAPPING }, { weight: 1, arbitrary: VALUE }),
  corpus: [{ "\n": 0 }],
  check(mapping) {
    const resolved = attempt(
      () => resolveConfig(Config.fromMapping(mapping as Record<string, unknown>)),
      ConfigError,
    );
    if (resolved instanceof ConfigError) {
      assert.match(resolved.message, ONE_LINE);
      return "refused";
    }
    assert.deepEqual(resolveConfig(new Config(mapping as Record<string, unknown>)), resolved);
    return "config";
  },
});

const FILE = `${await Deno.makeTempDir({ prefix: "fuzz-" })}/config`;
globalThis.addEventListener(
  "unload",
  () => Deno.removeSync(FILE.replace(/\/config$/, ""), { recursive: true }),
);

/** Lines that are nearly TOML, and nearly options of ours. */
const TOML = fc.oneof(
  fc.array(
    fc.oneof(
      fc.tuple(
        KEY,
        fc.oneof(
          VALUE.map((value) => JSON.stringify(value)),
          textOf(..."[]{}'\",=#1", "1e9", "inf", "0x1", "1979-05-27"),
        ),
      )
        .map(([key, value]) => `${/^\w+$/.test(key) ? key : JSON.stringify(key)} = ${value}`),
      fc.constantFrom("[hypercorn]", "[[bind]]", "# é", "bind = '''", "\ufeff"),
    ),
    { maxLength: 4 },
  ).map((lines) => lines.join("\n")),
  textOf(..."[]{}'\",=#\n\r\0\\ 1", "bind", '"""', "[hypercorn]"),
  fc.nat(20_000).map((depth) => `bind = ${"[".repeat(depth)}`),
);

const JSONS = fc.oneof(
  MAPPING.map((mapping) => JSON.stringify(mapping)),
  textOf(...'[]{}",:1 \n\0\\', "bind", "\\u00", "1e999", "-"),
  fc.nat(20_000).map((depth) => "[".repeat(depth)),
  fc.nat(5_000).map((depth) => '{"logconfigDict":'.repeat(depth) + "1" + "}".repeat(depth)),
);

const files = target({
  name: "config-files",
  invariant:
    "Config.fromToml() and Config.fromJson() throw only ConfigError, on one line that names the file",
  outcomes: ["config", "refused"],
  inputs: fc.oneof(
    fc.tuple(fc.constant("fromToml" as const), TOML),
    fc.tuple(fc.constant("fromJson" as const), JSONS),
  ),
  async check([form, text]) {
    Deno.writeTextFileSync(FILE, text);
    const config = await attemptAsync(() => Config[form](FILE), ConfigError);
    if (!(config instanceof ConfigError)) return "config";
    assert.match(config.message, ONE_LINE);
    assert.ok(config.message.includes(FILE), config.message);
    return "refused";
  },
});

const ARGUMENT = fc.oneof(
  fc.constantFrom(
    ...FLAGS.flatMap(({ name, short }) => [`--${name}`, `--${name}=1`, `-${short ?? "x"}`]),
  ),
  fc.constantFrom(...FLAGS.map(({ name }) => `--${name.slice(0, 4)}`)),
  textOf(..."-=: $&a1b", "--", "bind", "__proto__", "constructor", "main.ts:app"),
  fc.constantFrom("127.0.0.1:0", "1", "-1", "-", "--", "512M", "0o22", "main.ts"),
  ANY_TEXT,
);

const commandLines = target({
  name: "arguments",
  invariant: "parseArguments() ends, throws only UsageError, and sets only options that exist",
  outcomes: ["invocation", "refused"],
  inputs: fc.array(ARGUMENT, { maxLength: 4 }),
  check(args) {
    const invocation = attempt(() => parseArguments(args), UsageError);
    if (invocation instanceof UsageError) return "refused";
    for (const name of Object.keys(invocation.options)) {
      assert.ok(OPTIONS.some((option) => option.name === name), name);
      assert.match(invocation.flagOf.get(name) ?? "", /^--/);
    }
    return "invocation";
  },
});

const names = target({
  name: "application-name",
  invariant:
    "parseApplicationName() throws only NoAppError, and module and export are parts of what was written",
  outcomes: ["name", "refused"],
  inputs: fc.oneof(
    textOf(
      ...":./\\@-()",
      "fetch:",
      "asgi:",
      "app",
      "main.ts",
      "https://",
      "npm:",
      "C:\\",
      "é",
      "1",
    ),
    ANY_TEXT,
  ),
  check(text) {
    const name = attempt(() => parseApplicationName(text), NoAppError);
    if (name instanceof NoAppError) return "refused";
    assert.equal(name.text, text);
    assert.notEqual(name.module, "");
    const mode = name.mode === undefined ? "" : `${name.mode}:`;
    const path = name.path === undefined ? "" : `:${name.path.join(".")}`;
    assert.equal(mode + name.module + path, text);
    for (const part of name.path ?? []) assert.notEqual(part, "");
    return "name";
  },
});

const HANDLER = fc.dictionary(
  fc.constantFrom("class", "stream", "filename", "level", "json", "x"),
  fc.oneof(
    fc.constantFrom<unknown>("stream", "file", "stdout", "INFO", "warn", true, "a.log", "toString"),
    fc.jsonValue({ maxDepth: 1 }),
  ),
  { maxKeys: 3 },
);

const LOG_TABLE = fc.record({
  version: fc.constant<unknown>(1),
  handlers: fc.oneof(
    fc.dictionary(fc.constantFrom("a", "b", "__proto__"), HANDLER),
    fc.jsonValue(),
  ),
  loggers: fc.oneof(
    fc.dictionary(
      fc.constantFrom("hypercorn.error", "hypercorn.access", "root"),
      fc.record({
        handlers: fc.oneof(
          fc.array(fc.constantFrom("a", "b", "toString"), { maxLength: 2 }),
          fc.jsonValue(),
        ),
        level: fc.constantFrom("INFO", "constructor"),
      }, { requiredKeys: [] }),
    ),
    fc.jsonValue(),
  ),
}, { requiredKeys: [] });

const logTables = target({
  name: "log-config",
  invariant:
    "readLogConfig() throws only ConfigError on one line, and every plan has a known level and handlers that are whole",
  outcomes: ["plans", "refused"],
  inputs: fc.oneof<fc.Arbitrary<unknown>[]>(LOG_TABLE, fc.jsonValue()),
  check(table) {
    const plans = attempt(
      () => readLogConfig(table, { option: "logconfigDict", json: false }),
      ConfigError,
    );
    if (plans instanceof ConfigError) return (assert.match(plans.message, ONE_LINE), "refused");
    for (const plan of [plans.error, plans.access]) {
      if (plan === null) continue;
      assert.match(plan.level, /^[A-Z]+$/);
      for (const { target, level } of plan.handlers) {
        assert.match(level, /^[A-Z]+$/);
        assert.ok(
          typeof target === "string" || typeof (target as { path: unknown }).path === "string",
        );
      }
    }
    return "plans";
  },
});

/** The targets of this file. */
export const OPTION_TARGETS: readonly Target[] = [
  binds,
  mappings,
  files,
  commandLines,
  names,
  logTables,
];
