/**
 * `deno task bench:webtransport`: datagrams and streams of WebTransport sessions against the runtime's own server.
 *
 *     deno task bench:webtransport [--rounds 9] [--seconds 1] [--bytes 100] [--window 64] [--megabytes 200] [--only bare,fetch]
 *
 * It prints; it never fails a build. Numbers of different runs or machines cannot be compared, ratios can. The client is
 * JavaScript on Deno's QUIC, which is not much faster than a server: what a server needs of the processor says more than its
 * rate.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- a command line tool

import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { outputOf } from "../_support/h3_tools.ts";
import { freePort, ServerProcess } from "../_support/server_process.ts";
import type { Comparison, Contestant } from "./contestants.ts";
import { type Load, measure } from "./measure.ts";
import { findPinning, type Pinning, UNPINNED } from "./pinning.ts";
import { comparisonTable, contestantTable } from "./report.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "9" },
    seconds: { type: "string", default: "1" },
    bytes: { type: "string", default: "100" },
    window: { type: "string", default: "64" },
    megabytes: { type: "string", default: "200" },
    only: { type: "string" },
  },
});

const ROOT = new URL("../../", import.meta.url).pathname;

/** Every contestant, in the order of the report. */
const CONTESTANTS: readonly Contestant[] = [
  contestant("bare", "Deno.upgradeWebTransport, which takes a whole connection"),
  contestant("fetch", "ours, fetch"),
  contestant("asgi", "ours, ASGI"),
];

const COMPARISONS: readonly Comparison[] = [
  { name: "fetch", against: "bare" },
  { name: "asgi", against: "bare" },
  { name: "asgi", against: "fetch" },
];

/** What the client does, as it calls it. */
const WORKLOADS = [
  {
    mode: "echo",
    unit: "datagrams",
    title:
      `Datagrams of ${values.bytes} bytes that come back, ${values.window} under way; errors are those lost`,
  },
  {
    mode: "send",
    unit: "datagrams",
    title: `Datagrams of ${values.bytes} bytes to the server, as fast as the client can; likewise`,
  },
  { mode: "upload", unit: "MB", title: `A stream of ${values.megabytes} MB to the server` },
  { mode: "download", unit: "MB", title: `A stream of ${values.megabytes} MB from the server` },
] as const;

function contestant(name: string, title: string): Contestant {
  const command = (port: number) => ({
    command: Deno.execPath(),
    args: ["run", "-A", "tests/bench/webtransport/serve.ts", name, String(port)],
    cwd: ROOT,
  });
  return { name, title, find: () => Promise.resolve(command) };
}

async function main(): Promise<void> {
  const found = await findPinning();
  if (!found) console.log("SKIPPED: pinning needs taskset and two processors; expect more noise");
  const pinning = found ?? UNPINNED;
  const processor = cpus();
  const rounds = Number(values.rounds);
  console.log(`${processor.length} x ${processor[0]?.model}, Deno ${Deno.version.deno}`);
  console.log(`client in JavaScript, ${rounds} interleaved rounds\n`);
  await using stack = new AsyncDisposableStack();
  const only = values.only?.split(",");
  const present = CONTESTANTS.filter(({ name }) => only === undefined || only.includes(name));
  const servers = new Map<string, ServerProcess>();
  for (const { name, find } of present) {
    const port = freePort();
    const command = pinning.server((await find())!(port));
    servers.set(name, stack.use(await ServerProcess.start(command, port)));
  }
  for (const { mode, unit, title } of WORKLOADS) {
    const samples = await measure(servers, rounds, sessionLoad(mode, pinning), (round) => {
      console.error(`${mode}: round ${round} of ${rounds}`);
    });
    console.log(`${title}\n${contestantTable(present, samples, unit)}\n`);
    console.log(`${comparisonTable(COMPARISONS, samples, unit)}\n`);
  }
}

/** The load of one session; "requests" are datagrams that arrived, or megabytes. */
function sessionLoad(mode: string, pinning: Pinning): Load {
  const { seconds, bytes, window, megabytes } = values;
  const flags = Object.entries({ seconds, bytes, window, megabytes })
    .flatMap(([name, value]) => [`--${name}`, value]);
  return async (url) => {
    const target = url.replace("http:", "https:");
    const { command, args } = pinning.load({
      command: Deno.execPath(),
      args: ["run", "-A", `${ROOT}tests/bench/webtransport/load_client.ts`, mode, target, ...flags],
    });
    const { count, sent, seconds } = JSON.parse(await outputOf(command, args));
    return { requests: count, requestsPerSecond: count / seconds, errors: sent - count };
  };
}

await main();
