/**
 * Limits on what one process may serve: a number of requests, and its memory.
 *
 * Both are remedies for leaks, in the application or below it; a supervisor starts another process in time.
 *
 * @module
 */

import type { ResolvedConfig } from "../config/mod.ts";
import type { Observer } from "../observation.ts";

/** Which limit was reached. */
export type RetireReason = "max_requests" | "max_memory";

/**
 * Counts requests of every kind, refused ones included, as Hypercorn does: the one beyond the budget is still served.
 *
 * @param budget Requests that may be served.
 * @param onExceeded Called once, at the beginning of the request beyond.
 */
export function requestBudget(budget: number, onExceeded: () => void): Observer {
  let left = budget;
  return {
    begin() {
      if (left-- === 0) onExceeded();
      return null;
    },
  };
}

/** A budget of requests: `maxRequests` and a random part, so that workers do not all retire at once; `null` for none. */
export function drawBudget(
  { maxRequests, maxRequestsJitter }: Pick<ResolvedConfig, "maxRequests" | "maxRequestsJitter">,
): number | null {
  if (maxRequests === null) return null;
  return maxRequests + Math.floor(Math.random() * (maxRequestsJitter + 1));
}

/** Milliseconds between looks at the memory. */
const MEMORY_LOOK_MS = 2_000;

/** Watches the resident memory of the process. Does not keep it alive. */
export class MemoryWatch implements Disposable {
  readonly #timer: ReturnType<typeof setInterval>;

  /**
   * Starts to watch.
   *
   * @param limit Bytes.
   * @param onExceeded Called once.
   */
  constructor(limit: number, onExceeded: () => void) {
    this.#timer = setInterval(() => {
      if (Deno.memoryUsage().rss <= limit) return;
      clearInterval(this.#timer);
      onExceeded();
    }, MEMORY_LOOK_MS);
    Deno.unrefTimer(this.#timer);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
