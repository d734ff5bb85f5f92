/** Limits on requests for tests of what is not about them. */

import { DeadlineClock } from "../../src/protocol/deadline_clock.ts";
import type { RequestLimits } from "../../src/protocol/request_limits.ts";

/** Limits that nothing reaches. */
export function looseLimits(limits: Partial<RequestLimits> = {}): RequestLimits {
  return {
    targetSize: Infinity,
    headSize: null,
    fieldSectionSize: null,
    bodySize: null,
    readMs: 60_000,
    handlerMs: null,
    concurrency: null,
    clock: new DeadlineClock(),
    ...limits,
  };
}
