/**
 * Servers on one processor, the load on another.
 *
 * Left to the scheduler, server and client swap processors in the middle of a round, and the same server differs by a
 * quarter from one round to the next: more than what is to be measured.
 *
 * @module
 */

import { cpus } from "node:os";
import { isInstalled, type ServerCommand } from "../_support/server_process.ts";

/** Ties a command to a processor. */
export interface Pinning {
  /** The command, to run where servers run. */
  server(command: ServerCommand): ServerCommand;
  /** The command, to run where the load comes from. */
  load(command: ServerCommand): ServerCommand;
}

/** Pins with `taskset` (Debian package util-linux); `null` without it, or with a single processor. */
export async function findPinning(): Promise<Pinning | null> {
  if (cpus().length < 2 || !await isInstalled("taskset", "-c", "0,1", "true")) return null;
  return { server: (command) => on(0, command), load: (command) => on(1, command) };
}

/** No pinning at all. */
export const UNPINNED: Pinning = { server: (command) => command, load: (command) => command };

/** `taskset` replaces itself by the program, so that the process id is the program's. */
function on(processor: number, { command, args, ...rest }: ServerCommand): ServerCommand {
  return { ...rest, command: "taskset", args: ["-c", String(processor), command, ...args] };
}
