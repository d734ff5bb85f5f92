/**
 * The error log: Hypercorn's line format, or JSON, through `@std/log`.
 *
 * @module
 */

import { BaseHandler, type LevelName, Logger, type LogRecord } from "@std/log";
import type { LogLevel } from "../log_types.ts";
import { describe } from "../misuse.ts";
import { jsonText, printableLines } from "./escape.ts";
import { LineBuffer } from "./line_buffer.ts";
import { type Destination, openOutput, type Output } from "./output.ts";
import type { ServerLog } from "../log_types.ts";
import { formatLocal, isoFormat, perSecond } from "./timestamp.ts";

/** Name of the logger, in Hypercorn and in a `logconfig`. */
export const ERROR_LOGGER = "hypercorn.error";

/** A place for lines, with what it takes. */
export interface LogHandler extends Destination {
  /** Least severity that it takes. */
  readonly level: LogLevel;
  /** Whether its lines are JSON. */
  readonly json: boolean;
}

/** One of the two logs, as options or a `logconfig` describe it. */
export interface LogPlan {
  /** Least severity that is logged anywhere. */
  readonly level: LogLevel;
  /** Where lines go; none switches the log off. */
  readonly handlers: readonly LogHandler[];
}

/** Opens an error log. @throws {ConfigError} When a file cannot be opened. */
export function openErrorLog(plan: LogPlan): ServerLog {
  const handlers: LineHandler[] = [];
  try {
    for (const handler of plan.handlers) {
      handlers.push(new LineHandler(openOutput(handler), handler));
    }
  } catch (error) {
    for (const handler of handlers) handler.destroy();
    throw error;
  }
  return new ErrorLog(handlers, stdLevel(plan.level));
}

/** A `@std/log` logger with what its handlers own. */
class ErrorLog implements ServerLog {
  readonly #logger: Logger;
  readonly #handlers: readonly LineHandler[];

  constructor(handlers: LineHandler[], level: LevelName) {
    this.#logger = new Logger(ERROR_LOGGER, level, { handlers });
    this.#handlers = handlers;
  }

  debug(message: string): void {
    this.#logger.debug(message);
  }

  info(message: string): void {
    this.#logger.info(message);
  }

  warn(message: string): void {
    this.#logger.warn(message);
  }

  error(message: string): void {
    this.#logger.error(message);
  }

  reopen(): void {
    for (const handler of this.#handlers) {
      try {
        handler.reopen();
      } catch (error) {
        this.error(reopenFailure(error));
      }
    }
  }

  close(): void {
    for (const handler of this.#handlers) handler.destroy();
  }
}

/** Writes formatted lines, each at once: what a server says last explains why it ended. */
class LineHandler extends BaseHandler {
  readonly #lines: LineBuffer;

  constructor(output: Output, { level, json }: LogHandler) {
    super(stdLevel(level), { formatter: json ? jsonFormatter() : textFormatter() });
    this.#lines = new LineBuffer(output);
  }

  override log(line: string): void {
    this.#lines.add(line);
    this.#lines.flush();
  }

  reopen(): void {
    this.#lines.reopen();
  }

  override destroy(): void {
    this.#lines.close();
  }
}

/** What to log when a file cannot be opened anew. */
export function reopenFailure(error: unknown): string {
  const reason = error instanceof Error ? error.message : describe(error);
  return `${reason}. Lines go on into the file that is open`;
}

/**
 * `[2026-11-22 08:06:00 +0000] [25157] [INFO] message`; a message may have several lines. It is escaped here, for errors
 * of applications quote what clients sent.
 */
function textFormatter(): (record: LogRecord) => string {
  const timestamp = perSecond(formatLocal);
  return ({ datetime, levelName, msg }) =>
    `[${timestamp(datetime.getTime())}] [${Deno.pid}] [${levelName}] ${printableLines(msg)}`;
}

/** One object with the members `time`, `level`, `pid`, `logger` and `message`, on one line whatever the message. */
function jsonFormatter(): (record: LogRecord) => string {
  const timestamp = isoFormat();
  return ({ datetime, levelName, loggerName, msg }) =>
    `{"time":"${
      timestamp(datetime.getTime())
    }","level":"${levelName}","pid":${Deno.pid},"logger":"${loggerName}","message":${
      jsonText(msg)
    }}`;
}

/** Python's name of a level as `@std/log` has it. */
function stdLevel(level: LogLevel): LevelName {
  return level === "WARNING" ? "WARN" : level;
}
