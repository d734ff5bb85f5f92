/**
 * The supervisor: keeps a number of workers running, replaces and stops them.
 *
 * Each worker has a place. A place is empty while its worker is restarted, and has two workers for a moment when one
 * is replaced: the new one accepts connections before the old one stops. Replacements, for a reload or because a
 * worker reached a limit, happen one after another; restarts of workers that ended by themselves whenever they are
 * due. Whatever begins at a place takes it over from what was in progress there (`turn`).
 *
 * It knows neither processes nor time, but their ports `Spawner` and `Clock`.
 *
 * @module
 */

import type { MetricsSnapshot } from "../metrics/mod.ts";
import type { RetireReason } from "../server/retirement.ts";
import { failureText, reviveFailure } from "./failure.ts";
import { LivingWorkers } from "./living_workers.ts";
import type { ChosenPorts } from "./messages.ts";
import { Place } from "./place.ts";
import type { Plan } from "./plan.ts";
import { BUDGET_TEXT } from "./restart_budget.ts";
import { describeExit, isFailure, type WorkerExit } from "./spawner.ts";
import { type StartOutcome, SupervisedWorker } from "./supervised_worker.ts";
import type { SupervisorOptions } from "./supervisor_options.ts";

export type { SupervisorOptions } from "./supervisor_options.ts";

/** Seconds before a worker that failed is started again. */
const RESTART_PAUSE_SECONDS = 3.5;

/**
 * Seconds before a worker that reached a limit, and could not be replaced, is tried again; and that a worker lives at
 * least which holds more than `max_memory`: with a limit that is too low they would be replaced without end.
 */
const RETIRE_PAUSE_SECONDS = 30;

/** What a worker that stops for an error is counted as. */
const CRASH: WorkerExit = { code: 1, signal: null };

