/**
 * Offline stand-in for `jsr:@std/log/logger`.
 *
 * @module
 */

import type { BaseHandler } from "./base_handler.ts";
import {
  getLevelByName,
  getLevelName,
  type LevelName,
  type LogLevel,
  LogLevels,
} from "./levels.ts";

/** Any function; a message that is one is called only when its result will be logged. */
// deno-lint-ignore no-explicit-any -- std's signature
export type GenericFunction = (...args: any[]) => any;

/** Input of {@linkcode LogRecord}. */
export interface LogRecordOptions {
  /** The message as text. */
  msg: string;
  /** What was passed after the message. */
  args: unknown[];
  /** Numeric level. */
  level: LogLevel;
  /** Name of the logger that made the record. */
  loggerName: string;
}

/** One logged message with its circumstances. */
export class LogRecord {
  /** The message as text. */
  readonly msg: string;
  /** Numeric level. */
  readonly level: number;
  /** Name of the level. */
  readonly levelName: string;
  /** Name of the logger that made the record. */
  readonly loggerName: string;
  readonly #args: readonly unknown[];
  readonly #timestamp = Date.now();

  /** Creates a record of this moment. */
  constructor(options: LogRecordOptions) {
    this.msg = options.msg;
    this.level = options.level;
    this.levelName = getLevelName(options.level);
    this.loggerName = options.loggerName;
    this.#args = [...options.args];
  }

  /** What was passed after the message; a fresh array. */
  get args(): unknown[] {
    return [...this.#args];
  }

  /** When the record was made; a fresh object. */
  get datetime(): Date {
    return new Date(this.#timestamp);
  }
}

/** Options of {@linkcode Logger}. */
export interface LoggerOptions {
  /** Where records go. Default: nowhere. */
  handlers?: BaseHandler[];
}

/** A message, or a function that makes it when it is needed. */
type Message<T> = (T extends GenericFunction ? never : T) | (() => T);

/**
 * Hands messages at or above its level to its handlers.
 *
 * The logging methods return the message, or what the message function returned (`undefined` when
 * it was not called).
 */
export class Logger {
  /** Where records go. */
  handlers: BaseHandler[];
  readonly #loggerName: string;
  #level: LogLevel;

  /** Creates a logger that ignores messages below `levelName`. */
  constructor(loggerName: string, levelName: LevelName, options: LoggerOptions = {}) {
    this.#loggerName = loggerName;
    this.#level = getLevelByName(levelName);
    this.handlers = options.handlers ?? [];
  }

  /** Name given to records. */
  get loggerName(): string {
    return this.#loggerName;
  }

  /** Numeric value of the lowest level that is logged. */
  get level(): LogLevel {
    return this.#level;
  }

  set level(level: LogLevel) {
    // Refuses a number that is no level.
    this.#level = getLevelByName(getLevelName(level));
  }

  /** Name of the lowest level that is logged. */
  get levelName(): LevelName {
    return getLevelName(this.#level);
  }

  set levelName(levelName: LevelName) {
    this.#level = getLevelByName(levelName);
  }

  /** Logs at level DEBUG. */
  debug<T>(msg: () => T, ...args: unknown[]): T | undefined;
  /** Logs at level DEBUG. */
  debug<T>(msg: T extends GenericFunction ? never : T, ...args: unknown[]): T;
  debug<T>(msg: Message<T>, ...args: unknown[]): T | undefined {
    return this.#log(LogLevels.DEBUG, msg, args);
  }

  /** Logs at level INFO. */
  info<T>(msg: () => T, ...args: unknown[]): T | undefined;
  /** Logs at level INFO. */
  info<T>(msg: T extends GenericFunction ? never : T, ...args: unknown[]): T;
  info<T>(msg: Message<T>, ...args: unknown[]): T | undefined {
    return this.#log(LogLevels.INFO, msg, args);
  }

  /** Logs at level WARN. */
  warn<T>(msg: () => T, ...args: unknown[]): T | undefined;
  /** Logs at level WARN. */
  warn<T>(msg: T extends GenericFunction ? never : T, ...args: unknown[]): T;
  warn<T>(msg: Message<T>, ...args: unknown[]): T | undefined {
    return this.#log(LogLevels.WARN, msg, args);
  }

  /** Logs at level ERROR. */
  error<T>(msg: () => T, ...args: unknown[]): T | undefined;
  /** Logs at level ERROR. */
  error<T>(msg: T extends GenericFunction ? never : T, ...args: unknown[]): T;
  error<T>(msg: Message<T>, ...args: unknown[]): T | undefined {
    return this.#log(LogLevels.ERROR, msg, args);
  }

  /** Logs at level CRITICAL. */
  critical<T>(msg: () => T, ...args: unknown[]): T | undefined;
  /** Logs at level CRITICAL. */
  critical<T>(msg: T extends GenericFunction ? never : T, ...args: unknown[]): T;
  critical<T>(msg: Message<T>, ...args: unknown[]): T | undefined {
    return this.#log(LogLevels.CRITICAL, msg, args);
  }

  #log<T>(level: LogLevel, msg: Message<T>, args: unknown[]): T | undefined {
    const lazy = msg instanceof Function;
    if (level < this.#level) return lazy ? undefined : msg;
    const value = lazy ? msg() : msg;
    const record = new LogRecord({
      msg: toText(value),
      args,
      level,
      loggerName: this.#loggerName,
    });
    for (const handler of this.handlers) handler.handle(record);
    return value;
  }
}

/** Text of a message: an error is its stack, an object its entries, anything else `String()`. */
function toText(value: unknown, nested = false): string {
  if (typeof value === "string") return nested ? `"${value}"` : value;
  if (typeof value === "function") return "undefined";
  if (value === null || typeof value !== "object") return String(value);
  if (value instanceof Error) return value.stack ?? String(value);
  const entries = Object.entries(value).map(([key, entry]) => `"${key}":${toText(entry, true)}`);
  return `{${entries.join(",")}}`;
}
