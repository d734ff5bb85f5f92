/**
 * One worker process as its supervisor sees it: started, ready, stopping, gone, each within a time.
 *
 * @module
 */

import type { ResolvedConfig } from "../config/mod.ts";
import type { MetricsSnapshot } from "../metrics/mod.ts";
import type { RetireReason } from "../server/retirement.ts";
import type { Clock } from "./clock.ts";
import { type Failure, failureText, plainFailure } from "./failure.ts";
import type { Assignment, ChosenPorts, FromWorker } from "./messages.ts";
import { describeExit, type Spawner, type WorkerExit, type WorkerProcess } from "./spawner.ts";

/** Seconds beyond `startup_timeout`: a process starts and loads its modules, maybe from the network. */
const START_MARGIN_SECONDS = 30;

/** Seconds after which an operator wants to know what a start waits for. */
const SLOW_START_SECONDS = 10;

/** Seconds beyond `graceful_timeout` and `shutdown_timeout`: what was cut gets a while to end. */
const STOP_MARGIN_SECONDS = 5;

/** Seconds between "at once" and SIGKILL. */
const FORCE_SECONDS = 0.5;

/** Seconds a worker has to tell its metrics. */
const METRICS_SECONDS = 1;

/** How a start went. */
export type StartOutcome =
  | { readonly ok: true; readonly ports: ChosenPorts }
  | { readonly ok: false; readonly failure: Failure };

/** The times that a worker has. */
export type WorkerTimes = Pick<
  ResolvedConfig,
  "startupTimeout" | "gracefulTimeout" | "shutdownTimeout"
>;

/** What a worker is started with. */
export interface WorkerOptions {
  /** Starts the process. */
  readonly spawner: Spawner;
  /** What it is to serve. */
  readonly assignment: Assignment;
  /** Its times. */
  readonly times: WorkerTimes;
  /** The time. */
  readonly clock: Clock;
  /** Where to tell what it did not tell itself. */
  readonly log: { error(message: string): void; warn(message: string): void };
  /** It reached a limit and wants to be replaced. */
  readonly onRetire: (reason: RetireReason) => void;
  /** It stops by itself, for its application left an error uncaught. */
  readonly onFailing: () => void;
}

/** A worker process. */
export class SupervisedWorker {
  /** Settles when it accepts connections, or has ended before it did. */
  readonly started: Promise<StartOutcome>;
  /** Settles when it has ended. */
  readonly exited: Promise<WorkerExit>;
  /** What is added to its UDP ports. */
  readonly portOffset: number;
  readonly #options: WorkerOptions;
  readonly #process: WorkerProcess;
  readonly #started = Promise.withResolvers<StartOutcome>();
  readonly #exited = Promise.withResolvers<WorkerExit>();
  #state: "starting" | "ready" | "stopping" | "gone" = "starting";
  #served = false;
  #failing = false;
  #deadline = new AbortController();
  #killedFor: string | null = null;
  #readyAt = 0;
  #retireReason: RetireReason | null = null;
  #failure: Failure | null = null;
  #lastSnapshot: MetricsSnapshot | null = null;
  #snapshotWanted: PromiseWithResolvers<void> | null = null;

