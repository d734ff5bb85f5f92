/**
 * Running workers: the supervisor with processes, signals, files and addresses.
 *
 * | Signal | Effect |
 * | --- | --- |
 * | SIGTERM, SIGINT | all workers stop gracefully, at once; the second one ends them |
 * | SIGHUP | the workers are replaced one by one, with the configuration read anew |
 * | SIGUSR2 | log files are opened anew |
 *
 * The log, the pid file, the reloader and the operators' addresses are the supervisor's: they stay as they were at
 * the start. So do the settings of a module given as configuration (`ts:`) as far as the supervisor uses them.
 *
 * @module
 */

import type { ResolvedConfig } from "../config/mod.ts";
import { formatPrometheus } from "../metrics/mod.ts";
import { openConfiguredAdmin } from "../server/admin.ts";
import { openLog, type ServerLog } from "../server/log.ts";
import { onLogRotation, StopSignals } from "../server/signals.ts";
import { loadTls } from "../server/tls.ts";
import { SYSTEM_CLOCK } from "./clock.ts";
import { missingFlagsNotice, requireProcesses, workerFlags } from "./deno_flags.ts";
import { forkSpawner } from "./fork.ts";
import { type Job, loadJobConfig } from "./job.ts";
import { writePidFile } from "./pid_file.ts";
import { noticesOf, planOf, refuseTakenAddresses } from "./plan.ts";
import { withProjectConfig } from "./project_config.ts";
import { Supervisor } from "./supervisor.ts";
import { FileWatch } from "./watch.ts";
import { applicationFile, findTargets } from "./watch_targets.ts";
import { WORKER_URL } from "./worker.ts";

/**
 * Serves a job with `config.workers` processes until a signal stops them.
 *
 * @returns The exit code: 0 after a stop by signal, also when requests had to be cut; else that of a worker that
 * failed, or 1.
 * @throws {ConfigError} When there is no permission to start processes, or the pid file cannot be written.
 * @throws {BindError} When another program has an address.
 * @throws {Error} What kept a worker from starting, by the name of the worker's error and with its members.
 */
export async function supervise(job: Job, config: ResolvedConfig): Promise<number> {
  using signals = new StopSignals();
  requireProcesses(config);
  const plan = planOf(config);
  const ports = new Set<number>();
  refuseTakenAddresses(config, ports);
  using _pidFile = config.pidPath === null ? null : writePidFile(config.pidPath);
  const log = openLog(config);
  try {
    for (const notice of noticesOf(config)) log.warn(notice);
    const missing = missingFlagsNotice(config);
    if (missing !== null) log.info(missing);
    const supervisor = new Supervisor({
      job,
      identity: config.devCertificate ? await loadTls(config, log) : null,
      plan,
      reread: async () => {
        const changed = await loadJobConfig(job);
        const plan = planOf(changed);
        refuseTakenAddresses(changed, ports);
        return plan;
      },
      spawner: forkSpawner(WORKER_URL, flagsFor(job, config)),
      clock: SYSTEM_CLOCK,
      log,
    });
    signals.requested.then(() => {
      log.info("Stopping");
      supervisor.stop();
    });
    signals.forced.then(() => supervisor.force());
    return await run(supervisor, job, config, log);
  } finally {
    log.close();
  }
}

/** Everything that lives as long as the workers. */
async function run(
  supervisor: Supervisor,
  job: Job,
  config: ResolvedConfig,
  log: ServerLog,
): Promise<number> {
  using _reload = onReloadSignal(() => {
    log.info("Reloading: SIGHUP");
    supervisor.reload();
  });
  using _rotation = onLogRotation(() => {
    log.reopen();
    supervisor.reopenLogs();
  });
  await using _admin = await openAdminOf(supervisor, config, log);
  if (await supervisor.start()) log.info(`Supervising ${counted(config.workers)}`);
  await using _watch = config.useReloader ? watch(supervisor, job, config, log) : null;
  return await supervisor.finished;
}

function counted(workers: number): string {
  return workers === 1 ? "1 worker" : `${workers} workers`;
}

/** Calls `reload` for every SIGHUP, which Windows does not have, until disposed. */
function onReloadSignal(reload: () => void): Disposable | null {
  if (Deno.build.os === "windows") return null;
  Deno.addSignalListener("SIGHUP", reload);
  return { [Symbol.dispose]: () => Deno.removeSignalListener("SIGHUP", reload) };
}

async function openAdminOf(
  supervisor: Supervisor,
  config: ResolvedConfig,
  log: ServerLog,
): Promise<AsyncDisposable | null> {
  const admin = await openConfiguredAdmin(config, {
    async metrics() {
      const snapshot = await supervisor.metrics();
      const { workers, restarts } = supervisor;
      return formatPrometheus(snapshot, { workers, workerRestarts: restarts });
    },
    ready: () => supervisor.ready,
    log,
  });
  return admin ? { [Symbol.asyncDispose]: () => admin.close() } : null;
}

function watch(
  supervisor: Supervisor,
  job: Job,
  config: ResolvedConfig,
  log: ServerLog,
): FileWatch {
  return new FileWatch({
    findTargets: () => findTargets(job, config),
    onWatching: () => log.info("Watching files: a change replaces the workers"),
    onChange([first, ...others]) {
      const more = others.length === 0 ? "" : ` and ${others.length} more`;
      log.info(`Reloading: "${first}"${more} changed`);
      supervisor.reload();
    },
  });
}

/** Flags of `deno run` for workers. */
function flagsFor(job: Job, config: ResolvedConfig): string[] {
  return withProjectConfig(workerFlags(config), WORKER_URL, applicationFile(job.application));
}
