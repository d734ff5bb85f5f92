/**
 * From the configuration to the logs.
 *
 * @module
 */

import type { LogLevel, LogSink, ResolvedConfig } from "../config/mod.ts";
import { ConfigError } from "../errors.ts";
import {
  type AccessLog,
  type AccessTarget,
  customLog,
  type CustomLogger,
  type LogPlan,
  type LogPlans,
  openAccessLines,
  openErrorLog,
  readLogConfig,
  readLogConfigFile,
  type ServerLog,
  sinkLog,
} from "../logging/mod.ts";
import { describe } from "../misuse.ts";

export type { AccessLog, ServerLog } from "../logging/mod.ts";

/**
 * Opens the error log. The first that is set decides: `loggerClass`, `logconfig`, `logconfigDict`, `errorlog`.
 *
 * @throws {ConfigError} When a file cannot be opened, `logconfig` not be read, or `loggerClass` not be used.
 */
export function openLog(config: ResolvedConfig): ServerLog {
  const logger = loggerOf(config);
  if (logger) return customLog(logger);
  const plan = plansOf(config)?.error;
  if (plan) return openErrorLog(plan);
  const { errorlog } = config;
  if (isSink(errorlog)) return sinkLog(errorlog);
  return openErrorLog(planOf(errorlog, "errorlog", config));
}

/**
 * Opens the access log. The first that is set decides: an `access` method of `loggerClass`, `logconfig`,
 * `logconfigDict`, `accesslog`.
 *
 * @param log Gets warnings about `accessLogFormat`, and what goes wrong later.
 * @returns `null` when no line would ever be written; `loglevel` above INFO silences them, as in Hypercorn.
 * @throws {ConfigError} When a file cannot be opened, or for a format or `logconfig` that cannot be read.
 */
export function openAccessLog(config: ResolvedConfig, log: ServerLog): AccessLog | null {
  const logger = loggerOf(config);
  const target = accessTarget(config, logger);
  return target && openAccessLines({ target, template: config.accessLogFormat, logger, log });
}

function accessTarget(config: ResolvedConfig, logger: CustomLogger | null): AccessTarget | null {
  const { accesslog, logJson: json } = config;
  if (typeof logger?.access === "function") {
    return { access: (entry, line) => logger.access!(entry, line), json };
  }
  const plan = plansOf(config)?.access;
  if (plan) return handlersOf(plan);
  if (isSink(accesslog)) return { sink: accesslog, json };
  return handlersOf(planOf(accesslog, "accesslog", config));
}

/** The places of a plan that take access lines, which are INFO; `null` when none does. */
function handlersOf({ level, handlers }: LogPlan): AccessTarget | null {
  const open = takesInfo(level) ? handlers.filter((handler) => takesInfo(handler.level)) : [];
  return open.length > 0 ? { handlers: open } : null;
}

function takesInfo(level: LogLevel): boolean {
  return level === "DEBUG" || level === "INFO";
}

/** What the options `errorlog` or `accesslog` and `loglevel` ask for. */
function planOf(
  value: string | null,
  option: "errorlog" | "accesslog",
  { loglevel: level, logJson: json }: ResolvedConfig,
): LogPlan {
  if (!value) return { level, handlers: [] };
  const stream = option === "errorlog" ? "stderr" : "stdout";
  const target = value === "-" ? stream : { path: value };
  return { level, handlers: [{ target, option, level, json }] };
}

/** Plans by configuration: both logs come from one reading of the file, which may change between two. */
const PLANS = new WeakMap<ResolvedConfig, LogPlans | null>();

/** What `logconfig` or `logconfigDict` asks for; a log it does not mention is as the other options say. */
function plansOf(config: ResolvedConfig): LogPlans | null {
  const known = PLANS.get(config);
  if (known !== undefined) return known;
  const plans = readPlans(config);
  PLANS.set(config, plans);
  return plans;
}

function readPlans({ logconfig, logconfigDict, logJson: json }: ResolvedConfig): LogPlans | null {
  if (logconfig !== null) {
    const { path, table } = readLogConfigFile(logconfig);
    return readLogConfig(table, { option: "logconfig", path, json });
  }
  return logconfigDict && readLogConfig(logconfigDict, { option: "logconfigDict", json });
}

function isSink(value: string | LogSink | null): value is LogSink {
  return typeof value === "object" && value !== null;
}

/** Instances by configuration: both logs share one, and it cannot be found in a log that somebody wrapped. */
const LOGGERS = new WeakMap<ResolvedConfig, CustomLogger>();

/** The instance of `loggerClass` for a server, `null` without one. */
function loggerOf(config: ResolvedConfig): CustomLogger | null {
  if (config.loggerClass === null) return null;
  const known = LOGGERS.get(config);
  if (known) return known;
  const logger = makeLogger(config.loggerClass as new (config: ResolvedConfig) => unknown, config);
  LOGGERS.set(config, logger);
  return logger;
}

function makeLogger(
  loggerClass: new (config: ResolvedConfig) => unknown,
  config: ResolvedConfig,
): CustomLogger {
  const key = "loggerClass";
  let logger: unknown;
  try {
    logger = new loggerClass(config);
  } catch (cause) {
    const received = `${loggerClass.name || "a class"}, which threw ${describe(cause)}`;
    throw new ConfigError({ key, expected: "a class that can be made", received }, { cause });
  }
  if (isLogger(logger)) return logger;
  const expected = "a class with the methods debug(), info(), warn() and error()";
  throw new ConfigError({ key, expected, received: loggerClass.name || "a class without a name" });
}

function isLogger(logger: unknown): logger is CustomLogger {
  const methods = logger as Record<string, unknown>;
  return ["debug", "info", "warn", "error"].every((name) => typeof methods[name] === "function");
}
