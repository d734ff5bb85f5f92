/**
 * Offline stand-in for `jsr:@std/async/deadline`.
 *
 * @module
 */

import { abortable } from "./abortable.ts";

/** Options of {@linkcode deadline}. */
export interface DeadlineOptions {
  /** Ends the waiting early; the result rejects with its reason. */
  signal?: AbortSignal;
}

/**
 * Follows `p` for at most `ms` milliseconds.
 *
 * @param p The promise to follow; the work behind it is not stopped.
 * @param ms How long to wait, in milliseconds.
 * @returns A promise that settles as `p` does, or rejects with a `DOMException` named
 * `"TimeoutError"` when the time is over first.
 */
export async function deadline<T>(
  p: Promise<T>,
  ms: number,
  options: DeadlineOptions = {},
): Promise<T> {
  const timeout = AbortSignal.timeout(ms);
  const signal = options.signal ? AbortSignal.any([timeout, options.signal]) : timeout;
  return await abortable(p, signal);
}
