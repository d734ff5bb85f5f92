/**
 * Serving: in this process, or in others that this one looks after.
 *
 * @module
 */

import type { LoadedApplication } from "../app/load.ts";
import type { ResolvedConfig } from "../config/mod.ts";
import { ConfigError } from "../errors.ts";
import { host } from "../server/host.ts";
import type { HostedServer } from "../server/server.ts";
import { runUntilSignal } from "../server/run.ts";
import { onUncaught } from "../server/uncaught.ts";
import { requireProcesses } from "../workers/deno_flags.ts";
import { type Job, loadJobApplication } from "../workers/job.ts";
import { writePidFile } from "../workers/pid_file.ts";
import { supervise } from "../workers/supervise.ts";

/** Serves a job until it is told to stop, and gives the exit code. */
export type Run = (job: Job, config: ResolvedConfig) => Promise<number>;

/** Said once where workers were not asked for and cannot be started. */
const NO_WORKER = "Serving in this process: a worker, which is restarted when it dies, " +
  "takes Deno's flags --allow-run and --allow-env";

/**
 * Serves in worker processes, or with `workers = 0` in this one.
 *
 * That one worker is the default does not make permissions necessary that a server has no other use for: without them
 * the server runs here, as long as nothing was asked for that needs a worker.
 *
 * @throws {ConfigError} When workers were asked for and Deno may not start processes.
 */
export async function run(job: Job, config: ResolvedConfig): Promise<number> {
  if (config.workers === 0) return await serveHere(job, config);
  const isAsked = config.workers > 1 || config.useReloader || "workers" in job.options;
  if (isAsked || canStartProcesses(config)) return await supervise(job, config);
  return await serveHere(job, config, NO_WORKER);
}

function canStartProcesses(config: ResolvedConfig): boolean {
  try {
    requireProcesses(config);
    return true;
  } catch (error) {
    if (error instanceof ConfigError) return false;
    throw error;
  }
}

async function serveHere(job: Job, config: ResolvedConfig, notice?: string): Promise<number> {
  using _pidFile = config.pidPath === null ? null : writePidFile(config.pidPath);
  using errors = new DisposableStack();
  let failed = false;
  const loading = loadJobApplication(job);
  const starting = start(loading, config, notice).then((server) => {
    const onFirst = () => {
      failed = true;
      server.shutdown().catch(() => {}); // `finished` has the error
    };
    // Given up meanwhile, it is stopped at once.
    if (!errors.disposed) errors.use(stopOnUncaught(server, onFirst));
    return server;
  });
  await runUntilSignal(starting, loading);
  return failed ? 1 : 0;
}

function stopOnUncaught({ log }: HostedServer, onFirst: () => void): Disposable {
  return onUncaught((text) => log.error(text), () => {
    log.error("Stopping: the application left an error uncaught");
    onFirst();
  });
}

async function start(
  loading: Promise<LoadedApplication>,
  config: ResolvedConfig,
  notice: string | undefined,
) {
  const { app, mode } = await loading;
  const server = await host(app, config, mode === undefined ? {} : { mode });
  if (notice !== undefined) server.log.info(notice);
  return server;
}
