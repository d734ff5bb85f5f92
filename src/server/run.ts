/**
 * A server in a process of its own: started, run until a signal, stopped.
 *
 * @module
 */

import type { HostedServer } from "./server.ts";
import { onLogRotation, StopSignals } from "./signals.ts";

/**
 * Runs a server until SIGINT or SIGTERM; the second of them ends every wait, that for the start too. SIGUSR2 opens the
 * log files anew.
 *
 * Settles as the server's `finished`. When something had to be cut or given up the process ends a while later by itself.
 *
 * @param starting The start, which a second signal gives up.
 * @param loading What comes before it, if anything: modules that load, maybe for ever. The first signal gives that up.
 */
export async function runUntilSignal(
  starting: Promise<HostedServer>,
  loading: Promise<unknown> = Promise.resolve(),
): Promise<void> {
  using signals = new StopSignals();
  // Log files may be open already, and without a listener the signal would end the process.
  using _rotation = onLogRotation(() => starting.then((late) => late.reopenLogs(), () => {}));
  const server = await Promise.race([starting, signals.forced, requestedWhile(loading, signals)]);
  if (!server) {
    starting.then((late) => late.shutdown()).catch(() => {}); // it must not run on without an owner
    if (signals.isForced) exitLater(FORCED_EXIT_DELAY_MS);
    return;
  }
  signals.forced.then(() => server.force());
  await Promise.race([signals.requested, server.finished]);
  await server.shutdown();
  if (server.outcome !== "clean") {
    exitLater(signals.isForced ? FORCED_EXIT_DELAY_MS : EXIT_DELAY_MS);
  }
}

/** Settles with a first signal that comes before `loading` has settled; never, when none does. */
async function requestedWhile(loading: Promise<unknown>, signals: StopSignals): Promise<void> {
  const isLoaded = await Promise.race([loading.then(() => true), signals.requested]);
  if (isLoaded) await new Promise<never>(() => {});
}

/** Milliseconds a program has for its own cleaning up after a stop that had to cut something. */
const EXIT_DELAY_MS = 5_000;

/** The same after a second signal, when somebody does not want to wait. */
const FORCED_EXIT_DELAY_MS = 500;

/**
 * Sees to it that the process ends although something is left of what was cut: a handler that is still at work, or
 * a connection whose client does not read.
 *
 * Only where the signals were taken over, whose default is to end the process. The timer does not keep the process
 * alive; a program whose own cleaning up takes longer uses `start` or a `shutdownTrigger`.
 */
function exitLater(delayMs: number): void {
  Deno.unrefTimer(setTimeout(() => Deno.exit(), delayMs));
}
