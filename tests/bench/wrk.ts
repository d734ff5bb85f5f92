/**
 * Running `wrk` and reading what it prints.
 *
 * @see {@link https://github.com/wg/wrk | wrk}
 * @module
 */

import type { Pinning } from "./pinning.ts";

/** What one run of `wrk` found. */
export interface WrkResult {
  /** Complete responses. */
  readonly requests: number;
  /** Responses a second. */
  readonly requestsPerSecond: number;
  /** Responses with a status of 400 or more. */
  readonly failed: number;
  /** Connections that could not be opened, that broke while reading or writing, and responses that came too late. */
  readonly socketErrors: {
    readonly connect: number;
    readonly read: number;
    readonly write: number;
    readonly timeout: number;
  };
}

/** Parameters of a run. */
export interface WrkOptions {
  /** Open connections. */
  readonly connections: number;
  /** Seconds, at most. */
  readonly seconds: number;
  /** Ends the run when it settles. Default: only the seconds do. */
  readonly until?: Promise<unknown>;
  /** Where it runs. */
  readonly pinning: Pinning;
  /** Fields of every request. */
  readonly fields?: Readonly<Record<string, string>>;
}

/**
 * Loads `url` from one thread: more would take the processor away from the server on a small machine.
 *
 * @throws {Error} When `wrk` fails or prints something else than expected.
 */
export async function runWrk(url: string, options: WrkOptions): Promise<WrkResult> {
  const { connections, seconds, until, pinning, fields = {} } = options;
  const heads = Object.entries(fields).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
  const { command, args } = pinning.load({
    command: "wrk",
    args: ["-t", "1", "-c", String(connections), "-d", `${seconds}s`, ...heads, url],
  });
  const child = new Deno.Command(command, {
    args: [...args],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let over = false;
  const stop = () => over || child.kill("SIGINT"); // it reports what it has until then
  until?.then(stop, stop);
  const output = await child.output();
  over = true;
  const decoder = new TextDecoder();
  if (!output.success) throw new Error(`wrk failed: ${decoder.decode(output.stderr)}`);
  return parseWrk(decoder.decode(output.stdout));
}

/**
 * Reads the report of `wrk` 4.
 *
 * @throws {Error} When the request count or rate is not where it should be.
 */
export function parseWrk(report: string): WrkResult {
  const errors = /Socket errors: connect ([0-9]+), read ([0-9]+), write ([0-9]+), timeout ([0-9]+)/
    .exec(report)?.slice(1).map(Number) ?? [];
  const [connect = 0, read = 0, write = 0, timeout = 0] = errors;
  return {
    requests: numberIn(report, /^\s*([0-9]+) requests in /m),
    requestsPerSecond: numberIn(report, /^Requests\/sec:\s+([0-9.]+)$/m),
    failed: Number(/Non-2xx or 3xx responses: ([0-9]+)/.exec(report)?.[1] ?? 0),
    socketErrors: { connect, read, write, timeout },
  };
}

function numberIn(report: string, pattern: RegExp): number {
  const digits = pattern.exec(report)?.[1];
  if (digits === undefined) {
    throw new Error(`Cannot read the report of wrk: expected ${pattern}, received "${report}"`);
  }
  return Number(digits);
}