/** Keeps workers running. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #finished = Promise.withResolvers<number>();
  readonly #stop = new AbortController();
  readonly #living = new LivingWorkers();
  #plan: Plan;
  #places: Place[];
  #ports: ChosenPorts = {};
  #line: Promise<unknown> = Promise.resolve();
  #reloads = 0;
  #restarts = 0;
  #exitCode = 0;
  #forced = false;

  /** Settles with an exit code when a stop has ended and no worker is left. */
  readonly finished: Promise<number> = this.#finished.promise;

  /** Starts nothing yet. */
  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#plan = options.plan;
    this.#places = Array.from({ length: options.plan.workers }, () => new Place());
  }

  /** Whether a worker accepts connections and no stop has begun. */
  get ready(): boolean {
    return !this.#stopping && this.#places.some(({ worker }) => worker?.isReady);
  }

  /** Workers that run, those that are starting or stopping included. */
  get workers(): number {
    return this.#living.size;
  }

  /** Workers that were started again after they had ended by themselves. */
  get restarts(): number {
    return this.#restarts;
  }

  /**
   * Starts all workers.
   *
   * The first one starts alone: what is wrong with the configuration is then told once, and ports that the system
   * chooses are known to the others.
   *
   * @returns Whether they serve; `false` when a stop came first.
   * @throws {Error} What kept a worker from starting; the others are stopped then.
   */
  start(): Promise<boolean> {
    return this.#enqueue(async () => {
      const [first, ...others] = this.#places;
      try {
        await this.#startFirst(first!);
        await Promise.all(others.map((place) => this.#startFirst(place)));
      } catch (error) {
        this.#exitCode = 1;
        this.stop();
        await this.finished;
        throw error;
      }
      return !this.#stopping;
    });
  }

  /** Replaces every worker by one with the configuration and application as they are now. During a reload: once more. */
  reload(): void {
    if (this.#stopping || this.#reloads > 1) return;
    this.#reloads++;
    this.#enqueue(() => this.#reload().finally(() => this.#reloads--));
  }

  /** Opens the workers' log files anew. */
  reopenLogs(): void {
    for (const worker of this.#living) worker.reopenLogs();
  }

  /** Stops all workers gracefully, at once. A second call changes nothing. */
  stop(): void {
    if (this.#stopping) return;
    this.#stop.abort();
    for (const worker of this.#living) worker.stop({ handover: false });
    this.#finishWhenAlone();
  }

  /** Stops all workers now. */
  force(): void {
    this.#forced = true;
    this.stop();
    for (const worker of this.#living) worker.force();
  }

  /** What all workers have counted, those that have ended included. */
  metrics(): Promise<MetricsSnapshot> {
    return this.#living.metrics();
  }

  get #stopping(): boolean {
    return this.#stop.signal.aborted;
  }

  /** Runs `work` after what was enqueued before, however that went. */
  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#line.then(work, work);
    this.#line = done.catch(() => {}); // who enqueued it has the error
    return done;
  }

  async #startFirst(place: Place): Promise<void> {
    if (this.#stopping) return;
    const worker = this.#spawn(place);
    const outcome = await worker.started;
    if (outcome.ok) this.#adopt(place, worker, outcome.ports);
    else if (!this.#stopping) throw reviveFailure(outcome.failure);
  }

  #spawn(place: Place): SupervisedWorker {
    const { job, identity, spawner, clock, log } = this.#options;
    const portOffset = this.#living.freePortOffset;
    const multiprocess = this.#plan.workers > 1;
    const worker: SupervisedWorker = new SupervisedWorker({
      spawner,
      clock,
      log,
      times: this.#plan,
      assignment: { job, portOffset, ports: this.#ports, multiprocess, identity },
      onRetire: (reason) => this.#enqueue(() => this.#retire(place, worker, reason)),
      onFailing: () => this.#onFailing(place, worker),
    });
    this.#living.add(worker);
    worker.exited.then((exit) => this.#onExit(worker, exit));
    return worker;
  }

  #onExit(worker: SupervisedWorker, exit: WorkerExit): void {
    this.#living.delete(worker);
    if (!this.#stopping) return;
    const isNews = !this.#forced && !worker.isFailing;
    if (isNews && (worker.wasStuck || isFailure(exit))) this.#exitCode ||= exit.code || 1;
    this.#finishWhenAlone();
  }

  #finishWhenAlone(): void {
    if (this.#living.size === 0) this.#finished.resolve(this.#exitCode);
  }

  /** Gives the place to a worker that is ready. */
  #adopt(place: Place, worker: SupervisedWorker, ports: ChosenPorts): void {
    place.worker = worker;
    this.#ports = { ...this.#ports, ...ports };
    worker.exited.then((exit) => this.#onLoss(place, worker, exit));
  }

  #onLoss(place: Place, worker: SupervisedWorker, exit: WorkerExit): void {
    if (place.worker !== worker) return; // it was replaced
    place.worker = null;
    if (this.#stopping) return;
    const text = `Worker ${worker.pid} ended ${describeExit(exit)}`;
    if (isFailure(exit)) this.#options.log.error(text);
    else this.#options.log.info(text);
    if (!place.replacing) this.#refill(place, exit);
  }

  /** Starts another worker as after a crash, while this one lets its requests finish. */
  async #onFailing(place: Place, worker: SupervisedWorker): Promise<void> {
    if (this.#stopping || place.worker !== worker) return;
    this.#options.log.error(`Worker ${worker.pid} stops: its application left an error uncaught`);
    place.worker = null;
    const { turn } = place;
    if (this.#plan.exclusive) await worker.exited;
    if (!this.#stopping && !place.replacing && place.turn === turn) this.#refill(place, CRASH);
  }

  /** Starts a worker in an empty place, again and again until one is ready. */
  async #refill(place: Place, lastExit: WorkerExit): Promise<void> {
    const { clock, log } = this.#options;
    const turn = ++place.turn;
    for (let exit = lastExit;;) {
      if (!place.budget.spend(clock.now())) return this.#giveUp(exit);
      const pause = isFailure(exit) ? RESTART_PAUSE_SECONDS : 0;
      log.info(pause > 0 ? `Restarting a worker in ${pause} s` : "Restarting a worker");
      if (pause > 0) await clock.sleep(pause, this.#stop.signal);
      if (this.#stopping || place.turn !== turn) return;
      this.#restarts++;
      const worker = this.#spawn(place);
      const outcome = await worker.started;
      if (place.turn !== turn) return worker.stop({ handover: true });
      if (outcome.ok) return this.#adopt(place, worker, outcome.ports);
      exit = await worker.exited;
      if (this.#stopping) return;
      log.error(failureText(outcome.failure));
    }
  }

  #giveUp(exit: WorkerExit): void {
    this.#options.log.error(`A worker ended ${BUDGET_TEXT}: giving up`);
    this.#exitCode = exit.code || 1;
    this.stop();
  }

  async #reload(): Promise<void> {
    const { reread, log } = this.#options;
    if (this.#stopping) return;
    try {
      this.#plan = await reread();
    } catch (error) {
      const reason = error instanceof Error ? error.message : error;
      return log.error(`Not reloaded, the workers serve on: ${reason}`);
    }
    const old = [...this.#living];
    for (const place of this.#places.slice(0, this.#plan.workers)) {
      if (!await this.#replace(place)) return;
    }
    if (!await this.#resize(this.#plan.workers)) return;
    await Promise.all(old.map((worker) => worker.exited)); // else UDP ports could become scarce
    if (!this.#stopping) log.info("Reloaded");
  }

  /** Makes or takes away places; `false` when a worker could not start. */
  async #resize(count: number): Promise<boolean> {
    for (const place of this.#places.splice(count)) {
      place.turn++;
      release(place)?.stop({ handover: true });
    }
    while (this.#places.length < count) {
      const place = new Place();
      this.#places.push(place);
      if (!await this.#replace(place)) return false;
    }
    return true;
  }

  async #retire(place: Place, worker: SupervisedWorker, reason: RetireReason): Promise<void> {
    if (this.#stopping || place.worker !== worker || !worker.isReady) return;
    const { log } = this.#options;
    const left = reason === "max_memory" ? RETIRE_PAUSE_SECONDS - worker.age : 0;
    if (left > 0) {
      const soon = `It is replaced in ${Math.ceil(left)} s`;
      log.warn(`Worker ${worker.pid} reached max_memory soon: is that too low? ${soon}`);
      return this.#retireLater(place, worker, reason, left);
    }
    log.info(`Replacing worker ${worker.pid}: ${reason} was reached`);
    if (await this.#replace(place) || place.worker !== worker) return;
    this.#retireLater(place, worker, reason, RETIRE_PAUSE_SECONDS);
  }

  /** It is not in line while it waits: a reload may replace it meanwhile. */
  #retireLater(
    place: Place,
    worker: SupervisedWorker,
    reason: RetireReason,
    seconds: number,
  ): void {
    const { clock } = this.#options;
    clock.sleep(seconds, this.#stop.signal)
      .then((due) => due ? this.#enqueue(() => this.#retire(place, worker, reason)) : undefined);
  }

  /** Puts a new worker in the place of the old one; `false` when it could not start, or a stop came first. */
  async #replace(place: Place): Promise<boolean> {
    if (this.#stopping) return false;
    place.turn++;
    place.replacing = true;
    if (this.#plan.exclusive) await this.#vacate(place);
    const worker = this.#stopping ? null : this.#spawn(place);
    const outcome = await worker?.started;
    place.replacing = false;
    if (!worker || !outcome) return false;
    if (!outcome.ok) return await this.#keepOld(place, worker, outcome);
    const old = place.worker;
    this.#adopt(place, worker, outcome.ports);
    old?.stop({ handover: true });
    return !this.#stopping;
  }

  /** Stops the worker of a place before its successor starts. */
  async #vacate(place: Place): Promise<void> {
    const worker = release(place);
    worker?.stop({ handover: false });
    await worker?.exited;
  }

  async #keepOld(
    place: Place,
    worker: SupervisedWorker,
    { failure }: StartOutcome & { ok: false },
  ): Promise<false> {
    const exit = await worker.exited;
    if (this.#stopping) return false;
    const { log } = this.#options;
    log.error(failureText(failure));
    if (place.worker) log.warn("The new worker could not start, the old one serves on");
    else this.#refill(place, exit);
    return false;
  }
}

/** Takes the worker out of its place, so that its end is no loss. */
function release(place: Place): SupervisedWorker | null {
  const { worker } = place;
  place.worker = null;
  return worker;
}
