/**
 * Pipes that do not block: a reader that stalls must not stall the server.
 *
 * Neither `Deno.open` nor `Deno.stdout` can be told not to block; `node:fs` can.
 *
 * @module
 */

import { closeSync, constants, fstatSync, openSync, writeSync } from "node:fs";
import type { Output } from "./output.ts";

/**
 * Opens a named pipe. It is opened for reading as well, as rsyslog does: then neither the open waits for a reader nor
 * does a write fail for lack of one, and lines wait in the pipe for the next.
 *
 * @throws Whatever the system says.
 */
export function openNamedPipe(path: string): Output {
  return new PipeOutput(openSync(path, constants.O_RDWR | constants.O_NONBLOCK));
}

/**
 * Opens the pipe behind standard output or error anew, for the flag that makes it not block belongs to all who share an
 * open file: the supervisor, other workers, the shell.
 *
 * @returns `null` where it is no pipe, or cannot be opened: that takes Linux and all of Deno's permissions.
 */
export function openStandardPipe(fd: 1 | 2): Output | null {
  if (Deno.build.os !== "linux" || !mayReadAndWrite()) return null;
  try {
    if (!fstatSync(fd).isFIFO()) return null;
    const flags = constants.O_WRONLY | constants.O_NONBLOCK;
    return new PipeOutput(openSync(`/proc/self/fd/${fd}`, flags));
  } catch {
    return null; // the blocking stream will tell what is wrong with it
  }
}

/** Asked first, for without these Deno would ask the person at the terminal. */
function mayReadAndWrite(): boolean {
  return (["read", "write"] as const).every((name) =>
    Deno.permissions.querySync({ name }).state === "granted"
  );
}

/** A pipe by its file descriptor. */
class PipeOutput implements Output {
  readonly #fd: number;
  #closed = false;

  constructor(fd: number) {
    this.#fd = fd;
  }

  writeSync(bytes: Uint8Array): number {
    return writeSync(this.#fd, bytes);
  }

  reopen(): void {} // a pipe is not rotated

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#fd);
  }
}
