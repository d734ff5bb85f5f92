/**
 * What a supervisor works with.
 *
 * @module
 */

import type { TlsMaterial } from "../server/tls.ts";
import type { Clock } from "./clock.ts";
import type { Job } from "./job.ts";
import type { Plan } from "./plan.ts";
import type { Spawner } from "./spawner.ts";

/** What a supervisor works with. */
export interface SupervisorOptions {
  /** What the workers are to serve. */
  readonly job: Job;
  /** Certificate and key for all workers; `null` when each reads its own from the configuration. */
  readonly identity: TlsMaterial | null;
  /** The configuration at the start. */
  readonly plan: Plan;
  /** Reads the configuration anew, for a reload. */
  readonly reread: () => Promise<Plan>;
  /** Starts processes. */
  readonly spawner: Spawner;
  /** The time. */
  readonly clock: Clock;
  /** Where to tell what happens. */
  readonly log: {
    info(message: string): void;
    warn(message: string): void;
    error(message: string): void;
  };
}
