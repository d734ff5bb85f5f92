/**
 * `deno task bench:http3`: HTTP/3 against a bare server on the same QUIC and against Bun, in one run.
 *
 *     deno task bench:http3 [--rounds 9] [--seconds 1] [--concurrency 64] [--connections 4] [--megabytes 100] [--only fetch-streams,bare-streams]
 *
 * It prints; it never fails a build. Numbers of different runs or machines cannot be compared, ratios can.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- a command line tool

import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { BUN } from "../_support/bun_client.ts";
import { freePort, ServerProcess } from "../_support/server_process.ts";
import { median, table } from "../_support/table.ts";
import type { Contestant } from "./contestants.ts";
import { HTTP3_COMPARISONS, http3Contestants } from "./h3/contestants.ts";
import { bunLoad, checkHttp3, downloadRate } from "./h3/load.ts";
import { plainSize, qpackSize, typicalResponses } from "./h3/wire_size.ts";
import { measure } from "./measure.ts";
import { findPinning, type Pinning, UNPINNED } from "./pinning.ts";
import { comparisonTable, contestantTable } from "./report.ts";

/** Downloads of each contestant. */
const DOWNLOADS = 5;

/** Bytes of a table that clients commonly offer: browsers 64 KiB, most others 4 KiB. */
const TABLE_BYTES = 4096;

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "9" },
    seconds: { type: "string", default: "1" },
    concurrency: { type: "string", default: "64" },
    connections: { type: "string", default: "4" },
    megabytes: { type: "string", default: "100" },
    only: { type: "string" },
  },
});

async function main(): Promise<void> {
  console.log(`${wireSizes()}\n`);
  if (BUN === null) {
    console.log('SKIPPED: the load needs Bun ("npx -y bun@1")');
    return;
  }
  const found = await findPinning();
  if (!found) console.log("SKIPPED: pinning needs taskset and two processors; expect more noise");
  const pinning = found ?? UNPINNED;
  const processor = cpus();
  console.log(`${processor.length} x ${processor[0]?.model}, Deno ${Deno.version.deno}\n`);
  await benchRequests(pinning);
  await benchDownloads(pinning);
}

function wireSizes(): string {
  const responses = typicalResponses();
  const rows = [0, TABLE_BYTES].map((capacity) => {
    const { sections, encoder, decoder } = qpackSize(responses, capacity);
    const name = capacity === 0 ? "static table only" : `dynamic table of ${capacity}`;
    return [name, ...[sections, encoder, sections + encoder, decoder].map(String)];
  });
  const plain = String(plainSize(responses));
  rows.push(["HTTP/1.1, for comparison", plain, "0", plain, "0"]);
  const head = ["bytes of 100 responses' fields", "sections", "encoder", "sum", "back"];
  return table(head, rows);
}

async function benchRequests(pinning: Pinning): Promise<void> {
  const options = {
    seconds: Number(values.seconds),
    concurrency: Number(values.concurrency),
    connections: Number(values.connections),
    pinning,
  };
  const rounds = Number(values.rounds);
  console.log(
    `Bun's fetch, ${options.connections} connections, ${options.concurrency} requests in flight, ` +
      `${options.seconds} s, ${rounds} interleaved rounds`,
  );
  await using stack = new AsyncDisposableStack();
  const contestants = chosen(http3Contestants());
  const servers = await startAll(contestants, pinning, stack);
  for (const [name, server] of servers) await checkHttp3(name, server);
  const samples = await measure(servers, rounds, bunLoad(options), (round) => {
    console.error(`round ${round} of ${rounds}`);
  });
  const present = contestants.filter(({ name }) => samples.has(name));
  console.log(`${contestantTable(present, samples)}\n`);
  console.log(`${comparisonTable(HTTP3_COMPARISONS, samples)}\n`);
}

async function benchDownloads(pinning: Pinning): Promise<void> {
  const size = Number(values.megabytes) * 1e6;
  await using stack = new AsyncDisposableStack();
  const servers = await startAll(chosen(http3Contestants(size)), pinning, stack);
  const rates = new Map([...servers.keys()].map((name) => [name, [] as number[]]));
  for (let round = 0; round < DOWNLOADS; round++) {
    for (const [name, server] of servers) {
      rates.get(name)!.push(await downloadRate(server, size, pinning));
    }
  }
  const rows = [...rates].map(([name, list]) => [
    name,
    median(list).toFixed(0),
    `${Math.min(...list).toFixed(0)}..${Math.max(...list).toFixed(0)}`,
  ]);
  console.log(table([`download of ${values.megabytes} MB`, "MB/s", "min..max"], rows));
}

async function startAll(
  contestants: readonly Contestant[],
  pinning: Pinning,
  stack: AsyncDisposableStack,
): Promise<Map<string, ServerProcess>> {
  const servers = new Map<string, ServerProcess>();
  for (const { name, title, find } of contestants) {
    const command = await find();
    const port = freePort();
    if (command) {
      servers.set(name, stack.use(await ServerProcess.start(pinning.server(command(port)), port)));
    } else console.log(`SKIPPED: ${name} (${title}) is not installed`);
  }
  return servers;
}

function chosen(contestants: readonly Contestant[]): readonly Contestant[] {
  const only = values.only?.split(",");
  return contestants.filter(({ name }) => only === undefined || only.includes(name));
}

await main();
