/**
 * A folder with an application, and command lines that serve it.
 *
 * @module
 */

import { CommandLine, isAlive } from "../_support/command_line.ts";

/** What is injected here are faults of Linux. */
export const ignore: boolean = Deno.build.os !== "linux";

/** Whether file systems can be mounted, and files read in spite of their mode. */
export const IS_ROOT: boolean = Deno.uid() === 0;

/** Answers with its process id. */
const APP = `export default () => new Response(String(Deno.pid));\n`;

/** How to serve. */
export interface ServeOptions {
  /** Worker processes. Default 0. */
  readonly workers?: number;
  /** Shell commands that run the server as `exec "$@"`. */
  readonly shell?: string;
  /** TOML, written to `c.toml` and given as `--config`. */
  readonly config?: string;
  /** Whether to wait until it serves. Default `true`. */
  readonly wait?: boolean;
}

/** The place of one test; everything in it ends with it. */
export class Stage implements AsyncDisposable {
  /** Folder of the application, which is the working directory. */
  readonly cwd: string = Deno.makeTempDirSync();
  readonly #stack = new AsyncDisposableStack();

  constructor(app: string = APP) {
    this.#stack.defer(() => Deno.remove(this.cwd, { recursive: true }));
    this.write("main.ts", app);
  }

  /** Path of a file in the folder. */
  path(name: string): string {
    return `${this.cwd}/${name}`;
  }

  /** Writes a file in the folder. */
  write(name: string, text: string): void {
    Deno.writeTextFileSync(this.path(name), text);
  }

  /** Reads a file in the folder. */
  read(name: string): string {
    return Deno.readTextFileSync(this.path(name));
  }

  /** Does something at the end, before the folder is removed. */
  defer(action: () => unknown): void {
    this.#stack.defer(async () => void await action());
  }

  /** Starts `main.ts` on a free port. */
  async serve(args: readonly string[], options: ServeOptions = {}): Promise<CommandLine> {
    const { workers = 0, shell, config, wait = true } = options;
    const all = ["main.ts", "--workers", String(workers), ...args];
    if (!args.includes("--bind") && !/^bind\b/m.test(config ?? "")) {
      all.push("--bind", "127.0.0.1:0");
    }
    if (config !== undefined) {
      this.write("c.toml", config);
      all.push("--config", "c.toml");
    }
    const server = this.#stack.use(
      new CommandLine(all, { cwd: this.cwd, ...(shell !== undefined && { shell }) }),
    );
    this.defer(() => this.#endAll(server));
    if (wait) await server.says(workers > 0 ? /Supervising/ : /Running on/);
    return server;
  }

  /** Also after a test that failed because processes outlived it. */
  async #endAll(server: CommandLine): Promise<void> {
    for (const pid of [server.pid, ...processesOf(server)]) {
      if (isAlive(pid)) Deno.kill(pid, "SIGKILL");
    }
    await server.exitCode();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

/** Ids of the processes that ever wrote a line of the error log, or `pid 123`; in order. */
export function processesOf({ text }: CommandLine): number[] {
  const found = text.matchAll(/^(?:\[[^\]]+\] \[|pid )(\d+)/gm);
  return [...new Set(Array.from(found, ([, pid]) => Number(pid)))];
}

/** Ids of the workers that ever ran, in order. */
export function workersOf({ text }: CommandLine): number[] {
  const found = text.matchAll(/\[(\d+)\].*Running on/g);
  return [...new Set(Array.from(found, ([, pid]) => Number(pid)))];
}

/** Registers a test with a stage of its own. */
export function test(
  name: string,
  act: (stage: Stage) => Promise<void>,
  { app, needs = true }: { readonly app?: string; readonly needs?: boolean } = {},
): void {
  Deno.test({
    name,
    ignore: ignore || !needs,
    async fn() {
      await using stage = new Stage(app);
      await act(stage);
    },
  });
}

/** Asks on a connection of its own; the text of the answer. */
export async function ask(url: string, path = "/"): Promise<string> {
  const response = await fetch(new URL(path, url), { headers: { connection: "close" } });
  return await response.text();
}

/** Asks again and again until something has happened, for a minute at most; how often it asked. */
export async function askUntil(url: string, done: () => boolean, path = "/"): Promise<number> {
  const expired = performance.now() + 60_000;
  for (let count = 0;; count++) {
    if (done()) return count;
    if (performance.now() > expired) throw new Error(`Asked ${count} times in vain`);
    await ask(url, path);
  }
}

/** Whether there is anything at a path. */
export function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Runs a command that must succeed. */
export function command(name: string, ...args: string[]): void {
  const { success, stderr } = new Deno.Command(name, { args, stdout: "null" }).outputSync();
  if (!success) throw new Error(`${name} failed: ${new TextDecoder().decode(stderr)}`);
}
