/**
 * Where the bytes of a log go: a stream of the process, or a file that can be opened anew.
 *
 * @module
 */

import { ConfigError } from "../errors.ts";
import { describe } from "../misuse.ts";

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

/** Opens a place. @throws {ConfigError} When its file cannot be written. */
export function openOutput({ target, option }: Destination): Output {
  if (typeof target !== "string") return new FileOutput(target.path, option);
  const stream = Deno[target];
  return { writeSync: (bytes) => stream.writeSync(bytes), reopen() {}, close() {} };
}

/** A file that lines are added to, also by other processes. */
class FileOutput implements Output {
  readonly #path: string;
  #file: Deno.FsFile;
  #closed = false;

  constructor(path: string, option: string) {
    this.#path = path;
    try {
      this.#file = openFile(path);
    } catch (cause) {
      const received = `"${path}" (${messageOf(cause)})`;
      const expected = `"-" or the path of a file that can be written`;
      throw new ConfigError({ key: option, expected, received }, { cause });
    }
  }

  writeSync(bytes: Uint8Array): number {
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
