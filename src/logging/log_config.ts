/**
 * `logconfig`: both logs in one table, in the shape of Python's `logging.config.dictConfig()` as far as it makes sense.
 *
 * @module
 */

import type { LogLevel } from "../log_types.ts";
import { ACCESS_LOGGER } from "./access_json.ts";
import { Table } from "./config_table.ts";
import { ERROR_LOGGER, type LogHandler, type LogPlan } from "./error_log.ts";

/** Where a `logconfig` comes from. */
export interface LogConfigSource {
  /** The option, `"logconfig"` or `"logconfigDict"`. */
  readonly option: string;
  /** The file, for messages. */
  readonly path?: string;
  /** Whether a handler writes JSON that does not say. */
  readonly json: boolean;
}

/** What a table says of the logs; `null` for one that it does not mention. */
export interface LogPlans {
  /** The error log. */
  readonly error: LogPlan | null;
  /** The access log. */
  readonly access: LogPlan | null;
}

/** Handler classes: ours, and Python's for the same. */
const CLASSES: Readonly<Record<string, "stream" | "file">> = {
  stream: "stream",
  file: "file",
  "logging.StreamHandler": "stream",
  "logging.FileHandler": "file",
};

/** Streams: ours, and Python's for the same. */
const STREAMS: Readonly<Record<string, "stdout" | "stderr">> = {
  stdout: "stdout",
  stderr: "stderr",
  "ext://sys.stdout": "stdout",
  "ext://sys.stderr": "stderr",
};

/** Levels: Python's, and the shorter names that Python has for two of them. */
const LEVELS: Readonly<Record<string, LogLevel>> = {
  DEBUG: "DEBUG",
  INFO: "INFO",
  WARNING: "WARNING",
  ERROR: "ERROR",
  CRITICAL: "CRITICAL",
  WARN: "WARNING",
  FATAL: "CRITICAL",
};

const LOGGERS: readonly string[] = [ERROR_LOGGER, ACCESS_LOGGER];

/** What to do about keys of Python's that have no counterpart. */
const HINTS: Readonly<Record<string, string>> = {
  formatters: 'Leave it out: set "json" of a handler, or the option "accessLogFormat"',
  formatter: 'Leave it out: set "json" of the handler, or the option "accessLogFormat"',
  filters: "Leave it out: only levels select lines",
  root: `Leave it out: name "${ERROR_LOGGER}" or "${ACCESS_LOGGER}" in "loggers"`,
  propagate: "Leave it out: no logger passes lines on",
  disable_existing_loggers: "Leave it out: there are no other loggers",
};

/**
 * Reads a table.
 *
 * - `handlers` describes places by name: `class` is `"stream"` with `stream` (`"stdout"` or, the default, `"stderr"`), or
 *   `"file"` with `filename`. Both may have `level` (default: takes all) and `json` (default: the option `logJson`).
 * - `loggers` has `"hypercorn.error"` and `"hypercorn.access"`, each with `handlers`, a list of their names (an empty one
 *   switches the log off), and maybe `level` (default INFO).
 * - `version` is ignored.
 *
 * @throws {ConfigError} For anything else, with the key and the nearest known one.
 */
export function readLogConfig(table: unknown, source: LogConfigSource): LogPlans {
  const { option, path } = source;
  const top = new Table(table, { path: option, hints: HINTS, ...(path && { file: path }) });
  top.allow(["version", "handlers", "loggers"]);
  const handlers = new Map<string, LogHandler>();
  for (const entry of top.table("handlers")?.tables() ?? []) {
    handlers.set(entry.name, readHandler(entry, source.json));
  }
  const loggers = top.table("loggers");
  loggers?.allow(LOGGERS);
  const planOf = (name: string) => {
    const logger = loggers?.table(name);
    return logger ? readLogger(logger, handlers) : null;
  };
  return { error: planOf(ERROR_LOGGER), access: planOf(ACCESS_LOGGER) };
}

function readHandler(handler: Table, json: boolean): LogHandler {
  const kind = handler.word("class", CLASSES) ?? handler.missing("class", Object.keys(CLASSES));
  handler.allow(["class", kind === "file" ? "filename" : "stream", "level", "json"]);
  const common = {
    option: handler.pathTo(kind === "file" ? "filename" : "stream"),
    level: handler.word("level", LEVELS) ?? "DEBUG",
    json: handler.flag("json") ?? json,
  };
  if (kind === "stream") return { ...common, target: handler.word("stream", STREAMS) ?? "stderr" };
  return { ...common, target: { path: handler.text("filename") } };
}

function readLogger(logger: Table, handlers: ReadonlyMap<string, LogHandler>): LogPlan {
  logger.allow(["level", "handlers"]);
  const level = logger.word("level", LEVELS) ?? "INFO";
  const names = logger.names("handlers", [...handlers.keys()]);
  return { level, handlers: names.map((name) => handlers.get(name)!) };
}
