/**
 * A server as a process runs it: what `start` gives to programs, a worker to its supervisor, and the command line to
 * the terminal.
 *
 * @module
 */

import { type AdapterOptions, detectMode, normalise } from "../app/framework.ts";
import type { ResolvedConfig } from "../config/mod.ts";
import { LifespanTimeoutError } from "../errors.ts";
import type { Application } from "../exchange.ts";
import type { Framework, Mode } from "../framework_types.ts";
import { formatPrometheus } from "../metrics/mod.ts";
import { InFlight } from "../protocol/in_flight.ts";
import { type Admin, openConfiguredAdmin } from "./admin.ts";
import { type Instruments, openInstruments } from "./instruments.ts";
import { type Hooks, withHooks } from "./hooks.ts";
import type { OpenListener } from "./listener.ts";
import type { ServerLog } from "./log.ts";
import { openListeners } from "./open_listeners.ts";
import { formName, logReporter } from "./reporter.ts";
import type { RetireReason } from "./retirement.ts";
import { type HostedServer, RunningServer, stopApplication } from "./server.ts";
import { loadTls } from "./tls.ts";
import { within } from "./within.ts";

/** What the process around a server knows, beyond application and configuration. */
export interface HostOptions extends Hooks {
  /** Form of the application; detected when absent. */
  readonly mode?: Mode;
  /** Whether other processes listen on the same addresses. Default `false`. */
  readonly reusePort?: boolean;
  /** Whether `adminBind` is opened in this process; workers leave it to their supervisor. Default `true`. */
  readonly admin?: boolean;
  /** Whether applications are told that other processes serve the same (WSGI's `wsgi.multiprocess`). Default `false`. */
  readonly multiprocess?: boolean;
  /** A limit of this process was reached, once. Default: the server stops. */
  readonly onRetire?: (reason: RetireReason) => void;
  /** Sentences for the log besides the configuration's own warnings. */
  readonly notices?: readonly string[];
}

/**
 * Starts a server on an application of any form.
 *
 * @throws As `start`.
 */
export async function host(
  app: Framework,
  config: ResolvedConfig,
  options: HostOptions = {},
): Promise<HostedServer> {
  const running = Promise.withResolvers<RunningServer>();
  const retire = options.onRetire ?? ((reason) => void stopFor(reason, running.promise));
  const instruments = openInstruments(config, retire);
  const { log } = instruments;
  let server: RunningServer | undefined;
  let admin: Admin | undefined;
  try {
    for (const warning of [...config.warnings, ...options.notices ?? []]) log.warn(warning);
    const mode = options.mode ?? detectMode(app);
    const adapter = adapterOptions(config, log, options.multiprocess);
    const application = withHooks(normalise(app, mode, adapter), options);
    if (options.admin ?? true) {
      const metrics = () => formatPrometheus(instruments.snapshot());
      const ready = () => server?.ready ?? false;
      // Before the application, so that probes see a server that is alive and not ready.
      admin = await openConfiguredAdmin(config, { metrics, ready, log });
    }
    const startup = {
      application,
      config,
      instruments,
      admin,
      reusePort: options.reusePort ?? false,
    };
    server = await startApplication({ ...startup, form: formName(mode) });
    running.resolve(server);
    return server;
  } catch (error) {
    await admin?.close();
    await instruments.close();
    throw error;
  }
}

/** Stops a server that reached a limit. Not before the request that did so has begun, which would be refused else. */
async function stopFor(reason: RetireReason, running: Promise<RunningServer>): Promise<void> {
  const server = await running;
  server.log.info(`Stopping: ${reason} was reached`);
  await server.shutdown().catch(() => {}); // `finished` has the error
}

/** What the adapters need to know of the configuration. */
export function adapterOptions(
  config: ResolvedConfig,
  log: ServerLog,
  multiprocess = false,
): AdapterOptions {
  const { rootPath, maxAppQueueSize, wsgiMaxBodySize } = config;
  return { rootPath, maxAppQueueSize, wsgiMaxBodySize, multiprocess, log };
}

/** What a server starts from. */
export interface Startup {
  /** The application, normalised. */
  readonly application: Application;
  /** The configuration. */
  readonly config: ResolvedConfig;
  /** Who keeps count; closed by the server. */
  readonly instruments: Instruments;
  /** The operators' pages; closed by the server. */
  readonly admin?: Admin | undefined;
  /** Whether other processes listen on the same addresses. Default `false`. */
  readonly reusePort?: boolean;
  /** How the application is called in the log. */
  readonly form: string;
}

/** Starts a server on a normalised application. */
export async function startApplication(startup: Startup): Promise<RunningServer> {
  const { application, config, instruments, reusePort = false, form } = startup;
  const { log, observer } = instruments;
  const tls = await loadTls(config, log);
  if (tls) instruments.noteCertificate(tls.cert);
  await startUp(application, config.startupTimeout);
  const inFlight = new InFlight();
  const reporter = logReporter(log, form);
  let listeners: OpenListener[];
  try {
    const shared = { application, config, tls, inFlight, reporter, observer, reusePort, log };
    listeners = await openListeners(shared);
  } catch (error) {
    await stopApplication(application, config.shutdownTimeout).catch((reason) =>
      log.error(`The application could not be stopped after the failed start: ${reason}`)
    );
    throw error;
  }
  for (const listener of listeners) log.info(bannerOf(listener));
  return new RunningServer({ ...startup, listeners, inFlight });
}

/** The line that programs around a server wait for, which begins as Hypercorn's. */
function bannerOf({ bind: { url, versions }, guarded }: OpenListener): string {
  const kind = versions.includes("3") ? "HTTP/3, " : guarded ? "guarded, " : "";
  return `Running on ${url} (${kind}CTRL + C to quit)`;
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
