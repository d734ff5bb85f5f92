/**
 * The graceful stop: every step is bounded, so it always ends.
 *
 * 0. In a handover, when another process accepts on the same addresses already: WebSockets are closed with 1012,
 *    HTTP/1 responses announce `connection: close`, HTTP/3 connections get GOAWAY, everything is served. Clients come
 *    back to the other process, so that the steps below find next to nobody; a moment without uploads is waited for.
 * 1. WebSockets are closed with 1001, HTTP/1 responses announce `connection: close`, HTTP/3 connections get GOAWAY, and
 *    new uploads 503.
 * 2. Uploads in progress finish, and close handshakes within half of the time; the runtime's `shutdown()` would cut
 *    both, so the listeners still accept until then.
 * 3. `shutdown()`: no new connections, idle ones are closed, responses in progress finish.
 * 4. At the deadline (`graceful_timeout`) what is left is cut.
 *
 * A client that never reads its response keeps a connection of the runtime open that nothing can close any more;
 * then the outcome is "stuck", and the caller decides.
 *
 * @module
 */

import { delay } from "@std/async/delay";
import { ShutdownError } from "../errors.ts";
import type { InFlight } from "../protocol/in_flight.ts";
import type { OpenListener } from "./listener.ts";
import type { ServerLog } from "./log.ts";
import { within } from "./within.ts";

/** Seconds that connections get to close after everything was cut, and again after they were told to close at once. */
const AFTER_CUT_SECONDS = 1;

/** What to stop, and within what. */
export interface StopOptions {
  /** Listeners to close. */
  readonly listeners: readonly OpenListener[];
  /** What they are doing. */
  readonly inFlight: InFlight;
  /** Seconds for everything in progress to finish. */
  readonly gracefulTimeout: number;
  /** Whether another process accepts on the same addresses already. */
  readonly handover?: boolean;
  /** Aborts when the operator does not want to wait any longer. */
  readonly force: AbortSignal;
  /** Where to say what was cut. */
  readonly log: ServerLog;
}

/** How a stop went: everything ended by itself, something was cut, or connections are left that nothing can close. */
export type StopOutcome = "clean" | "cut" | "stuck";

/** Stops listeners gracefully. */
export async function stopListeners(options: StopOptions): Promise<StopOutcome> {
  const { listeners, inFlight, gracefulTimeout, force } = options;
  const started = performance.now();
  if (options.handover) await letClientsGo(options);
  inFlight.drain();
  for (const listener of listeners) listener.goaway();
  const handshakes = closeSockets(options);
  const uploaded = await within(
    inFlight.until(() => inFlight.uploads === 0),
    gracefulTimeout,
    force,
  );
  await handshakes;
  if (!uploaded) return await abortListeners(options);
  const closed = Promise.all([
    ...listeners.map((listener) => listener.shutdown()),
    inFlight.until(() => inFlight.requests === 0),
  ]);
  const left = Math.max(0, gracefulTimeout - (performance.now() - started) / 1000);
  if (await within(closed, left, force)) return "clean";
  cut(options);
  if (await within(closed, AFTER_CUT_SECONDS)) return "cut";
  for (const listener of listeners) listener.abort();
  return await within(closed, AFTER_CUT_SECONDS) ? "cut" : "stuck";
}

/**
 * Seconds in which clients of a handover learn to come back elsewhere. A listener of the runtime can only be closed
 * together with its connections, and one of those may just be carrying the next request.
 */
const HANDOVER_SECONDS = 1;

/**
 * Turns of the event loop before a listener is closed. What the system has queued for it would be reset; whatever came
 * while this process waited for a processor is accepted, read and answered in them.
 */
const LAST_TURNS = 5;

/** Has clients leave by themselves, which costs none of them a request. */
async function letClientsGo(options: StopOptions): Promise<void> {
  const { listeners, inFlight, gracefulTimeout, force } = options;
  inFlight.leave(1012);
  for (const listener of listeners) listener.goaway();
  const seconds = Math.min(HANDOVER_SECONDS, gracefulTimeout / 2);
  await delay(seconds * 1000, { signal: force }).catch(() => {}); // forced: no more patience
  for (let turn = 0; turn < LAST_TURNS; turn++) await delay(0);
  await within(inFlight.until(() => inFlight.uploads === 0), gracefulTimeout / 2, force);
}

/** Waits for the peers' Close frames. One that is silent must not keep the listeners open until the deadline. */
async function closeSockets({ inFlight, gracefulTimeout, force, log }: StopOptions): Promise<void> {
  if (await within(inFlight.until(() => inFlight.sockets === 0), gracefulTimeout / 2, force)) {
    return;
  }
  log.warn(`Cutting ${inFlight.sockets} WebSockets whose clients do not answer the close`);
  inFlight.cutSockets(REASON);
}

const REASON = new ShutdownError();

/** The forced stop while `shutdown()` was not called yet: the runtime then cuts every connection. */
async function abortListeners(options: StopOptions): Promise<StopOutcome> {
  cut(options);
  for (const listener of options.listeners) listener.abort();
  const finished = Promise.allSettled(options.listeners.map((listener) => listener.finished));
  return await within(finished, AFTER_CUT_SECONDS) ? "cut" : "stuck";
}

function cut({ inFlight, log }: StopOptions): void {
  const left = describeLeft(inFlight);
  if (left !== "") log.warn(`Graceful timeout: cutting ${left}`);
  inFlight.cut(REASON);
}

/** What is to be cut; `""` when only connections are left that their clients do not close. */
function describeLeft({ requests, sessions }: InFlight): string {
  const parts: string[] = [];
  if (requests > sessions) parts.push(`${requests - sessions} unfinished requests`);
  if (sessions > 0) parts.push(`${sessions} WebTransport sessions`);
  return parts.join(" and ");
}
