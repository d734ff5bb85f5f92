/**
 * A server in a process of its own, and what Linux knows of that process.
 *
 * For measurements, where client and server must not share an event loop, and for signals.
 *
 * @module
 */

/** How to start a server. */
export interface ServerCommand {
  /** Program. */
  readonly command: string;
  /** Arguments. */
  readonly args: readonly string[];
  /** Working directory; default: the current one. */
  readonly cwd?: string;
  /** Further environment variables. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Milliseconds a server has to accept its first connection; `npx` may have to fetch it first. */
const START_DEADLINE_MS = 30_000;

/** Milliseconds between looks at a server that does not accept yet. */
const START_POLL_MS = 20;

/** Clock ticks a second in `/proc/PID/stat`; a constant of Linux on every architecture Deno runs on. */
const TICKS_PER_SECOND = 100;

/** A port of the loopback interface that nobody uses at this moment. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** One running server process; disposing kills it. */
export class ServerProcess implements AsyncDisposable {
  /** Where it listens, without a slash at the end. */
  readonly url: string;
  /** Settles with the exit status and everything it wrote. */
  readonly output: Promise<Deno.CommandOutput>;
  readonly #child: Deno.ChildProcess;

  private constructor(child: Deno.ChildProcess, port: number) {
    this.#child = child;
    this.url = `http://127.0.0.1:${port}`;
    this.output = child.output();
  }

  /**
   * Starts a server and returns when it accepts connections.
   *
   * @param port Where the command will listen.
   * @throws {Error} When it exits instead, with what it wrote, or does not accept in time.
   */
  static async start(command: ServerCommand, port: number): Promise<ServerProcess> {
    const { command: program, args, cwd, env } = command;
    const child = new Deno.Command(program, {
      args: [...args],
      stdout: "piped",
      stderr: "piped",
      ...(cwd === undefined ? {} : { cwd }),
      ...(env === undefined ? {} : { env }),
    }).spawn();
    const server = new ServerProcess(child, port);
    try {
      await Promise.race([accepting(port), server.#diedEarly()]);
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Process id. */
  get pid(): number {
    return this.#child.pid;
  }

  /** CPU time used so far by all its threads, user and system, in seconds. */
  get cpuSeconds(): number {
    const stat = Deno.readTextFileSync(`/proc/${this.pid}/stat`);
    // The second field is the program's name, which may hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  }

  /** Resident memory in bytes. */
  get residentBytes(): number {
    return this.#status("VmRSS");
  }

  /** Largest resident memory since {@link resetPeak}, in bytes: the kernel misses nothing, unlike sampling. */
  get peakResidentBytes(): number {
    return this.#status("VmHWM");
  }

  /** Starts a new measurement of the peak. */
  resetPeak(): void {
    Deno.writeTextFileSync(`/proc/${this.pid}/clear_refs`, "5");
  }

  /** Sends a signal. */
  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it is gone already
    }
    await this.output;
  }

  async #diedEarly(): Promise<never> {
    const { code, stderr } = await this.output;
    throw new Error(
      `The server exited with ${code} before it accepted a connection: ${
        new TextDecoder().decode(stderr)
      }`,
    );
  }

  #status(field: string): number {
    const status = Deno.readTextFileSync(`/proc/${this.pid}/status`);
    const kibibytes = new RegExp(`^${field}:\\s+([0-9]+) kB$`, "m").exec(status)?.[1];
    if (kibibytes === undefined) throw new Error(`/proc/${this.pid}/status has no ${field}`);
    return Number(kibibytes) * 1024;
  }
}

/** Settles when something accepts connections on `port`. */
async function accepting(port: number): Promise<void> {
  const deadline = performance.now() + START_DEADLINE_MS;
  while (!await accepts(port)) {
    if (performance.now() > deadline) {
      throw new Error(`Nothing accepts on port ${port} after ${START_DEADLINE_MS} ms`);
    }
    await new Promise((resolve) => setTimeout(resolve, START_POLL_MS));
  }
}

/** Says whether something accepts connections on `port` of the loopback interface. */
export async function accepts(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch (error) {
    const { ConnectionRefused, ConnectionReset } = Deno.errors; // reset: it closed while we knocked
    if (error instanceof ConnectionRefused || error instanceof ConnectionReset) return false;
    throw error;
  }
}

/** Says whether `command` can be run; `args` make it exit at once with code 0. */
export async function isInstalled(command: string, ...args: string[]): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(command, {
      args,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