  /** Starts the process. */
  constructor(options: WorkerOptions) {
    this.#options = options;
    this.started = this.#started.promise;
    this.exited = this.#exited.promise;
    this.portOffset = options.assignment.portOffset;
    this.#process = options.spawner.spawn({
      onMessage: (message) => this.#onMessage(message),
      onExit: (exit) => this.#onExit(exit),
    });
    this.#process.send({ type: "serve", assignment: options.assignment });
    const { startupTimeout } = options.times;
    this.#killAfter(startupTimeout + START_MARGIN_SECONDS, "it was not ready");
    this.#warnWhenSlow();
  }

  /** Process id. */
  get pid(): number {
    return this.#process.pid;
  }

  /** Whether it accepts connections and was not told to stop. */
  get isReady(): boolean {
    return this.#state === "ready";
  }

  /** Seconds since it became ready. */
  get age(): number {
    return this.#options.clock.now() - this.#readyAt;
  }

  /** What it counted, as far as it is known; complete once it has ended by itself. */
  get lastSnapshot(): MetricsSnapshot | null {
    return this.#lastSnapshot;
  }

  /** Whether the supervisor ended it because it took too long. */
  get wasStuck(): boolean {
    return this.#killedFor !== null;
  }

  /** Whether it began to stop by itself, for an error that was told; how it ends is no news then. */
  get isFailing(): boolean {
    return this.#failing;
  }

  /** Asks it to stop gracefully; kills it when that takes longer than its times allow. */
  stop(options: { readonly handover: boolean }): void {
    if (this.#state === "gone" || this.#state === "stopping") return;
    this.#process.send({ type: "stop", handover: options.handover });
    this.#noteStop();
  }

  #noteStop(): void {
    this.#state = "stopping";
    const { gracefulTimeout, shutdownTimeout } = this.#options.times;
    const seconds = gracefulTimeout + shutdownTimeout + STOP_MARGIN_SECONDS;
    this.#killAfter(seconds, "it did not stop");
  }

  /** Ends it at once: it gets half a second to do so itself. */
  async force(): Promise<void> {
    if (this.#state === "gone") return;
    this.#state = "stopping";
    const signal = this.#restartDeadline();
    this.#process.send({ type: "force" });
    if (await this.#options.clock.sleep(FORCE_SECONDS, signal)) this.#process.kill();
  }

  /** Asks it to open its log files anew. */
  reopenLogs(): void {
    this.#process.send({ type: "reopenLogs" });
  }

  /** What it has counted by now, or the last that is known when it does not answer; `null` when it never did. */
  async metrics(): Promise<MetricsSnapshot | null> {
    if (this.#state === "gone" || this.#state === "starting") return this.#lastSnapshot;
    if (!this.#snapshotWanted) {
      this.#snapshotWanted = Promise.withResolvers();
      this.#process.send({ type: "metrics" });
    }
    const answered = new AbortController();
    const late = this.#options.clock.sleep(METRICS_SECONDS, answered.signal);
    await Promise.race([this.#snapshotWanted.promise, late]);
    answered.abort();
    return this.#lastSnapshot;
  }

  #onMessage(message: FromWorker): void {
    switch (message.type) {
      case "ready":
        return this.#onReady(message.ports);
      case "retire":
        this.#retireReason = message.reason;
        return this.#askToRetire();
      case "failing":
        // Told to stop already. It is never "starting": a worker begins to listen for uncaught errors in the turn in
        // which it says "ready".
        if (!this.isReady) return;
        this.#failing = true;
        this.#noteStop();
        return this.#options.onFailing();
      case "metrics":
        return this.#noteSnapshot(message.snapshot);
      case "bye":
        this.#failure = message.failure;
        this.#noteSnapshot(message.snapshot);
        this.#process.send({ type: "exit" });
    }
  }

  #onReady(ports: ChosenPorts): void {
    if (this.#state === "starting") {
      this.#state = "ready";
      this.#deadline.abort();
    }
    this.#served = true;
    this.#readyAt = this.#options.clock.now();
    this.#askToRetire();
    this.#started.resolve({ ok: true, ports }); // also when a stop came meanwhile: its own deadline runs
  }

  /** A limit may be reached while the application starts; it counts when the worker can be replaced. */
  #askToRetire(): void {
    if (this.isReady && this.#retireReason) this.#options.onRetire(this.#retireReason);
  }

  #onExit(exit: WorkerExit): void {
    this.#state = "gone";
    this.#deadline.abort();
    this.#snapshotWanted?.resolve();
    // A failed start is told by who started it; what comes later only here.
    if (this.#served && this.#failure) {
      this.#options.log.error(`Worker ${this.pid} failed: ${failureText(this.#failure)}`);
    }
    this.#started.resolve({ ok: false, failure: this.#failure ?? this.#silentEnd(exit) });
    this.#exited.resolve(exit);
  }

  #noteSnapshot(snapshot: MetricsSnapshot): void {
    this.#lastSnapshot = snapshot;
    this.#snapshotWanted?.resolve();
    this.#snapshotWanted = null;
  }

  /** The failure of a worker that could not say what went wrong. */
  #silentEnd(exit: WorkerExit): Failure {
    if (exit.unborn) return plainFailure(`A worker could not be started: ${exit.unborn}`);
    const reason = this.#killedFor ?? `it ended ${describeExit(exit)}`;
    return plainFailure(`Worker ${this.pid} could not start: ${reason}`);
  }

  async #killAfter(seconds: number, what: string): Promise<void> {
    const signal = this.#restartDeadline();
    if (!await this.#options.clock.sleep(seconds, signal)) return;
    this.#killedFor = `${what} within ${seconds} s and was killed`;
    if (this.#state === "stopping") {
      this.#options.log.error(`Worker ${this.pid}: ${this.#killedFor}`);
    }
    this.#process.kill();
  }

  async #warnWhenSlow(): Promise<void> {
    const { clock, log } = this.#options;
    if (!await clock.sleep(SLOW_START_SECONDS, this.#deadline.signal)) return;
    log.warn(
      `Worker ${this.pid} is not ready after ${SLOW_START_SECONDS} s: its application is still loading or starting. ` +
        "A module that awaits serve() never ends loading: export the application instead",
    );
  }

  /** Ends the deadline that runs; the signal of the next. */
  #restartDeadline(): AbortSignal {
    this.#deadline.abort();
    this.#deadline = new AbortController();
    return this.#deadline.signal;
  }
}
