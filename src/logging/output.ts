/**
 * Where the bytes of a log go: a stream of the process, or a file that can be opened anew.
 *
 * @module
 */

import { ConfigError } from "../errors.ts";
import { describe } from "../misuse.ts";
import { openNamedPipe, openStandardPipe } from "./pipe.ts";

/** A place for bytes. */
export interface Output {
  /** Writes what fits and returns how many bytes that were. @throws Whatever the system says. */
  writeSync(bytes: Uint8Array): number;
  /** Opens the place anew by its name, because the old file was moved away. @throws When it cannot; the old one stays. */
  reopen(): void;
  /** Releases the place. Harmless a second time. */
  close(): void;
}

/** A place as an option names it. */
export interface Destination {
  /** `"stdout"`, `"stderr"`, or a file. */
  readonly target: "stdout" | "stderr" | { readonly path: string };
  /** The option that named it, for an error message. */
  readonly option: string;
}

/** What a place is called in messages. */
export function placeName({ target }: Destination): string {
  return typeof target === "string" ? target : `"${target.path}"`;
}

/** Opens a place. @throws {ConfigError} When its file cannot be written. */
export function openOutput({ target, option }: Destination): Output {
  if (typeof target === "string") {
    return openStandardPipe(target === "stdout" ? 1 : 2) ?? blockingStream(Deno[target]);
  }
  const { path } = target;
  try {
    return isNamedPipe(path) ? openNamedPipe(path) : new FileOutput(path);
  } catch (cause) {
    const received = `"${path}" (${messageOf(cause)})`;
    const expected = `"-" or the path of a file that can be written`;
    throw new ConfigError({ key: option, expected, received }, { cause });
  }
}

/** A terminal, a file, or what else a stream of the process may be. */
function blockingStream(stream: { writeSync(bytes: Uint8Array): number }): Output {
  return { writeSync: (bytes) => stream.writeSync(bytes), reopen() {}, close() {} };
}

/** To open a pipe as a file waits until somebody reads it. Who may not look cannot be spared that. */
function isNamedPipe(path: string): boolean {
  if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") return false;
  try {
    return Deno.statSync(path).isFifo === true;
  } catch {
    return false; // opening it says why
  }
}

/** Milliseconds between looks whether a file still has a name. */
const LOOK_MS = 10_000;

/** A file that lines are added to, also by other processes. */
class FileOutput implements Output {
  readonly #path: string;
  #file: Deno.FsFile;
  #lookAt = performance.now() + LOOK_MS;
  #closed = false;

  constructor(path: string) {
    this.#path = path;
    this.#file = openFile(path);
  }

  writeSync(bytes: Uint8Array): number {
    if (performance.now() >= this.#lookAt) this.#replaceDeleted();
    return this.#file.writeSync(bytes);
  }

  reopen(): void {
    if (this.#closed) return;
    let file: Deno.FsFile;
    try {
      file = openFile(this.#path);
    } catch (cause) {
      throw new Error(`Cannot open "${this.#path}" anew: ${messageOf(cause)}`, { cause });
    }
    this.#file.close();
    this.#file = file;
  }

  /** A file that was deleted, not moved, takes what nobody will read, and its room on the disk until it is closed. */
  #replaceDeleted(): void {
    if (this.#file.statSync().nlink === 0) this.reopen();
    this.#lookAt = performance.now() + LOOK_MS; // a file that cannot be replaced is tried with every write
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#file.close();
  }
}

/** In append mode every write goes to the end, so processes that share a file do not overwrite each other. */
function openFile(path: string): Deno.FsFile {
  return Deno.openSync(path, { append: true, create: true });
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : describe(cause);
}
