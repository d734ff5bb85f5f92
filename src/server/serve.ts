/**
 * `serve`: start, wait for a reason to stop, stop.
 *
 * @module
 */

import { type Config, type ConfigInit, resolveConfig } from "../config/mod.ts";
import type { FetchFramework, Framework } from "../framework_types.ts";
import { onDeploy, serveOnDeploy } from "./deploy.ts";
import { runUntilSignal } from "./run.ts";
import { start, startHosted, type StartOptions } from "./start.ts";
import { type StopReasons, untilTold } from "./until_told.ts";

/** Options of {@link serve}. */
export interface ServeOptions extends StartOptions, StopReasons {}

/**
 * Serves an application until it is told to stop.
 *
 * Told by `shutdownTrigger` or `signal`; without either by SIGINT or SIGTERM, the second of which ends every wait, while
 * SIGUSR2 opens log files anew. The graceful stop lets what is in progress finish within `graceful_timeout` and is
 * described at {@link Server.shutdown}. An error that the application leaves uncaught, such as a rejection that nobody
 * handles, is the program's: Deno ends the process for it at once, unless the program listens to `unhandledrejection`
 * and `error`. The command line ends in order, and a worker is replaced.
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
  await runUntilSignal(startHosted(app, config, options));
}
