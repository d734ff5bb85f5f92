/**
 * Offline stand-in for `jsr:@std/async/delay`, for delays below 2^31 milliseconds.
 *
 * @module
 */

/** Options of {@linkcode delay}. */
export interface DelayOptions {
  /** Ends the delay early; the result rejects with its reason. */
  signal?: AbortSignal;
  /** Whether the running timer keeps the process alive. Default: `true`. */
  persistent?: boolean;
}

/**
 * Resolves after `ms` milliseconds.
 *
 * @param ms Length of the delay in milliseconds; a negative one counts as zero.
 * @returns A promise that rejects with `signal.reason` when the signal aborts first.
 */
export function delay(ms: number, options: DelayOptions = {}): Promise<void> {
  const { signal, persistent = true } = options;
  if (signal?.aborted) return Promise.reject(signal.reason);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => {
    signal?.removeEventListener("abort", onAbort);
    resolve();
  }, ms);
  function onAbort(): void {
    clearTimeout(timer);
    reject(signal?.reason);
  }
  signal?.addEventListener("abort", onAbort, { once: true });
  if (!persistent) Deno.unrefTimer(timer);
  return promise;
}
