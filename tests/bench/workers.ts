/**
 * `deno task bench:workers`: requests a second with one worker and with two, in one run.
 *
 *     deno task bench:workers [--rounds 7] [--seconds 2] [--connections 64]
 *
 * The application computes for about a millisecond, so that the load generator needs next to nothing of the
 * processors, which it shares with the workers. It prints; it never fails a build.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- a command line tool

import { cpus } from "node:os";
import { parseArgs } from "node:util";
import {
  freePort,
  isInstalled,
  type ServerCommand,
  ServerProcess,
} from "../_support/server_process.ts";
import { UNPINNED } from "./pinning.ts";
import { runWrk } from "./wrk.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    seconds: { type: "string", default: "2" },
    connections: { type: "string", default: "64" },
  },
});

const ROOT = new URL("../../", import.meta.url).pathname;

/** The command line with so many workers. */
function withWorkers(workers: number, port: number): ServerCommand {
  return {
    command: Deno.execPath(),
    args: [
      ...["run", "-A", "src/cli/mod.ts", "tests/bench/busy_app.ts"],
      ...["--bind", `127.0.0.1:${port}`, "--workers", String(workers), "--log-level", "warning"],
    ],
    cwd: ROOT,
  };
}

async function main(): Promise<void> {
  if (!await isInstalled("sh", "-c", "command -v wrk")) {
    console.log('SKIPPED: the benchmark needs "wrk" (Debian package "wrk")');
    return;
  }
  const processor = cpus();
  console.log(`${processor.length} x ${processor[0]?.model}, Deno ${Deno.version.deno}`);
  const [onePort, twoPort] = [freePort(), freePort()];
  await using one = await ServerProcess.start(withWorkers(1, onePort), onePort);
  await using two = await ServerProcess.start(withWorkers(2, twoPort), twoPort);
  const ratios: number[] = [];
  for (let round = -1; round < Number(values.rounds); round++) {
    const single = await rate(one.url);
    const double = await rate(two.url);
    if (round < 0) continue; // warm-up
    ratios.push(double / single);
    console.log(`1 worker ${single.toFixed(0)}/s, 2 workers ${double.toFixed(0)}/s`);
  }
  ratios.sort((left, right) => left - right);
  const median = ratios[ratios.length >> 1]!;
  console.log(`2 workers / 1 worker: ${median.toFixed(2)} (target 1.5 with two processors)`);
  for (const server of [one, two]) server.kill("SIGTERM"); // which ends their workers, too
  await Promise.all([one.output, two.output]);
}

async function rate(url: string): Promise<number> {
  const { requestsPerSecond } = await runWrk(url, {
    connections: Number(values.connections),
    seconds: Number(values.seconds),
    pinning: UNPINNED,
  });
  return requestsPerSecond;
}

await main();
