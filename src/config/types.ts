/**
 * Types of option values that are more than a string, number or list.
 *
 * @module
 */

/** Least severity that is logged. */
export type LogLevel = "DEBUG" | "INFO" | "WARNING" | "ERROR" | "CRITICAL";

/** Demand on client certificates, by Python's names: none, verify if sent, or required. */
export type VerifyMode = "CERT_NONE" | "CERT_OPTIONAL" | "CERT_REQUIRED";

/** Which driver accepts TCP connections, see `Config.guard`. */
export type Guard = "auto" | "on" | "off";

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

/** A class whose instances take log lines. */
export type LoggerClass = new (...args: never[]) => LogSink;
