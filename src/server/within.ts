/**
 * Waiting with a limit.
 *
 * @module
 */

import { delay } from "@std/async/delay";
import { MAX_TIMER_DELAY_MS } from "../limits.ts";

/**
 * Waits for `work`, at most `seconds`, or until `stop` aborts.
 *
 * @returns `true` when `work` settled in time; its rejection is passed on. No timer is left behind.
 */
export async function within(
  work: Promise<unknown>,
  seconds: number,
  stop?: AbortSignal,
): Promise<boolean> {
  const settled = new AbortController();
  const signal = stop ? AbortSignal.any([settled.signal, stop]) : settled.signal;
  const expired = delay(Math.min(seconds * 1000, MAX_TIMER_DELAY_MS), { signal })
    .then(() => false, () => false);
  try {
    return await Promise.race([work.then(() => true), expired]);
  } finally {
    settled.abort();
  }
}
