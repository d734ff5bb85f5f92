/**
 * Offline stand-in for `jsr:@std/log/base-handler`.
 *
 * @module
 */

import { getLevelByName, getLevelName, type LevelName, type LogLevel } from "./levels.ts";
import type { LogRecord } from "./logger.ts";

/** Turns a record into the text to write. */
export type FormatterFunction = (logRecord: LogRecord) => string;

/** Options of {@linkcode BaseHandler}. */
export interface BaseHandlerOptions {
  /** Default: the level name, a space and the message. */
  formatter?: FormatterFunction;
}

/** Destination of log records; a subclass says in `log` where the text goes. */
export abstract class BaseHandler {
  /** Turns a record into text. */
  formatter: FormatterFunction;
  #level: LogLevel;

  /** Creates a handler that ignores records below `levelName`. */
  constructor(levelName: LevelName, options: BaseHandlerOptions = {}) {
    this.#level = getLevelByName(levelName);
    this.formatter = options.formatter ?? defaultFormatter;
  }

  /** Numeric value of the lowest level that is handled. */
  get level(): LogLevel {
    return this.#level;
  }

  set level(level: LogLevel) {
    // Refuses a number that is no level.
    this.#level = getLevelByName(getLevelName(level));
  }

  /** Name of the lowest level that is handled. */
  get levelName(): LevelName {
    return getLevelName(this.#level);
  }

  set levelName(levelName: LevelName) {
    this.#level = getLevelByName(levelName);
  }

  /** Formats and writes a record, unless its level is too low. */
  handle(logRecord: LogRecord): void {
    if (logRecord.level >= this.#level) this.log(this.format(logRecord));
  }

  /** Applies the formatter. */
  format(logRecord: LogRecord): string {
    return this.formatter(logRecord);
  }

  /** Writes one formatted record. */
  abstract log(msg: string): void;

  /** Acquires what the handler needs; nothing here. */
  setup(): void {}

  /** Releases what `setup` acquired; nothing here. */
  destroy(): void {}

  /** Calls `destroy`. */
  [Symbol.dispose](): void {
    this.destroy();
  }
}

function defaultFormatter({ levelName, msg }: LogRecord): string {
  return `${levelName} ${msg}`;
}
