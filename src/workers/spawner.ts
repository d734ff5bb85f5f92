/**
 * Processes as a port: what the supervisor needs of them.
 *
 * @module
 */

import type { FromWorker, ToWorker } from "./messages.ts";

/** How a process ended. */
export interface WorkerExit {
  /** Exit code, `null` when a signal ended it. */
  readonly code: number | null;
  /** The signal that ended it, e.g. `"SIGKILL"`. */
  readonly signal: string | null;
  /** Why there never was a process, e.g. for lack of memory or of file descriptors; absent when there was one. */
  readonly unborn?: string;
}

/** Who is told about a process. */
export interface WorkerListener {
  /** It said something. */
  onMessage(message: FromWorker): void;
  /** It ended, or could not be started; called once, and last. */
  onExit(exit: WorkerExit): void;
}

/** A process. */
export interface WorkerProcess {
  /** Its id; 0 when it could not be started. */
  readonly pid: number;
  /** Tells it something; without effect when it has ended. */
  send(message: ToWorker): void;
  /** Ends it at once; without effect when it has ended. */
  kill(): void;
}

/** Starts processes. */
export interface Spawner {
  /** Starts a process that waits for its {@link Assignment}. */
  spawn(listener: WorkerListener): WorkerProcess;
}

/** How an end reads in a message: `with code 1`, `by SIGKILL`. */
export function describeExit({ code, signal }: WorkerExit): string {
  return signal === null ? `with code ${code ?? "unknown"}` : `by ${signal}`;
}

/** Whether a process failed. SIGINT and SIGTERM end a worker only before it listens to them, and as somebody wanted. */
export function isFailure({ code, signal }: WorkerExit): boolean {
  return code !== 0 && signal !== "SIGINT" && signal !== "SIGTERM";
}
