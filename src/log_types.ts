/**
 * What users give the logs: levels, sinks and logger classes.
 *
 * @module
 */

/** Least severity that is logged. */
export type LogLevel = "DEBUG" | "INFO" | "WARNING" | "ERROR" | "CRITICAL";

/** Where log lines can go besides files: `console`, a logger of `@std/log`, or your own object. */
export interface LogSink {
  /** Takes a line of use to developers only. */
  debug(message: string): unknown;
  /** Takes a line about normal operation. */
  info(message: string): unknown;
  /** Takes a line about something odd that did no harm yet. */
  warn(message: string): unknown;
  /** Takes a line about a failure. */
  error(message: string): unknown;
}

/** A class whose instances take log lines; see `CustomLogger` for what else they may have. */
export type LoggerClass = new (...args: never[]) => LogSink;

/** The error log of a server. No method throws: a server must not end because its log does. */
export interface ServerLog {
  /** Detail for developers. */
  debug(message: string): void;
  /** Normal operation. */
  info(message: string): void;
  /** Odd, but no harm yet. */
  warn(message: string): void;
  /** A failure. */
  error(message: string): void;
  /** A failure of the application; a log that counts tells it from the others, the rest use {@link error}. */
  exception?(message: string): void;
  /** Opens files anew by their names, after they were moved away. A failure is logged, and the old file stays. */
  reopen(): void;
  /** Releases what the log holds open. */
  close(): void;
}
