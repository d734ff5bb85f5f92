/**
 * Interleaved rounds: every contestant is measured once a round, so that a slow minute of the machine hits all of them.
 *
 * @module
 */

import type { ServerProcess } from "../_support/server_process.ts";
import { CONTENT, CONTENT_TYPE } from "./apps.ts";
import { runWrk, type WrkOptions } from "./wrk.ts";

/** One measurement of one contestant. */
export interface Sample {
  /** Complete responses a second. */
  readonly requestsPerSecond: number;
  /** CPU milliseconds of the server process for a thousand requests; steadier than the rate on a busy machine. */
  readonly cpuPerThousand: number;
  /** Failed responses and broken connections; a server that closes after so many requests has some. */
  readonly errors: number;
}

/** Loads a server for a while; `name` is the contestant's. */
export type Load = (url: string, name: string) => Promise<
  {
    /** Complete responses. */
    readonly requests: number;
    /** Complete responses a second. */
    readonly requestsPerSecond: number;
    /** Failed responses and broken connections. */
    readonly errors: number;
  }
>;

/**
 * Checks that a contestant gives the agreed answer, so that all do the same work.
 *
 * @throws {Error} Naming the contestant and what it answered.
 */
export async function checkAnswer(name: string, url: string): Promise<void> {
  const response = await fetch(url);
  const content = await response.text();
  const { status, headers } = response;
  const type = headers.get("content-type")?.replace("; ", ";").toUpperCase();
  const length = headers.get("content-length");
  const same = status === 200 && content === CONTENT && type === CONTENT_TYPE.toUpperCase() &&
    length === String(CONTENT.length);
  if (same) return;
  throw new Error(
    `"${name}" answers ${status} with type "${type}", length ${length}, content "${content}"`,
  );
}

/** Measures every contestant `rounds` times after a warm-up. */
export async function measure(
  servers: ReadonlyMap<string, ServerProcess>,
  rounds: number,
  load: Load,
  onRound: (round: number) => void,
): Promise<Map<string, Sample[]>> {
  const samples = new Map([...servers.keys()].map((name) => [name, [] as Sample[]]));
  for (const [name, server] of servers) await sample(name, server, load); // warm-up
  for (let round = 0; round < rounds; round++) {
    for (const name of ordered([...servers.keys()], round)) {
      samples.get(name)!.push(await sample(name, servers.get(name)!, load));
    }
    onRound(round + 1);
  }
  return samples;
}

async function sample(name: string, server: ServerProcess, load: Load): Promise<Sample> {
  const before = server.cpuSeconds;
  const { requests, requestsPerSecond, errors } = await load(server.url, name);
  return {
    requestsPerSecond,
    cpuPerThousand: (server.cpuSeconds - before) * 1e6 / requests,
    errors,
  };
}

/** The load of `wrk`. */
export function wrkLoad(options: WrkOptions): Load {
  return async (url) => {
    const { requests, requestsPerSecond, failed, socketErrors } = await runWrk(url, options);
    const errors = Object.values(socketErrors).reduce((sum, count) => sum + count, failed);
    return { requests, requestsPerSecond, errors };
  };
}

/** Every other round backwards: what drifts during a round then helps and hurts both sides of a ratio alike. */
function ordered<T>(list: T[], round: number): T[] {
  return round % 2 === 0 ? list : list.toReversed();
}
