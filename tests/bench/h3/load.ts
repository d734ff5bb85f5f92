/**
 * Load over HTTP/3 by Bun's `fetch`.
 *
 * @module
 */

import { BUN, LOAD_CLIENT } from "../../_support/bun_client.ts";
import { outputOf } from "../../_support/h3_tools.ts";
import type { ServerProcess } from "../../_support/server_process.ts";
import { CONTENT } from "../apps.ts";
import type { Load } from "../measure.ts";
import type { Pinning } from "../pinning.ts";

/** Parameters of a run. */
export interface BunLoadOptions {
  /** Requests in flight, over all connections. */
  readonly concurrency: number;
  /** Connections, each a process. */
  readonly connections: number;
  /** Seconds. */
  readonly seconds: number;
  /** Where it runs. */
  readonly pinning: Pinning;
}

/** The load of Bun's client on the UDP port of the same number as `url` has. */
export function bunLoad({ concurrency, connections, seconds, pinning }: BunLoadOptions): Load {
  return async (url) => {
    const args = ["get", secure(url), "--seconds", String(seconds)]
      .concat("--concurrency", String(concurrency), "--connections", String(connections));
    const result = await runBun(args, pinning);
    const { requests, failures } = result as { requests: number; failures: number };
    return { requests, requestsPerSecond: requests / (result.seconds as number), errors: failures };
  };
}

/**
 * Checks that a contestant gives the agreed content, so that all do the same work.
 *
 * @throws {Error} Naming the contestant and what it answered.
 */
export async function checkHttp3(name: string, server: ServerProcess): Promise<void> {
  const { texts } = JSON.parse(
    await outputOf(BUN!, [LOAD_CLIENT, "texts", secure(server.url).slice(0, -1), "/"]),
  );
  if (texts[0] !== CONTENT) throw new Error(`"${name}" answers "${texts[0]}"`);
}

/** Megabytes a second of one download. @throws {Error} When it was cut short. */
export async function downloadRate(
  server: ServerProcess,
  size: number,
  pinning: Pinning,
): Promise<number> {
  const { bytes, seconds } = await runBun(["download", secure(server.url)], pinning);
  if (bytes !== size) throw new Error(`Received ${bytes} bytes of ${size}`);
  return size / 1e6 / (seconds as number);
}

async function runBun(args: readonly string[], pinning: Pinning): Promise<Record<string, unknown>> {
  const { command, args: all } = pinning.load({ command: BUN!, args: [LOAD_CLIENT, ...args] });
  return JSON.parse(await outputOf(command, all));
}

function secure(url: string): string {
  return `${url.replace("http:", "https:")}/`;
}
