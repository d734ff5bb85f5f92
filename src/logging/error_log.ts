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
import { LossNotice } from "./loss_notice.ts";
import { type Destination, openOutput, placeName } from "./output.ts";
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
      handlers.push(new LineHandler(handler));
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
  readonly #finish = () => {
    for (const handler of this.#handlers) handler.finish();
  };

  constructor(handlers: LineHandler[], level: LevelName) {
    this.#logger = new Logger(ERROR_LOGGER, level, { handlers });
    this.#handlers = handlers;
    // A process that ends by Deno.exit() gives no timer a chance.
    addEventListener("unload", this.#finish);
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
        const message = reopenFailure(error);
        this.error(message);
        handler.tellElsewhere("ERROR", message); // the old file may be one that nobody finds
      }
    }
  }

  close(): void {
    removeEventListener("unload", this.#finish);
    for (const handler of this.#handlers) handler.destroy();
  }
}

/** A line before it is formatted. */
type Line = Pick<LogRecord, "datetime" | "levelName" | "loggerName" | "msg">;

/** Writes formatted lines, each at once: what a server says last explains why it ended. */
class LineHandler extends BaseHandler {
  readonly #lines: LineBuffer;
  readonly #format: (line: Line) => string;
  readonly #isStderr: boolean;
  /** Standard error, from when something is to be told there; it stays, for the pipe may be full just then. */
  #elsewhere: LineBuffer | undefined;

  /** @throws {ConfigError} When the file cannot be opened. */
  constructor(handler: LogHandler) {
    const format = handler.json ? jsonFormatter() : textFormatter();
    super(stdLevel(handler.level), { formatter: format });
    this.#format = format;
    this.#isStderr = handler.target === "stderr";
    const notice = new LossNotice({
      what: `error log ${placeName(handler)}`,
      onLoss: (message) => this.tellElsewhere("ERROR", message),
      onEnd: (message) => {
        this.tellElsewhere("WARN", message);
        this.log(this.#own("WARN", message)); // where lines are missing it is to be seen
      },
    });
    this.#lines = new LineBuffer(openOutput(handler), notice);
  }

  override log(line: string): void {
    this.#lines.add(line);
    this.#lines.flush();
  }

  /** Says on standard error what this log cannot be relied on to tell; there is no place beyond that. */
  tellElsewhere(level: LevelName, message: string): void {
    if (this.#isStderr) return;
    this.#elsewhere ??= new LineBuffer(openOutput({ target: "stderr", option: "errorlog" }));
    this.#elsewhere.add(this.#own(level, message));
    this.#elsewhere.flush();
  }

  finish(): void {
    this.#lines.finish();
    this.#elsewhere?.finish();
  }

  reopen(): void {
    this.#lines.reopen();
  }

  override destroy(): void {
    this.#lines.close(); // may have something to tell
    this.#elsewhere?.close();
  }

  #own(levelName: LevelName, msg: string): string {
    return this.#format({ datetime: new Date(), levelName, loggerName: ERROR_LOGGER, msg });
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
function textFormatter(): (line: Line) => string {
  const timestamp = perSecond(formatLocal);
  return ({ datetime, levelName, msg }) =>
    `[${timestamp(datetime.getTime())}] [${Deno.pid}] [${levelName}] ${printableLines(msg)}`;
}

/** One object with the members `time`, `level`, `pid`, `logger` and `message`, on one line whatever the message. */
function jsonFormatter(): (line: Line) => string {
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
