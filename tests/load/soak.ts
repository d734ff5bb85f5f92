/**
 * `deno task soak [minutes]`: visitors of every kind over HTTP/1.1, HTTP/2, HTTP/3 and WebSocket, and what is left of them.
 *
 *     deno task soak [5] [--seed N] [--rate 300] [--only "h3, HEAD"]
 *
 * Visitors come at random, as the seed says, and check all they get; many leave in the middle. In the end nothing may be
 * left of them, the memory may not have grown, the metrics and the access log must tell of as many requests as clients
 * made, and the server must stop in time. The exit code is 1 when anything is not as it should be.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- a command line tool

import { cpuUsage } from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { freePort, ServerProcess } from "../_support/server_process.ts";
import { sumOf } from "../metrics/exposition.ts";
import { Books } from "./soak_books.ts";
import { accessLogCheck, errorLogCheck, metricsCheck, stopCheck } from "./soak_checks.ts";
import { atRest, type Places, readPage, type Sample, settled, takeSample } from "./soak_samples.ts";
import { LOG_NAMES } from "./soak_server.ts";
import { curvesOf, errorsOf, trafficOf, verdictOf } from "./soak_summary.ts";
import { type Addresses, Traffic } from "./soak_traffic.ts";
import { type Check, memoryChecks } from "./soak_verdict.ts";

/** Milliseconds between samples; shorter when the whole soak is short. */
const SAMPLE_MS = 5_000;

/** Samples at least. */
const LEAST_SAMPLES = 10;

/** Milliseconds until everything has to be gone: the idle time of connections is 5 s. */
const SETTLE_MS = 20_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    rate: { type: "string", default: "300" },
    only: { type: "string", default: "" },
  },
});

/** A server under soak. */
interface Subject extends Places, Addresses {
  readonly server: ServerProcess;
  readonly folder: string;
}

async function startServer(folder: string): Promise<Subject> {
  const ports = Array.from({ length: 4 }, freePort);
  const [plain, tls, admin, report] = ports as [number, number, number, number];
  const server = await ServerProcess.start({
    command: Deno.execPath(),
    args: ["run", "-A", "--v8-flags=--expose-gc", "tests/load/soak_server.ts"]
      .concat(ports.map(String), folder),
    cwd: fileURLToPath(new URL("../../", import.meta.url)),
  }, admin);
  return {
    server,
    folder,
    pid: server.pid,
    plain: `http://127.0.0.1:${plain}`,
    tls: `https://127.0.0.1:${tls}`,
    metrics: `http://127.0.0.1:${admin}/metrics`,
    report: `http://127.0.0.1:${report}/`,
  };
}

/** Samples until the traffic is over. */
async function sampleDuring(
  work: Promise<void>,
  places: Places,
  milliseconds: number,
): Promise<Sample[]> {
  const samples: Sample[] = [];
  const started = performance.now();
  const every = Math.min(SAMPLE_MS, milliseconds / LEAST_SAMPLES);
  for (let over = false; !over;) {
    const pause = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), every));
    over = await Promise.race([work.then(() => true), pause]);
    if (!over) samples.push(await takeSample(places, started));
  }
  return samples;
}

/** What came of it. */
interface Outcome {
  readonly traffic: Traffic;
  readonly books: Books;
  /** Before the traffic, while it went on, and after it. */
  readonly samples: readonly [before: Sample, during: readonly Sample[], after: Sample];
  /** What was left over, in words. */
  readonly left: string | null;
  /** CPU time used by server and clients, in cores. */
  readonly cpu: readonly number[];
}

async function soak(subject: Subject, milliseconds: number): Promise<Outcome> {
  const books = new Books();
  const before = await atRest(subject);
  const { rate, seed, only } = values;
  const traffic = new Traffic({
    ...subject,
    books,
    only,
    rate: Number(rate),
    seed: Number(seed),
  });
  const seconds = () => [subject.server.cpuSeconds, cpuUsage().user / 1e6];
  const started = seconds();
  const during = await sampleDuring(traffic.run(milliseconds), subject, milliseconds);
  const cpu = seconds().map((now, index) => (now - started[index]!) / (milliseconds / 1000));
  await traffic.leave();
  await traffic[Symbol.asyncDispose]();
  const left = await settled(subject, before, SETTLE_MS);
  const after = await takeSample(subject, 0);
  return { traffic, books, samples: [before, during, after], left, cpu };
}

async function judge(subject: Subject, outcome: Outcome): Promise<Check[]> {
  const { traffic, books, samples: [before, during, after], left } = outcome;
  const { expectedErrors: expected, unexpectedErrors: unexpected } = traffic;
  const page = await readPage(subject);
  return [
    {
      name: "no unexpected errors",
      found: `${unexpected}, and ${expected} that were expected`,
      right: unexpected === 0,
    },
    { name: "nothing is left over", found: left ?? "nothing", right: left === null },
    ...memoryChecks(during, [before, after]),
    metricsCheck(page, books),
    errorLogCheck(page, books),
    await stopCheck(subject.server),
    await accessLogCheck(
      `${subject.folder}/${LOG_NAMES.access}`,
      sumOf(page, "hypercorn_requests_total"),
    ),
  ];
}

function print({ traffic, samples, cpu }: Outcome, checks: readonly Check[]): void {
  const [server, clients] = cpu.map((cores) => `${(cores * 100).toFixed(0)} %`);
  console.log(`${curvesOf(samples[1])}\n\n${trafficOf(traffic)}\n`);
  console.log(`CPU: server ${server}, clients ${clients} of a core\n`);
  console.log(`${errorsOf(traffic)}${verdictOf(checks)}`);
}

async function main(): Promise<boolean> {
  const minutes = Number(positionals[0] ?? "5");
  if (!(minutes > 0)) throw new Error(`Expected minutes above 0, received "${positionals[0]}"`);
  console.log(
    `soak of ${minutes} minutes, ${values.rate} visits a second, --seed ${values.seed}\n`,
  );
  const folder = await Deno.makeTempDir({ prefix: "soak-" });
  try {
    const subject = await startServer(folder);
    await using _server = subject.server;
    const outcome = await soak(subject, minutes * 60_000);
    const checks = await judge(subject, outcome);
    print(outcome, checks);
    return checks.every(({ right }) => right);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (!await main()) Deno.exit(1);
