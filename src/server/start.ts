/**
 * `start`: a server that runs while the program goes on.
 *
 * @module
 */

import { type Config, type ConfigInit, resolveConfig, type ResolvedConfig } from "../config/mod.ts";
import type { FetchFramework, Framework, Mode } from "../framework_types.ts";
import type { Hooks } from "./hooks.ts";
import { host } from "./host.ts";
import type { Bind } from "./listener.ts";
import type { HostedServer, Server } from "./server.ts";

/** Who is told when the server accepts connections, as `task_status` of a nursery. */
export interface TaskStatus {
  /** Called once, when every listener accepts; `binds` are the real addresses. */
  started(binds: readonly Bind[]): void;
}

/** Options of {@link start}. */
export interface StartOptions extends Hooks {
  /** Form of the application; detected when absent. */
  readonly mode?: Mode;
  /** Told when every listener accepts. */
  readonly taskStatus?: TaskStatus;
}

/**
 * Starts a server and returns while it runs.
 *
 * The application's startup comes first, then all binds are opened; if one fails the others are closed and the
 * application is stopped again. No signal handler is installed.
 *
 * @param app The application: fetch, ASGI or WSGI form.
 * @param config A {@link Config} or its options; default: `127.0.0.1:8000`.
 * @throws {ConfigError} For an option that cannot be used, a certificate that cannot be read or does not match its key.
 * @throws {BindError} When an address cannot be bound.
 * @throws {LifespanError} When the application's startup failed, with its reason.
 * @throws {LifespanTimeoutError} When it took longer than `startup_timeout`.
 * @throws {TypeError} When `app` has no known form.
 *
 * @example
 * ```ts
 * import { start } from "jsr:@x/hypercorn";
 *
 * await using server = await start(() => new Response("Hello\n"), { bind: "127.0.0.1:0" });
 * const response = await fetch(server.binds[0]!.url);
 * console.log(await response.text());
 * ```
 */
export function start(
  app: FetchFramework, // first, so that the parameters of an inline handler have types
  config?: Config | ConfigInit,
  options?: StartOptions,
): Promise<Server>;
/** Starts a server on an application of any form, see the first signature. */
export function start(
  app: Framework,
  config?: Config | ConfigInit,
  options?: StartOptions,
): Promise<Server>;
export function start(
  app: Framework,
  config?: Config | ConfigInit,
  options?: StartOptions,
): Promise<Server> {
  return startHosted(app, config, options);
}

/** As {@link start}, for who runs the process as well. */
export async function startHosted(
  app: Framework,
  config?: Config | ConfigInit,
  options: StartOptions = {},
): Promise<HostedServer> {
  const resolved = resolveConfig(config);
  const server = await host(app, resolved, { ...options, notices: unusedOptions(resolved) });
  try {
    options.taskStatus?.started(server.binds);
  } catch (error) {
    await server.shutdown().catch(() => {}); // the first error is the one that matters
    throw error;
  }
  return server;
}

/** Sentences about options that concern the command line, which a program does not have. */
function unusedOptions(config: ResolvedConfig): string[] {
  const set: Record<string, boolean> = {
    workers: config.workers > 1,
    workerFlags: config.workerFlags.length > 0,
    useReloader: config.useReloader,
    reloadPaths: config.reloadPaths.length > 0,
    pidPath: config.pidPath !== null,
    applicationPath: config.applicationPath !== null,
  };
  return Object.keys(set).filter((name) => set[name]).map((name) =>
    `Option "${name}" has no effect on serve() and start(): it is for the command line`
  );
}
