/**
 * `deno task bench`: requests a second of this server and of others, in one run.
 *
 *     deno task bench [--rounds 15] [--seconds 1] [--connections 64] [--only asgi,deno-async] [--close]
 *
 * With `--close` every request has a connection of its own.
 *
 * It prints; it never fails a build. Numbers of different runs or machines cannot be compared, ratios can.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- a command line tool

import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { freePort, isInstalled, ServerProcess } from "../_support/server_process.ts";
import { CLOSE_COMPARISONS, COMPARISONS, type Contestant, CONTESTANTS } from "./contestants.ts";
import { checkAnswer, measure, wrkLoad } from "./measure.ts";
import { findPinning, UNPINNED } from "./pinning.ts";
import { comparisonTable, contestantTable } from "./report.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "15" },
    seconds: { type: "string", default: "1" },
    connections: { type: "string", default: "64" },
    only: { type: "string" },
    close: { type: "boolean", default: false },
  },
});

async function main(): Promise<void> {
  if (!await isInstalled("sh", "-c", "command -v wrk")) {
    console.log('SKIPPED: the benchmark needs "wrk" (Debian package "wrk")');
    return;
  }
  const rounds = Number(values.rounds);
  const found = await findPinning();
  if (!found) console.log("SKIPPED: pinning needs taskset and two processors; expect more noise");
  const pinning = found ?? UNPINNED;
  const options = {
    seconds: Number(values.seconds),
    connections: Number(values.connections),
    pinning,
    ...(values.close ? { fields: { connection: "close" } } : {}),
  };
  const contestants = chosen(values.only?.split(","));
  const processor = cpus();
  console.log(`${processor.length} x ${processor[0]?.model}, Deno ${Deno.version.deno}`);
  console.log(
    `wrk -t 1 -c ${options.connections} -d ${options.seconds}s, ${rounds} interleaved rounds\n`,
  );
  await using stack = new AsyncDisposableStack();
  const servers = new Map<string, ServerProcess>();
  for (const { name, title, find } of contestants) {
    const command = await find();
    const port = freePort();
    if (command) {
      servers.set(name, stack.use(await ServerProcess.start(pinning.server(command(port)), port)));
    } else console.log(`SKIPPED: ${name} (${title}) is not installed`);
  }
  for (const [name, server] of servers) await checkAnswer(name, server.url);
  const samples = await measure(servers, rounds, wrkLoad(options), (round) => {
    console.error(`round ${round} of ${rounds}`);
  });
  const present = contestants.filter(({ name }) => samples.has(name));
  console.log(`${contestantTable(present, samples)}\n`);
  console.log(comparisonTable(values.close ? CLOSE_COMPARISONS : COMPARISONS, samples));
}

function chosen(names: readonly string[] | undefined): readonly Contestant[] {
  if (names === undefined) return CONTESTANTS;
  return names.map((name) => {
    const found = CONTESTANTS.find((contestant) => contestant.name === name);
    if (found) return found;
    const known = CONTESTANTS.map((contestant) => contestant.name).join(", ");
    throw new Error(`Unknown contestant "${name}" in --only, expected some of ${known}`);
  });
}

await main();
