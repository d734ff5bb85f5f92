/**
 * The program of a worker process: serves what its supervisor assigns until told to stop.
 *
 * An error that the application leaves uncaught stops it gracefully, with exit code 1.
 *
 * It ignores SIGINT and SIGHUP, which a terminal sends to the supervisor as well, and that decides. SIGTERM to a
 * worker alone stops it gracefully, and the supervisor starts another. It stops too when the supervisor is gone,
 * however that ended: a worker without one would hold the port for ever. While modules load a stop is immediate; once
 * the application starts, it may finish that first.
 *
 * @module
 */

import process from "node:process";
import type { LoadedApplication } from "../app/load.ts";
import type { ResolvedConfig } from "../config/mod.ts";
import { EMPTY_SNAPSHOT, type MetricsSnapshot } from "../metrics/mod.ts";
import { host } from "../server/host.ts";
import type { HostedServer } from "../server/server.ts";
import { onUncaught } from "../server/uncaught.ts";
import { assignBinds, chosenPorts } from "./assigned_binds.ts";
import { SYSTEM_CLOCK } from "./clock.ts";
import { describeFailure, type Failure } from "./failure.ts";
import { type Job, loadJobApplication, loadJobConfig } from "./job.ts";
import type { Assignment, Envelope, FromWorker, ToWorker } from "./messages.ts";

/** Where to find this program. That it is imported makes it part of what `deno cache` downloads. */
export const WORKER_URL: string = import.meta.url;

/** Seconds the supervisor has to answer the last word. */
const FAREWELL_SECONDS = 1;

/**
 * Milliseconds between looks whether the supervisor lives. Its end is told by the channel, but not when it left
 * messages unread: the channel then breaks with an error, of which Deno 2.9.6 tells nobody.
 */
const PARENT_LOOK_MS = 1_000;

/** A worker, seen from inside. */
class Worker {
  readonly #assigned = Promise.withResolvers<Assignment>();
  readonly #stop = Promise.withResolvers<{ readonly handover: boolean }>();
  readonly #mayExit = Promise.withResolvers<void>();
  #server: HostedServer | undefined;
  /** Log files may be open before the server is: while the application starts. */
  #reopenWanted = false;
  /** Whether the application left an error uncaught. */
  #failing = false;

  constructor() {
    process.on("message", (message: ToWorker) => this.#onMessage(message));
    this.#watchSupervisor();
    this.#listenToSignals();
  }

  /** Serves and stops; the exit code. */
  async run(): Promise<number> {
    let failure: Failure | null = null;
    try {
      await this.#serve(await this.#assigned.promise);
    } catch (error) {
      failure = describeFailure(error);
    }
    this.#send({ type: "bye", failure, snapshot: this.#snapshot() });
    await Promise.race([this.#mayExit.promise, SYSTEM_CLOCK.sleep(FAREWELL_SECONDS)]);
    return failure || this.#failing ? 1 : 0;
  }

  async #serve(assignment: Assignment): Promise<void> {
    // Modules may wait for ever, and while they load nothing has begun that would have to be ended.
    const stopped = this.#stop.promise.then(() => null);
    const loaded = await Promise.race([load(assignment.job), stopped]);
    if (loaded === null) return;
    const { configured, app, mode } = loaded;
    const server = await host(app, assignedConfig(configured, assignment), {
      ...(mode && { mode }),
      admin: false,
      reusePort: true,
      multiprocess: assignment.multiprocess,
      onRetire: (reason) => this.#send({ type: "retire", reason }),
    });
    this.#server = server;
    onUncaught((text) => server.log.error(text), () => this.#fail()); // until the process ends
    if (this.#reopenWanted) server.reopenLogs();
    this.#send({ type: "ready", ports: chosenPorts(configured, server.binds) });
    const how = await Promise.race([this.#stop.promise, server.finished]);
    await server.shutdown(how ?? { handover: false });
  }

  #onMessage(message: ToWorker): void {
    switch (message.type) {
      case "serve":
        return this.#assigned.resolve(message.assignment);
      case "stop":
        return this.#stop.resolve(message);
      case "force":
        return this.#force();
      case "reopenLogs":
        return this.#reopenLogs();
      case "metrics":
        if (this.#server) this.#send({ type: "metrics", snapshot: this.#snapshot() });
        return;
      case "exit":
        return this.#mayExit.resolve();
    }
  }

  #reopenLogs(): void {
    this.#reopenWanted = true;
    this.#server?.reopenLogs();
  }

  #force(): void {
    if (!this.#server) Deno.exit(1); // nothing was begun that had to be ended
    this.#stop.resolve({ handover: false });
    this.#server.force();
  }

  /** The supervisor starts another at once: how long what is in progress takes, nobody knows. */
  #fail(): void {
    this.#failing = true;
    this.#send({ type: "failing" });
    this.#stop.resolve({ handover: false });
  }

  #onOrphaned(): void {
    this.#assigned.reject(new Error("The supervisor ended before it assigned anything"));
    this.#mayExit.resolve();
    this.#stop.resolve({ handover: false });
  }

  #watchSupervisor(): void {
    process.on("disconnect", () => this.#onOrphaned());
    const parent = Deno.ppid;
    const looks = setInterval(() => {
      if (Deno.ppid === parent) return;
      clearInterval(looks);
      this.#onOrphaned();
    }, PARENT_LOOK_MS);
  }

  #listenToSignals(): void {
    const stop = () => this.#stop.resolve({ handover: false });
    if (Deno.build.os === "windows") {
      for (const signal of ["SIGINT", "SIGBREAK"] as const) {
        Deno.addSignalListener(signal, () => {});
      }
      return;
    }
    for (const signal of ["SIGINT", "SIGHUP"] as const) Deno.addSignalListener(signal, () => {});
    Deno.addSignalListener("SIGTERM", stop);
    Deno.addSignalListener("SIGUSR2", () => this.#reopenLogs());
  }

  #snapshot(): MetricsSnapshot {
    return this.#server?.metrics() ?? EMPTY_SNAPSHOT;
  }

  #send(message: FromWorker): void {
    if (!process.connected) return; // the supervisor is gone
    const envelope: Envelope = { hypercorn: message };
    process.send?.(envelope, undefined, undefined, () => {});
  }
}

/** Reads what there is to serve, and how. */
async function load(job: Job): Promise<LoadedApplication & { configured: ResolvedConfig }> {
  const configured = await loadJobConfig(job);
  return { configured, ...await loadJobApplication(job) };
}

/** The configuration with the addresses and the certificate of this worker. The supervisor tells the warnings, once for all. */
function assignedConfig(config: ResolvedConfig, assignment: Assignment): ResolvedConfig {
  // A reload may have put a real certificate in the place of the one for development, or none.
  const identity = config.devCertificate ? assignment.identity : null;
  const tls = identity && { devCertificate: false, certfile: identity.cert, keyfile: identity.key };
  return { ...config, ...tls, ...assignBinds(config, assignment), warnings: [] };
}

if (import.meta.main) Deno.exit(await new Worker().run());
