/**
 * Start and stop of applications without lifespan.
 *
 * @module
 */

import type { Application } from "../exchange.ts";

/** What runs when a server starts and stops. */
export interface Hooks {
  /** Runs before any listener is opened, within `startup_timeout`; a rejection stops the start. For applications without lifespan. */
  readonly startup?: () => unknown;
  /** Runs when all connections are done, within `shutdown_timeout`. For applications without lifespan. */
  readonly shutdown?: () => unknown;
}

/** Runs the hooks around the application's own; what was started is stopped, whatever fails. */
export function withHooks(application: Application, { startup, shutdown }: Hooks): Application {
  if (!startup && !shutdown) return application;
  return {
    ...application,
    async startup() {
      await application.startup?.();
      try {
        await startup?.();
      } catch (error) {
        await application.shutdown?.().catch(() => {}); // the first error is the one that matters
        throw error;
      }
    },
    async shutdown() {
      try {
        await shutdown?.();
      } finally {
        await application.shutdown?.();
      }
    },
  };
}
