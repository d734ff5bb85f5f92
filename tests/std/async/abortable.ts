/**
 * Offline stand-in for `jsr:@std/async/abortable`, for promises only.
 *
 * @module
 */

/**
 * Follows `p` until `signal` aborts, then rejects with the signal's reason.
 *
 * The work behind `p` is not stopped; only the waiting is.
 *
 * @param p The promise to follow.
 * @param signal Ends the waiting. When it is aborted already, the result rejects at once.
 * @returns A promise that settles as `p` does, or rejects with `signal.reason`.
 */
export async function abortable<T>(p: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([p, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
