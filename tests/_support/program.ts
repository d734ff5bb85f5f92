/**
 * Servers as child processes, for tests of what users run.
 *
 * @module
 */

import { deadline } from "@std/async/deadline";
import assert from "node:assert/strict";

/** Milliseconds after which a program that does not do what is waited for has failed. */
export const PATIENCE_MS = 60_000;

/** A server in a child process, ended at the end of the block if it still runs. */
export class Program implements AsyncDisposable {
  /** What it wrote to standard output so far. */
  stdout = "";
  /** What it wrote to standard error so far. */
  stderr = "";
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<unknown>;
  #onOutput = Promise.withResolvers<void>();
  #ended = false;
  #stopping = false;

  private constructor(args: string[], cwd: string | URL) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args,
      cwd,
      env: { NO_COLOR: "1" },
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#reading = Promise.all([
      this.#read(this.#child.stdout, (text) => this.stdout += text),
      this.#read(this.#child.stderr, (text) => this.stderr += text),
    ]).finally(() => {
      this.#ended = true;
      this.#onOutput.resolve();
    });
  }

  /** Starts a program and waits until it listens on `binds` addresses. */
  static async start(args: string[], cwd: string | URL, binds: number): Promise<Program> {
    const program = new Program(args, cwd);
    await program.#until(() => program.urls.length === binds, `listen on ${binds} addresses`);
    return program;
  }

  /** Addresses it listens on, in its order. */
  get urls(): string[] {
    return [...this.stderr.matchAll(/(?:Running|Listening) on (\S+)\b/g)].map((match) => match[1]!);
  }

  /** The first of its addresses. */
  get url(): string {
    return this.urls[0]!;
  }

  /** Waits until standard output has this. */
  says(pattern: RegExp): Promise<void> {
    return this.#until(() => pattern.test(this.stdout), `say ${pattern}`);
  }

  /** Asks it to stop, once: a second signal would find a program that no longer listens to signals. */
  stop(): void {
    if (!this.#ended && !this.#stopping) this.#child.kill("SIGTERM");
    this.#stopping = true;
  }

  /** Waits for its end. */
  async exitCode(): Promise<number> {
    const { code } = await deadline(this.#child.status, PATIENCE_MS);
    await this.#reading;
    return code;
  }

  /** Asks first, because a killed `deno task` would leave its child behind. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    try {
      await deadline(this.#reading, PATIENCE_MS);
    } catch {
      this.#child.kill("SIGKILL");
      await this.#reading;
    }
    await this.#child.status;
  }

  async #until(done: () => boolean, action: string): Promise<void> {
    const fail = () => assert.fail(`The program did not ${action}\n${this.stdout}${this.stderr}`);
    const waiting = (async () => {
      while (!done()) {
        if (this.#ended) fail();
        await this.#onOutput.promise;
      }
    })();
    try {
      await deadline(waiting, PATIENCE_MS);
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error instanceof assert.AssertionError ? error : fail();
    }
  }

  async #read(stream: ReadableStream<Uint8Array>, append: (text: string) => void): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      append(text);
      this.#onOutput.resolve();
      this.#onOutput = Promise.withResolvers();
    }
  }
}
