/**
 * `serve`: start, wait for a reason to stop, stop.
 *
 * @module
 */

import type { FetchFramework, Framework } from "../app/framework.ts";
import { type Config, type ConfigInit, resolveConfig } from "../config/mod.ts";
import { onDeploy, serveOnDeploy } from "./deploy.ts";
import type { RunningServer } from "./server.ts";
import { StopSignals } from "./signals.ts";
import { start, type StartOptions } from "./start.ts";
import { type StopReasons, untilTold } from "./until_told.ts";

/** Options of {@link serve}. */
export interface ServeOptions extends StartOptions, StopReasons {}

/**
 * Serves an application until it is told to stop.
 *
 * Told by `shutdownTrigger` or `signal`; without either by SIGINT or SIGTERM, the second of which ends every wait. The
 * graceful stop lets what is in progress finish within `graceful_timeout` and is described at {@link Server.shutdown}.
 *
 * @param app The application: fetch, ASGI or WSGI form.
 * @param config A {@link Config} or its options; default: `127.0.0.1:8000`.
 * @returns A promise that resolves when everything is closed, and rejects as {@link start} does, with what the trigger
 * rejected with, or when the application's stop failed.
 *
 * @example
 * ```ts
 * import { serve } from "jsr:@x/hypercorn";
 *
 * await serve(() => new Response("Hello\n"), { bind: "127.0.0.1:8000" });
 * ```
 */
export function serve(
  app: FetchFramework, // first, so that the parameters of an inline handler have types
  config?: Config | ConfigInit,
  options?: ServeOptions,
): Promise<void>;
/** Serves an application of any form, see the first signature. */
export function serve(
  app: Framework,
  config?: Config | ConfigInit,
  options?: ServeOptions,
): Promise<void>;
export async function serve(
  app: Framework,
  config?: Config | ConfigInit,
  options: ServeOptions = {},
): Promise<void> {
  if (onDeploy()) return await serveOnDeploy(app, config, options);
  if (options.signal?.aborted) return void resolveConfig(config); // a bad configuration is an error all the same
  if (options.shutdownTrigger || options.signal) {
    await using server = await start(app, config, options);
    return await untilTold(options, server.finished);
  }
  using signals = new StopSignals();
  const starting = start(app, config, options) as Promise<RunningServer>;
  const server = await Promise.race([starting, signals.forced]);
  if (!server) {
    starting.then((late) => late.shutdown()).catch(() => {}); // it must not run on without an owner
    throw new Error("Stopped by a second signal before the start was complete");
  }
  signals.forced.then(() => server.force());
  await Promise.race([signals.requested, server.finished]);
  await server.shutdown();
  if (server.outcome !== "clean") {
    exitLater(signals.isForced ? FORCED_EXIT_DELAY_MS : EXIT_DELAY_MS);
  }
}

/** Milliseconds a program has for its own cleaning up after a `serve` that had to cut something. */
const EXIT_DELAY_MS = 5_000;

/** The same after a second signal, when somebody does not want to wait. */
const FORCED_EXIT_DELAY_MS = 500;

/**
 * Sees to it that the process ends although something is left of what was cut: a handler that is still at work, or
 * a connection whose client does not read.
 *
 * Only where `serve` itself took the signals over, whose default is to end the process. The timer does not keep the
 * process alive; a program whose own cleaning up takes longer uses `start` or a `shutdownTrigger`.
 */
function exitLater(delayMs: number): void {
  Deno.unrefTimer(setTimeout(() => Deno.exit(), delayMs));
}
