/**
 * Processes that do what a test says.
 *
 * @module
 */

import assert from "node:assert/strict";
import { EMPTY_SNAPSHOT, type MetricsSnapshot } from "../../../src/metrics/mod.ts";
import type {
  Assignment,
  ChosenPorts,
  FromWorker,
  ToWorker,
} from "../../../src/workers/messages.ts";
import type { Spawner, WorkerListener, WorkerProcess } from "../../../src/workers/spawner.ts";
import { settle } from "./fake_clock.ts";

/** Makes {@link FakeProcess}es, with ids 1, 2, 3 … */
export class FakeSpawner implements Spawner {
  /** All of them, in order. */
  readonly processes: FakeProcess[] = [];

  spawn(listener: WorkerListener): FakeProcess {
    const process = new FakeProcess(this.processes.length + 1, listener);
    this.processes.push(process);
    return process;
  }

  /** The process with this id. */
  get(pid: number): FakeProcess {
    const process = this.processes[pid - 1];
    assert(process, `There are ${this.processes.length} processes, ${pid} is not among them`);
    return process;
  }

  /** Makes processes ready, one after another. */
  async ready(...pids: number[]): Promise<void> {
    for (const pid of pids) await this.get(pid).says({ type: "ready", ports: {} });
  }

  /** Ids of those that run. */
  get alive(): number[] {
    return this.processes.filter((process) => !process.ended).map(({ pid }) => pid);
  }
}

/** A process. */
export class FakeProcess implements WorkerProcess {
  readonly pid: number;
  /** What it was told, apart from its assignment. */
  readonly told: ToWorker[] = [];
  /** Whether it has ended. */
  ended = false;
  /** Its assignment. */
  assignment: Assignment | undefined;
  readonly #listener: WorkerListener;

  constructor(pid: number, listener: WorkerListener) {
    this.pid = pid;
    this.#listener = listener;
  }

  send(message: ToWorker): void {
    if (message.type === "serve") this.assignment = message.assignment;
    else this.told.push(message);
  }

  /** SIGKILL. */
  kill(): void {
    if (!this.ended) this.#end(null, "SIGKILL");
  }

  /** Sends a message to the supervisor. */
  async says(message: FromWorker): Promise<void> {
    this.#listener.onMessage(message);
    await settle();
  }

  /** Becomes ready. */
  async ready(ports: ChosenPorts = {}): Promise<void> {
    await this.says({ type: "ready", ports });
  }

  /** Says why it fails, and ends. */
  async fails(message: string, code = 1): Promise<void> {
    const fields = { bind: ":1" };
    const failure = { name: "BindError", message, stack: null, cause: null, fields };
    await this.says({ type: "bye", failure, snapshot: EMPTY_SNAPSHOT });
    await this.exits(code);
  }

  /** Stops properly, with what it counted. */
  async leaves(snapshot: MetricsSnapshot = EMPTY_SNAPSHOT): Promise<void> {
    await this.says({ type: "bye", failure: null, snapshot });
    await this.exits(0);
  }

  /** Ends without a word. */
  async exits(code: number | null, signal: string | null = null): Promise<void> {
    this.#end(code, signal);
    await settle();
  }

  #end(code: number | null, signal: string | null): void {
    assert(!this.ended, `Process ${this.pid} has ended already`);
    this.ended = true;
    this.#listener.onExit({ code, signal });
  }
}
