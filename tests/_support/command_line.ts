/**
 * The command line as users run it: in a process of its own, with or without a terminal.
 *
 * @module
 */

import { deadline } from "@std/async/deadline";
import { REPOSITORY } from "./repository.ts";

/** Milliseconds after which something that is waited for has failed. */
const PATIENCE_MS = 60_000;

/** How to start it. */
export interface CommandLineOptions {
  /** Working directory. */
  readonly cwd: string;
  /** Runs it in a pseudo-terminal (`script` of Debian's bsdutils), whose keys are {@link CommandLine.type}d. */
  readonly terminal?: boolean;
  /** Shell commands (bash) that run it as `exec "$@"`: with limits, or other streams. */
  readonly shell?: string;
}

/** A running command line; disposing kills it, its workers end by themselves. */
export class CommandLine implements AsyncDisposable {
  /** Everything it wrote so far, both streams. */
  text = "";
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<unknown>;
  readonly #keys: WritableStreamDefaultWriter<Uint8Array>;
  #onText = Promise.withResolvers<void>();
  #ended = false;

  /** Starts it with these arguments. */
  constructor(args: readonly string[], options: CommandLineOptions) {
    const { cwd, terminal = false, shell } = options;
    const main = new URL("src/cli/mod.ts", REPOSITORY).href;
    const config = new URL("deno.json", REPOSITORY).pathname;
    const command = ["run", "-A", "--quiet", "--config", config, main, ...args];
    const shelled = ["-c", shell ?? "", "bash", Deno.execPath(), ...command];
    const quoted = [Deno.execPath(), ...command].map((word) => `'${word}'`).join(" ");
    this.#child = new Deno.Command(terminal ? "script" : shell ? "bash" : Deno.execPath(), {
      args: terminal ? ["-qefc", `exec ${quoted}`, "/dev/null"] : shell ? shelled : command,
      cwd,
      env: { NO_COLOR: "1" },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#keys = this.#child.stdin.getWriter();
    this.#reading = Promise.all(
      [this.#child.stdout, this.#child.stderr].map((stream) => this.#read(stream)),
    ).finally(() => {
      this.#ended = true;
      this.#onText.resolve();
    });
  }

  /** Process id: of the supervisor, or of `script` in a terminal. */
  get pid(): number {
    return this.#child.pid;
  }

  /** URLs it runs on, one for each listener of each worker that was ever started. */
  get urls(): string[] {
    return Array.from(this.text.matchAll(/Running on (\S+)/g), ([, url]) => url!);
  }

  /** Sends a signal. */
  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Presses keys; `"\x03"` is Ctrl+C. */
  async type(keys: string): Promise<void> {
    await this.#keys.write(new TextEncoder().encode(keys));
  }

  /** Waits until the text has this so often; says what there was instead when that does not happen. */
  async says(pattern: RegExp, times = 1): Promise<void> {
    const global = new RegExp(pattern, "g");
    const expired = performance.now() + PATIENCE_MS;
    while ([...this.text.matchAll(global)].length < times) {
      const left = expired - performance.now();
      if (this.#ended || left <= 0) {
        throw new Error(`Expected ${pattern} ${times} times, received:\n${this.text}`);
      }
      await deadline(this.#onText.promise, left).catch(() => {}); // judged above
    }
  }

  /** Waits for the end. */
  async exitCode(): Promise<number> {
    const { code } = await deadline(this.#child.status, PATIENCE_MS);
    await this.#reading;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (isAlive(this.pid)) this.#child.kill("SIGKILL");
    await this.#keys.close().catch(() => {}); // the process may be gone
    await this.#reading;
    await this.#child.status;
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      this.text += text;
      this.#onText.resolve();
      this.#onText = Promise.withResolvers();
    }
  }
}

/** Says whether a process exists and is no zombie (Linux). */
export function isAlive(pid: number): boolean {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    return stat[stat.lastIndexOf(")") + 2] !== "Z";
  } catch {
    return false;
  }
}
