/**
 * Time as a port, so that tests of the supervisor need not wait.
 *
 * @module
 */

import { delay } from "@std/async/delay";
import { MAX_TIMER_DELAY_MS } from "../limits.ts";

/** Time, in seconds. */
export interface Clock {
  /** Seconds since some moment in the past; never goes back. */
  now(): number;
  /** Resolves to `true` after `seconds`, or to `false` as soon as `signal` aborts. */
  sleep(seconds: number, signal?: AbortSignal): Promise<boolean>;
}

/** The clock of this process. */
export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now() / 1000,
  async sleep(seconds, signal) {
    try {
      const milliseconds = Math.min(seconds * 1000, MAX_TIMER_DELAY_MS);
      await delay(milliseconds, signal ? { signal } : {});
      return true;
    } catch {
      return false; // a delay fails in no other way
    }
  },
};
