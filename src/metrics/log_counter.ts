/**
 * Counting the messages of a log.
 *
 * @module
 */

import type { CountedLevel } from "./labels.ts";

/** Is told of every message of a log, whether or not its level is written. */
export interface LogCounter {
  /** A message of this level was logged. Never throws. */
  logged(level: CountedLevel): void;
}

/** As much of a log as is counted, or passed on. */
export interface CountableLog {
  /** Detail for developers; not counted. */
  debug(message: string): void;
  /** Normal operation; not counted. */
  info(message: string): void;
  /** Counts as `warning`. */
  warn(message: string): void;
  /** Counts as `error`. */
  error(message: string): void;
  /** An application failed. Counts as `exception`, which Hypercorn tells from `error`; default {@link error}. */
  exception?(message: string): void;
  /** Opens files anew. */
  reopen(): void;
  /** Releases what the log holds open. */
  close(): void;
}

/** A log that tells counters of its messages, after they were written. */
export class CountedLog implements CountableLog {
  readonly #log: CountableLog;
  readonly #counters: readonly LogCounter[];

  /** Wraps `log`. Each counter is told of every message. */
  constructor(log: CountableLog, counters: readonly LogCounter[]) {
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
