/**
 * The file that tells others the process to signal.
 *
 * @module
 */

import process from "node:process";
import { ConfigError } from "../errors.ts";

/**
 * Writes the id of this process to a file, until disposed. It replaces what a process left that is no more.
 *
 * @throws {ConfigError} When the file cannot be written, or names another process that is alive.
 */
export function writePidFile(path: string): Disposable {
  if (isFile(path) === false) throw refused(path, "it is not a regular file");
  const other = readPid(path);
  if (other !== null && other !== Deno.pid && isAlive(other)) {
    throw refused(
      path,
      `it names the running process ${other}`,
      "Stop that or choose another file",
    );
  }
  try {
    Deno.writeTextFileSync(path, `${Deno.pid}\n`);
  } catch (cause) {
    throw refused(path, messageOf(cause), undefined, cause);
  }
  return { [Symbol.dispose]: () => removePidFile(path) };
}

/** Removes the file unless it has come to be another's. */
function removePidFile(path: string): void {
  try {
    if (readPid(path) === Deno.pid) Deno.removeSync(path);
  } catch {
    // It is stale from now on, which its next reader finds out.
  }
}

/** The process that a file names; `null` when it cannot be read or names none. */
function readPid(path: string): number | null {
  try {
    if (!isFile(path)) return null;
    const text = Deno.readTextFileSync(path).trim();
    return /^[1-9][0-9]{0,9}$/.test(text) ? Number(text) : null;
  } catch {
    return null;
  }
}

/** Whether a path is a regular file, for a pipe or a device may be read for ever; `null` when it cannot be told. */
function isFile(path: string): boolean | null {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0); // asks without sending anything
    return true;
  } catch (error) {
    return (error as { code?: string }).code === "EPERM"; // it lives, and belongs to someone else
  }
}

function refused(path: string, reason: string, hint?: string, cause?: unknown): ConfigError {
  return new ConfigError({
    key: "pidPath",
    expected: "the path of a file that can be written",
    received: `"${path}" (${reason})`,
    ...(hint === undefined ? {} : { hint }),
  }, cause === undefined ? {} : { cause });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
