/**
 * `deno task load:http3`: a hundred thousand requests, streams that clients give up, and connects, and what is left of them.
 *
 *     deno task load:http3 [--backend resources] [--requests 100000] [--resets 20000] [--connects 2000]
 *
 * After each phase every count must be back at its start value. The exit code is 1 when one is not, when a request failed,
 * or when the memory grew by more than the target.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- a command line tool

import { parseArgs } from "node:util";
import { BUN, LOAD_CLIENT } from "../_support/bun_client.ts";
import { withDeadline } from "../_support/deadline.ts";
import { BACKENDS } from "../_support/h3_listener.ts";
import { outputOf } from "../_support/h3_tools.ts";
import { WireEndpoint } from "../_support/h3_wire.ts";
import { freePort, ServerProcess } from "../_support/server_process.ts";
import { table } from "../_support/table.ts";
import type { Report } from "./http3_server.ts";

/** What resident memory may grow by after the warm-up. It is coarse: the allocator alone moves it by tens of megabytes. */
const TARGET_BYTES = 25_000_000;

/** What JavaScript objects may grow by after the warm-up: twenty bytes for each of the requests would be too much. */
const HEAP_TARGET_BYTES = 2_000_000;

/** Streams a connection gives up: below the 1,000 at once that are taken for malice. */
const RESETS_PER_CONNECTION = 500;

/** Connections at a time that give streams up, and that connect. */
const AT_A_TIME = 4;

/** Looks at the memory, and milliseconds between two. */
const LOOKS = 10;
const LOOK_MS = 300;

/** Milliseconds until the server has noticed that killed clients are gone: twice its idle time-out, and some more. */
const SETTLE_MS = 6_000;

/** Milliseconds until a client, and the server, count as stuck. */
const BUN_MS = 120_000;
const REPORT_MS = 10_000;

const { values } = parseArgs({
  options: {
    backend: { type: "string" },
    requests: { type: "string", default: "100000" },
    resets: { type: "string", default: "20000" },
    connects: { type: "string", default: "2000" },
  },
});

/** What a phase does; how many of its requests failed. */
interface Phase {
  readonly name: string;
  run(port: number): Promise<number>;
}

/** The memory of the runtime's QUIC is at its height after some two thousand connects, and stays there. */
const WARM_UP: Phase = {
  name: "warm-up",
  run: async (port) =>
    await requests(port, 25_000) + await resets(port, 5_000) + await connects(port, 3_000),
};

const PHASES: readonly Phase[] = [
  {
    name: `${values.requests} requests, 4 connections`,
    run: (port) => requests(port, Number(values.requests)),
  },
  { name: `${values.resets} streams given up`, run: (port) => resets(port, Number(values.resets)) },
  { name: `${values.connects} connects`, run: (port) => connects(port, Number(values.connects)) },
];

function requests(port: number, count: number): Promise<number> {
  const amount = ["--requests", String(count), "--connections", "4", "--concurrency", "64"];
  return bun("get", `https://127.0.0.1:${port}/`, ...amount);
}

async function resets(port: number, count: number): Promise<number> {
  const amount = ["--requests", String(RESETS_PER_CONNECTION), "--concurrency", "32"];
  return await repeat(
    Math.ceil(count / RESETS_PER_CONNECTION),
    () => bun("reset", `https://127.0.0.1:${port}`, ...amount),
  );
}

async function connects(port: number, count: number): Promise<number> {
  using endpoint = new WireEndpoint();
  return await repeat(count, async () => {
    using connection = await endpoint.connect(port);
    return await connection.get("/") === "Hello, World!\n" ? 0 : 1;
  });
}

/** Does it so often, some at a time; sum of the results. */
async function repeat(times: number, once: () => Promise<number>): Promise<number> {
  let begun = 0;
  let sum = 0;
  await Promise.all(Array.from({ length: AT_A_TIME }, async () => {
    while (begun++ < times) sum += await once();
  }));
  return sum;
}

async function bun(...args: string[]): Promise<number> {
  const output = outputOf(BUN!, [LOAD_CLIENT, ...args]);
  return JSON.parse(await withDeadline(output, `the end of ${args.join(" ")}`, BUN_MS)).failures;
}

async function check(backend: string): Promise<boolean> {
  const port = freePort();
  await using server = await ServerProcess.start({
    command: Deno.execPath(),
    args: ["run", "-A", "--v8-flags=--expose-gc", "tests/load/http3_server.ts", backend, "soak"]
      .concat(String(port)),
    cwd: new URL("../../", import.meta.url).pathname,
  }, port);
  const start = await report(server);
  console.log(`back-end "${backend}", at the start: ${describe(start)}`);
  await WARM_UP.run(port);
  await settled(server, start);
  const warm = await memory(server);
  const rows: string[][] = [];
  for (const { name, run } of PHASES) {
    const started = performance.now();
    const failures = await run(port);
    const seconds = (performance.now() - started) / 1000;
    const left = await settled(server, start);
    const { heap, resident } = await memory(server);
    const lean = heap - warm.heap < HEAP_TARGET_BYTES && resident - warm.resident < TARGET_BYTES;
    rows.push([
      name,
      seconds.toFixed(1),
      String(failures),
      left,
      megabytes(warm.heap, heap),
      megabytes(warm.resident, resident),
      failures === 0 && left === "nothing" && lean ? "ok" : "FAILED",
    ]);
  }
  console.log(table(["phase", "s", "failures", "left over", "heap MB", "RSS MB", ""], rows));
  return !rows.some((row) => row.includes("FAILED"));
}

async function report(server: ServerProcess): Promise<Report> {
  return await withDeadline(
    fetch(server.url).then((response) => response.json()),
    "an answer of the server",
    REPORT_MS,
  );
}

/** Waits until the server holds what it held at the start; what it holds beyond that in the end. */
async function settled(server: ServerProcess, start: Report): Promise<string> {
  const deadline = performance.now() + SETTLE_MS;
  for (;;) {
    const now = await report(server);
    if (describe(now) === describe(start)) return "nothing";
    if (performance.now() > deadline) return describe(now);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The least memory for some seconds of garbage collections: the runtime gives it back late. */
async function memory(server: ServerProcess): Promise<{ heap: number; resident: number }> {
  const least = { heap: Infinity, resident: Infinity };
  for (let look = 0; look < LOOKS; look++) {
    least.heap = Math.min(least.heap, (await report(server)).heapBytes);
    least.resident = Math.min(least.resident, server.residentBytes);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return least;
}

function megabytes(before: number, after: number): string {
  return `${(before / 1e6).toFixed(1)} -> ${(after / 1e6).toFixed(1)}`;
}

function describe({ counts, resources, timers }: Report): string {
  return JSON.stringify({ ...counts, ...resources, timers });
}

async function main(): Promise<boolean> {
  if (BUN === null) {
    console.log('SKIPPED: the HTTP/3 load check needs Bun ("npx -y bun@1")');
    return true;
  }
  let right = true;
  for (const backend of values.backend?.split(",") ?? BACKENDS) {
    right = await check(backend) && right;
  }
  return right;
}

if (!await main()) Deno.exit(1);
