/**
 * A server program as a child process.
 *
 * @module
 */

import { fromFileUrl } from "./repository.ts";

/** How a program ended. */
export interface ChildExit {
  /** Exit code. */
  readonly code: number;
  /** All of its standard output. */
  readonly stdout: string;
  /** All of its standard error. */
  readonly stderr: string;
  /** Seconds since the last signal, or since the start without one. */
  readonly seconds: number;
}

/** A running program of `tests/_support/programs`. */
export class Child {
  /** URLs it logged as "Running on". */
  readonly urls: string[] = [];
  readonly #process: Deno.ChildProcess;
  readonly #stdout: Promise<string>;
  #stderr = "";
  #started = performance.now();
  readonly #reading: Promise<void>;
  readonly #running = Promise.withResolvers<void>();

  private constructor(process: Deno.ChildProcess) {
    this.#process = process;
    this.#stdout = new Response(process.stdout).text();
    this.#reading = this.#read();
  }

  /** Starts a program and waits until it logs where it is running. */
  static async start(
    program: string,
    args: string[] = [],
    flags: string[] = ["-A"],
  ): Promise<Child> {
    const path = fromFileUrl(new URL(`./programs/${program}`, import.meta.url).href)!;
    const child = new Child(
      new Deno.Command(Deno.execPath(), {
        args: ["run", "--quiet", ...flags, path, ...args],
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
        env: { NO_COLOR: "1" },
      }).spawn(),
    );
    await child.#running.promise;
    return child;
  }

  /** Sends a signal. */
  kill(signal: Deno.Signal): void {
    this.#started = performance.now();
    this.#process.kill(signal);
  }

  /** Waits for the end of the program; ends it by force after `seconds`. */
  async exit(seconds = 20): Promise<ChildExit> {
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), seconds * 1000);
    const { code } = await this.#process.status;
    const took = (performance.now() - this.#started) / 1000;
    clearTimeout(timer);
    await this.#reading;
    return { code, stdout: await this.#stdout, stderr: this.#stderr, seconds: took };
  }

  async #read(): Promise<void> {
    for await (const text of this.#process.stderr.pipeThrough(new TextDecoderStream())) {
      this.#stderr += text;
      const found = this.#stderr.matchAll(/Running on (\S+) /g);
      this.urls.splice(0, Infinity, ...Array.from(found, ([, url]) => url!));
      if (this.urls.length > 0) this.#running.resolve();
    }
    this.#running.reject(new Error(`The program ended before it was running:\n${this.#stderr}`));
    this.#running.promise.catch(() => {}); // when it had been running before
  }
}
