/**
 * `serve`: start, wait for a reason to stop, stop.
 *
 * @module
 */

import type { FetchFramework, Framework } from "../app/framework.ts";
import type { Config, ConfigInit } from "../config/mod.ts";
import { onDeploy, serveOnDeploy } from "./deploy.ts";
import type { RunningServer } from "./server.ts";
import { StopSignals } from "./signals.ts";
import { start, type StartOptions } from "./start.ts";

/** Options of {@link serve}. */
export interface ServeOptions extends StartOptions {
  /**
   * Called once when the server runs; when its promise settles the server stops gracefully. A rejection does the same
   * and then rejects `serve`. No signal handler is installed when it is given.
   */
  readonly shutdownTrigger?: () => Promise<unknown>;
  /** Stops the server gracefully when it aborts. No signal handler is installed when it is given. */
  readonly signal?: AbortSignal;
}

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
  if (onDeploy()) return await serveOnDeploy(app, config, options.mode);
  if (options.signal?.aborted) return;
  if (options.shutdownTrigger || options.signal) {
    return await serveUntilTold(app, config, options);
  }
  using signals = new StopSignals();
  const starting = start(app, config, options) as Promise<RunningServer>;
  const forced = signals.forced.then(() => undefined);
  const server = await Promise.race([starting, forced]);
  if (server === undefined) {
    throw new Error("Stopped by a second signal before the start was complete");
  }
  signals.forced.then(() => server.force());
  await Promise.race([signals.requested, server.finished]);
  await server.shutdown();
  if (server.outcome !== "clean") exitSoon();
}

async function serveUntilTold(
  app: Framework,
  config: Config | ConfigInit | undefined,
  options: ServeOptions,
): Promise<void> {
  const { signal, shutdownTrigger } = options;
  const aborted = Promise.withResolvers<void>();
  const onAbort = () => aborted.resolve();
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    await using server = await start(app, config, options);
    const reasons: Promise<unknown>[] = [server.finished, aborted.promise];
    if (shutdownTrigger) reasons.push(shutdownTrigger());
    await Promise.race(reasons);
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}

/** Milliseconds a program has for its own cleaning up after a `serve` that had to cut something. */
const EXIT_DELAY_MS = 2_000;

/**
 * Ends the process although something is left of what was cut: a handler that is still at work, or a connection
 * whose client does not read.
 *
 * Only where `serve` itself took the signals over, whose default is to end the process. The timer fires only if
 * something keeps the process alive that long.
 */
function exitSoon(): void {
  Deno.unrefTimer(setTimeout(() => Deno.exit(), EXIT_DELAY_MS));
}
