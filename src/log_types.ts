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
