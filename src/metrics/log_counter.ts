/**
 * Counting the messages of a log.
 *
 * @module
 */

import type { ServerLog } from "../log_types.ts";
import type { CountedLevel } from "./labels.ts";

/** Is told of every message of a log, whether or not its level is written. */
export interface LogCounter {
  /** A message of this level was logged. Never throws. */
  logged(level: CountedLevel): void;
}

/** A log that tells counters of its messages, after they were written. */
export class CountedLog implements ServerLog {
  readonly #log: ServerLog;
  readonly #counters: readonly LogCounter[];

  /** Wraps `log`. Each counter is told of every message. */
  constructor(log: ServerLog, counters: readonly LogCounter[]) {
    this.#log = log;
    this.#counters = counters;
  }

  /** Passed on. */
  debug(message: string): void {
    this.#log.debug(message);
  }

  /** Passed on. */
  info(message: string): void {
    this.#log.info(message);
  }

  /** Counts as `warning`. */
  warn(message: string): void {
    this.#log.warn(message);
    this.#count("warning");
  }

  /** Counts as `error`. */
  error(message: string): void {
    this.#log.error(message);
    this.#count("error");
  }

  /** Counts as `exception`. */
  exception(message: string): void {
    if (this.#log.exception) this.#log.exception(message);
    else this.#log.error(message);
    this.#count("exception");
  }

  /** Passed on. */
  reopen(): void {
    this.#log.reopen();
  }

  /** Passed on. */
  close(): void {
    this.#log.close();
  }

  #count(level: CountedLevel): void {
    for (const counter of this.#counters) counter.logged(level);
  }
}
