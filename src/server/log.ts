/**
 * The error log: Hypercorn's line format through `@std/log`.
 *
 * @module
 */

import { BaseHandler, type LevelName, Logger, type LogRecord } from "@std/log";
import type { LogSink, ResolvedConfig } from "../config/mod.ts";
import { ConfigError } from "../errors.ts";

/** What the server logs through. No method throws: a server must not end because its log does. */
export interface ServerLog {
  /** Detail for developers. */
  debug(message: string): void;
  /** Normal operation. */
  info(message: string): void;
  /** Odd, but no harm yet. */
  warn(message: string): void;
  /** A failure. */
  error(message: string): void;
  /** Releases what the log holds open. */
  close(): void;
}

interface LineWriter {
  writeSync(bytes: Uint8Array): number;
}

/** Opens the log that `errorlog` and `loglevel` describe. @throws {ConfigError} When its file cannot be opened. */
export function openLog({ errorlog, loglevel }: ResolvedConfig): ServerLog {
  if (errorlog !== null && typeof errorlog !== "string") return foreignLog(errorlog);
  const level = loglevel === "WARNING" ? "WARN" : loglevel;
  if (!errorlog) return new ErrorLog([], level);
  if (errorlog === "-") return new ErrorLog([new LineHandler(Deno.stderr, level)], level);
  const file = openFile(errorlog);
  return new ErrorLog([new LineHandler(file, level)], level, file);
}

/** A `@std/log` logger with a file it may own. */
class ErrorLog implements ServerLog {
  readonly #logger: Logger;
  readonly #file: Disposable | undefined;

  constructor(handlers: BaseHandler[], level: LevelName, file?: Disposable) {
    this.#logger = new Logger("hypercorn.error", level, { handlers });
    this.#file = file;
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

  close(): void {
    this.#file?.[Symbol.dispose]();
  }
}

const utf8 = new TextEncoder();

/** Writes formatted lines, each whole. */
class LineHandler extends BaseHandler {
  readonly #writer: LineWriter;

  constructor(writer: LineWriter, level: LevelName) {
    super(level, { formatter: formatRecord });
    this.#writer = writer;
  }

  override log(line: string): void {
    let rest: Uint8Array = utf8.encode(`${line}\n`);
    try {
      while (rest.length > 0) rest = rest.subarray(this.#writer.writeSync(rest));
    } catch {
      /* a full disk or a closed pipe must not end the server, and there is no other place to tell */
    }
  }
}

/** `[2026-11-22 08:06:00 +0000] [25157] [INFO] message`, local time. */
function formatRecord({ datetime, levelName, msg }: LogRecord): string {
  return `[${timestamp(datetime)}] [${Deno.pid}] [${levelName}] ${msg}`;
}

function timestamp(date: Date): string {
  const offset = -date.getTimezoneOffset();
  const local = new Date(date.getTime() + offset * 60_000).toISOString();
  const size = Math.abs(offset);
  const zone = `${offset < 0 ? "-" : "+"}${two(Math.floor(size / 60))}${two(size % 60)}`;
  return `${local.slice(0, 10)} ${local.slice(11, 19)} ${zone}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

function openFile(path: string): Deno.FsFile {
  try {
    return Deno.openSync(path, { append: true, create: true });
  } catch (cause) {
    throw new ConfigError({
      key: "errorlog",
      expected: `"-" or the path of a file that can be written`,
      received: `"${path}" (${cause instanceof Error ? cause.message : cause})`,
    }, { cause });
  }
}

/** A user's own sink takes the lines as they are; closing it, and its failures, are the user's business. */
function foreignLog(sink: LogSink): ServerLog {
  const pass = (level: keyof LogSink) => async (message: string) => {
    try {
      await sink[level](message);
    } catch { /* a log that fails must not end the server */ }
  };
  return {
    debug: pass("debug"),
    info: pass("info"),
    warn: pass("warn"),
    error: pass("error"),
    close: () => {},
  };
}
