/**
 * Running on Deno Deploy, where the platform owns sockets, signals and processes.
 *
 * @module
 */

import type { Framework, Mode } from "../app/framework.ts";
import { type Config, type ConfigInit, resolveConfig } from "../config/mod.ts";
import { openLog } from "./log.ts";
import { toFetchHandler } from "./fetch_handler.ts";

/** Says whether this process runs on Deno Deploy; asks for no permission to find out. */
export function onDeploy(): boolean {
  const { state } = Deno.permissions.querySync({ name: "env", variable: "DENO_DEPLOYMENT_ID" });
  return state === "granted" && Deno.env.has("DENO_DEPLOYMENT_ID");
}

/** Hands the application to the platform; binds, TLS and timeouts have no meaning there, which is logged once. */
export async function serveOnDeploy(
  app: Framework,
  config: Config | ConfigInit | undefined,
  mode: Mode | undefined,
): Promise<void> {
  const log = openLog(resolveConfig(config));
  if (config !== undefined) {
    log.warn(
      "On Deno Deploy the platform owns sockets, TLS and shutdown: those options are ignored",
    );
  }
  const handler = toFetchHandler(app, mode === undefined ? {} : { mode });
  await Deno.serve(handler as Deno.ServeHandler).finished;
}
