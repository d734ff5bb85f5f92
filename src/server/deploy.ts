/**
 * Running on Deno Deploy, where the platform owns sockets, signals and processes.
 *
 * @module
 */

import { type Config, type ConfigInit, resolveConfig } from "../config/mod.ts";
import type { Framework } from "../framework_types.ts";
import { openLog } from "./log.ts";
import { fetchHandler } from "./fetch_handler.ts";
import type { ServeOptions } from "./serve.ts";
import { untilTold } from "./until_told.ts";

/** Says whether this process runs on Deno Deploy; asks for no permission to find out. */
export function onDeploy(): boolean {
  const { state } = Deno.permissions.querySync({ name: "env", variable: "DENO_DEPLOYMENT_ID" });
  return state === "granted" && Deno.env.has("DENO_DEPLOYMENT_ID");
}

/**
 * Hands the application to the platform.
 *
 * Hooks, trigger and signal act as elsewhere. Binds, TLS and timeouts have no meaning there, access logs and metrics are
 * the platform's, and it does not tell `taskStatus` where it listens: all of which is logged once.
 */
export async function serveOnDeploy(
  app: Framework,
  config: Config | ConfigInit | undefined,
  options: ServeOptions,
): Promise<void> {
  const resolved = resolveConfig(config);
  const log = openLog(resolved);
  if (config !== undefined || options.taskStatus) {
    log.warn(
      "On Deno Deploy the platform owns sockets, TLS, shutdown, access logs and metrics: those options are ignored",
    );
  }
  await options.startup?.();
  try {
    const handler = fetchHandler(app, options.mode, resolved, log);
    const server = Deno.serve(handler as Deno.ServeHandler);
    await untilTold(options, server.finished);
    await server.shutdown();
  } finally {
    await options.shutdown?.();
  }
}
