/**
 * The place of a worker.
 *
 * @module
 */

import { RestartBudget } from "./restart_budget.ts";
import type { SupervisedWorker } from "./supervised_worker.ts";

/** Where one of the configured number of workers serves; workers come and go. */
export class Place {
  /** The worker that serves here, once it is ready. */
  worker: SupervisedWorker | null = null;
  /** Goes up with everything that begins here; what finds another number afterwards has lost the place. */
  turn = 0;
  /** Whether a replacement is being started. */
  replacing = false;
  /** When to stop restarting. */
  readonly budget: RestartBudget = new RestartBudget();
}
