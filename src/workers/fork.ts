/**
 * Processes by `node:child_process`, which alone gives Deno a channel to talk to them.
 *
 * @module
 */

import { type ChildProcess, fork, type ForkOptions } from "node:child_process";
import { isEnvelope, type ToWorker } from "./messages.ts";
import type { Spawner, WorkerExit, WorkerListener, WorkerProcess } from "./spawner.ts";

/**
 * Starts processes of this Deno.
 *
 * @param entry Module that they run.
 * @param flags Flags of `deno run`.
 */
export function forkSpawner(entry: string, flags: readonly string[]): Spawner {
  const options: ForkOptions = {
    execPath: Deno.execPath(),
    execArgv: ["run", ...flags],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  };
  return { spawn: (listener) => new ForkedProcess(fork(entry, [], options), listener) };
}

/** A process with its channel. */
class ForkedProcess implements WorkerProcess {
  readonly pid: number;
  readonly #child: ChildProcess;

  constructor(child: ChildProcess, listener: WorkerListener) {
    this.pid = child.pid ?? 0;
    this.#child = child;
    let ended = false;
    const end = (exit: WorkerExit) => {
      if (!ended) listener.onExit(exit);
      ended = true;
    };
    child.on("message", (received: unknown) => {
      if (!ended && isEnvelope(received)) listener.onMessage(received.hypercorn);
    });
    child.on("exit", (code, signal) => end({ code, signal }));
    // Without a process there will be no "exit"; other errors are messages that came too late.
    child.on("error", ({ message }) => {
      if (child.pid === undefined) end({ code: 1, signal: null, unborn: message });
    });
  }

  send(message: ToWorker): void {
    if (this.pid === 0) return; // Deno gives a process that was not started no `send` at all
    this.#child.send(message, () => {}); // a process that has gone is announced by its exit
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }
}
