/**
 * Start and stop of the applications inside a composition.
 *
 * @module
 */

import type { Application } from "../exchange.ts";
import { describe } from "../misuse.ts";

/** The half of an application that runs around its requests. */
export type Lifecycle = Pick<Application, "startup" | "shutdown">;

/**
 * Start and stop of several applications as one.
 *
 * They start one after the other. When one fails, those before it are stopped again and its error is thrown; what else
 * goes wrong then is not told, for the first error is the one that matters. They are told to stop in reverse, without
 * waiting for each other, so that one that hangs keeps no other from it; of several errors an `AggregateError` has all.
 */
export function lifecycleOf(applications: readonly Application[]): Lifecycle {
  // Without any hook there is none, so that a server knows that it has nothing to wait for.
  if (applications.every(({ startup, shutdown }) => !startup && !shutdown)) return {};
  return {
    startup: () => startAll(applications),
    shutdown: () => stopAll(applications),
  };
}

async function startAll(applications: readonly Application[]): Promise<void> {
  const started: Application[] = [];
  try {
    for (const application of applications) {
      await application.startup?.();
      started.push(application);
    }
  } catch (error) {
    await stopAll(started).catch(() => {});
    throw error;
  }
}

async function stopAll(applications: readonly Application[]): Promise<void> {
  const stops = applications.toReversed().map(async (application) => {
    await application.shutdown?.();
  });
  const errors = (await Promise.allSettled(stops)).flatMap((stop) =>
    stop.status === "rejected" ? [stop.reason as unknown] : []
  );
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors, errors.map(textOf).join("; "));
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : describe(error);
}
