/**
 * Starting a server: configuration, application, listeners.
 *
 * @module
 */

import {
  type AdapterOptions,
  detectMode,
  type FetchFramework,
  type Framework,
  type Mode,
  normalise,
} from "../app/framework.ts";
import { type Config, type ConfigInit, resolveConfig, type ResolvedConfig } from "../config/mod.ts";
import { LifespanTimeoutError } from "../errors.ts";
import type { Application } from "../exchange.ts";
import { InFlight } from "../protocol/in_flight.ts";
import type { Bind } from "./listener.ts";
import { openLog, type ServerLog } from "./log.ts";
import { openListeners } from "./open_listeners.ts";
import { formName, logReporter } from "./reporter.ts";
import { RunningServer, type Server, stopApplication } from "./server.ts";
import { loadTls } from "./tls.ts";
import { within } from "./within.ts";

/** Who is told when the server accepts connections, as `task_status` of a nursery. */
export interface TaskStatus {
  /** Called once, when every listener accepts; `binds` are the real addresses. */
  started(binds: readonly Bind[]): void;
}

/** Options of {@link start}. */
export interface StartOptions {
  /** Form of the application; detected when absent. */
  readonly mode?: Mode;
  /** Told when every listener accepts. */
  readonly taskStatus?: TaskStatus;
  /** Runs before any listener is opened, within `startup_timeout`; a rejection stops the start. For applications without lifespan. */
  readonly startup?: () => unknown;
  /** Runs when all connections are done, within `shutdown_timeout`. For applications without lifespan. */
  readonly shutdown?: () => unknown;
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
export async function start(
  app: Framework,
  config?: Config | ConfigInit,
  options: StartOptions = {},
): Promise<Server> {
  const resolved = resolveConfig(config);
  const log = openLog(resolved);
  try {
    for (const warning of resolved.warnings) log.warn(warning);
    const mode = options.mode ?? detectMode(app);
    const application = withHooks(normalise(app, mode, adapterOptions(resolved, log)), options);
    const server = await startApplication(application, resolved, log, formName(mode));
    await announce(server, options.taskStatus);
    return server;
  } catch (error) {
    log.close();
    throw error;
  }
}

/** Tells the task status; when that throws the server must not stay behind. */
async function announce(server: RunningServer, taskStatus: TaskStatus | undefined): Promise<void> {
  try {
    taskStatus?.started(server.binds);
  } catch (error) {
    await server.shutdown().catch(() => {}); // the first error is the one that matters
    throw error;
  }
}

/** What the adapters need to know of the configuration. */
export function adapterOptions(config: ResolvedConfig, log: ServerLog): AdapterOptions {
  const { rootPath, maxAppQueueSize, wsgiMaxBodySize } = config;
  return { rootPath, maxAppQueueSize, wsgiMaxBodySize, multiprocess: false, log };
}

/** Runs the hooks of the options around the application's own; what was started is stopped, whatever fails. */
function withHooks(application: Application, { startup, shutdown }: StartOptions): Application {
  if (!startup && !shutdown) return application;
  return {
    ...application,
    async startup() {
      await application.startup?.();
      try {
        await startup?.();
      } catch (error) {
        await application.shutdown?.();
        throw error;
      }
    },
    async shutdown() {
      try {
        await shutdown?.();
      } finally {
        await application.shutdown?.();
      }
    },
  };
}

/**
 * Starts a server on a normalised application.
 *
 * @param form How the application is called in the log.
 */
export async function startApplication(
  application: Application,
  config: ResolvedConfig,
  log: ServerLog,
  form: string,
): Promise<RunningServer> {
  const tls = await loadTls(config, log);
  await startUp(application, config.startupTimeout);
  const inFlight = new InFlight();
  const reporter = logReporter(log, form);
  try {
    const listeners = await openListeners({
      application,
      config,
      tls,
      inFlight,
      reporter,
      log,
      observer: null,
      reusePort: false,
    });
    for (const { bind } of listeners) log.info(bannerOf(bind));
    return new RunningServer({ listeners, application, inFlight, config, log });
  } catch (error) {
    await stopApplication(application, config.shutdownTimeout).catch((reason) =>
      log.error(`The application could not be stopped after the failed start: ${reason}`)
    );
    throw error;
  }
}

/** The line that programs around a server wait for, which begins as Hypercorn's. */
function bannerOf({ url, versions }: Bind): string {
  return `Running on ${url} (${versions.includes("3") ? "HTTP/3, " : ""}CTRL + C to quit)`;
}

/**
 * Runs the application's `startup`.
 *
 * @throws {LifespanTimeoutError} After `seconds`; should it start later all the same, it is stopped again.
 */
export async function startUp(application: Application, seconds: number): Promise<void> {
  const started = application.startup?.();
  if (started === undefined || await within(started, seconds)) return;
  started.then(() => application.shutdown?.()).catch(() => {}); // nobody is left to be told
  throw new LifespanTimeoutError("startup", seconds);
}
