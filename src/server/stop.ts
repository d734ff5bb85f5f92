/**
 * The graceful stop: every step is bounded, so it always ends.
 *
 * 1. WebSockets are closed with 1001, responses announce `connection: close`, new uploads get 503.
 * 2. Uploads in progress and close handshakes finish; the runtime's `shutdown()` would cut them (deno-runtime.md A8).
 * 3. `shutdown()`: no new connections, idle ones are closed, responses in progress finish.
 * 4. At the deadline (`graceful_timeout`) what is left is cut.
 *
 * A client that never reads its response keeps a connection of the runtime open that nothing can close any more;
 * then the result says so, and the caller decides.
 *
 * @module
 */

import { DisconnectError } from "../errors.ts";
import type { InFlight } from "../protocol/in_flight.ts";
import type { OpenListener } from "./listener.ts";
import type { ServerLog } from "./log.ts";
import { within } from "./within.ts";

/** Seconds the runtime gets to close its connections after everything was cut. */
const AFTER_CUT_SECONDS = 1;

/** What to stop, and within what. */
export interface StopOptions {
  /** Listeners to close. */
  readonly listeners: readonly OpenListener[];
  /** What they are doing. */
  readonly inFlight: InFlight;
  /** Seconds for everything in progress to finish. */
  readonly gracefulTimeout: number;
  /** Aborts when the operator does not want to wait any longer. */
  readonly force: AbortSignal;
  /** Where to say what was cut. */
  readonly log: ServerLog;
}

/** @returns `false` when connections are left that the runtime cannot close. */
export async function stopListeners(options: StopOptions): Promise<boolean> {
  const { listeners, inFlight, gracefulTimeout, force } = options;
  const started = performance.now();
  inFlight.drain(1001);
  const interruptible = () => inFlight.uploads === 0 && inFlight.sockets === 0;
  if (!await within(inFlight.until(interruptible), gracefulTimeout, force)) {
    return await abortListeners(options);
  }
  const closed = Promise.all([
    ...listeners.map((listener) => listener.shutdown()),
    inFlight.until(() => inFlight.requests === 0),
  ]);
  const left = Math.max(0, gracefulTimeout - (performance.now() - started) / 1000);
  if (await within(closed, left, force)) return true;
  cut(options);
  return await within(closed, AFTER_CUT_SECONDS);
}

/** The forced stop while `shutdown()` was not called yet: the runtime then cuts every connection. */
async function abortListeners(options: StopOptions): Promise<boolean> {
  cut(options);
  for (const listener of options.listeners) listener.abort();
  const finished = Promise.allSettled(options.listeners.map((listener) => listener.finished));
  return await within(finished, AFTER_CUT_SECONDS);
}

function cut({ inFlight, log }: StopOptions): void {
  const { requests, sockets } = inFlight;
  log.warn(
    `Graceful timeout: cutting ${requests} unfinished requests and ${sockets} open WebSockets`,
  );
  inFlight.cut(new DisconnectError("The server is shutting down"));
}
