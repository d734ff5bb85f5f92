/**
 * Loggers of users: objects that take the lines, and classes that take the place of ours.
 *
 * @module
 */

import type { LogSink } from "../log_types.ts";
import { type AccessEntry, entryMaker } from "./access_entry.ts";
import type { AccessNeeds } from "./access_record.ts";
import type { OwnAtoms } from "./access_template.ts";
import type { ServerLog } from "../log_types.ts";

/**
 * What an instance of `Config.loggerClass` may have besides the four methods that it must have.
 *
 * The class is made once for each server, with the resolved configuration. It decides itself what it writes, so
 * `errorlog` and `loglevel` do not concern it. Whatever its methods throw is dropped, for a log that fails must not end
 * the server.
 *
 * @example
 * ```ts
 * import type { AccessEntry, CustomLogger } from "jsr:@x/hypercorn";
 *
 * class Logger implements CustomLogger {
 *   debug(): void {}
 *   info(message: string): void {
 *     console.log(message);
 *   }
 *   warn = this.info;
 *   error = this.info;
 *   access(entry: AccessEntry, line: string): void {
 *     if (entry.path !== "/healthz") console.log(line);
 *   }
 *   atoms(entry: AccessEntry): Record<string, unknown> {
 *     return { slow: entry.duration > 1 ? "SLOW" : "-" }; // %(slow)s in accessLogFormat
 *   }
 * }
 * ```
 */
export interface CustomLogger extends LogSink {
  /**
   * Takes access lines in place of `accesslog`, whether that is set or not.
   *
   * @param entry The facts.
   * @param line The line as `accessLogFormat` or `logJson` has it.
   */
  access?(entry: AccessEntry, line: string): unknown;
  /**
   * Gives atoms for one line, by the name between `%(` and `)s`: new ones, or in place of ours. `null` is written as
   * `-`, anything else as its string, escaped.
   */
  atoms?(entry: AccessEntry): Record<string, unknown>;
  /** Told that files were moved away and are to be opened anew. */
  reopen?(): unknown;
  /** Told that the server is done. */
  close?(): unknown;
}

/** Makes a log of an object of the user's, which gets the lines as they are. */
export function customLog(logger: CustomLogger): ServerLog {
  return {
    debug: (message) => contained(() => logger.debug(message)),
    info: (message) => contained(() => logger.info(message)),
    warn: (message) => contained(() => logger.warn(message)),
    error: (message) => contained(() => logger.error(message)),
    reopen: () => contained(() => logger.reopen?.()),
    close: () => contained(() => logger.close?.()),
  };
}

/** Makes a log of an object that somebody else owns: opening and closing it is their business. */
export function sinkLog(sink: LogSink): ServerLog {
  return { ...customLog(sink), reopen() {}, close() {} };
}

/** The atoms of a logger, `undefined` when it has none. Those that throw are left out. */
export function ownAtomsOf(logger: CustomLogger, needs: AccessNeeds): OwnAtoms | undefined {
  if (typeof logger.atoms !== "function") return undefined;
  const entryOf = entryMaker(needs);
  return (record) => {
    let own: unknown;
    contained(() => own = logger.atoms!(Object.freeze(entryOf(record))));
    return Object(own);
  };
}

/** Calls what a user wrote; neither what it throws nor what it rejects with goes further. */
export function contained(call: () => unknown): void {
  try {
    const result = call();
    if (result instanceof Promise) result.catch(() => {});
  } catch { /* a log that fails must not end the server, and there is no other place to tell */ }
}
