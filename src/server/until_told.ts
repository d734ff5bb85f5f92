/**
 * The reasons to stop that a program can give.
 *
 * @module
 */

/** What tells {@link serve} to stop; without either it is SIGINT or SIGTERM. */
export interface StopReasons {
  /**
   * Called once when the server runs; when its promise settles the server stops gracefully. A rejection does the same
   * and then rejects `serve`. No signal handler is installed when it is given.
   */
  readonly shutdownTrigger?: () => Promise<unknown>;
  /** Stops the server gracefully when it aborts. No signal handler is installed when it is given. */
  readonly signal?: AbortSignal;
}

/**
 * Waits for the first reason to stop, or until the server has `finished` by itself.
 *
 * Rejects with what the trigger rejects with.
 */
export async function untilTold(
  { shutdownTrigger, signal }: StopReasons,
  finished: Promise<unknown>,
): Promise<void> {
  const aborted = Promise.withResolvers<void>();
  const onAbort = () => aborted.resolve();
  if (signal?.aborted) onAbort();
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    const reasons: Promise<unknown>[] = [finished];
    if (signal) reasons.push(aborted.promise);
    if (shutdownTrigger) reasons.push(shutdownTrigger());
    await Promise.race(reasons);
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}
