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

import { fileURLToPath } from "node:url";
import { cpuUsage } from "node:process";
import { parseArgs } from "node:util";
import { withDeadline } from "../_support/deadline.ts";
import { freePort, ServerProcess } from "../_support/server_process.ts";
import { table } from "../_support/table.ts";
import { sumOf, valueOf } from "../metrics/exposition.ts";
import { Books, type Page } from "./soak_books.ts";
import { curve } from "./soak_chart.ts";
import { atRest, type Places, readPage, type Sample, settled, takeSample } from "./soak_samples.ts";
import { LOG_NAMES } from "./soak_server.ts";
import { type Addresses, Traffic } from "./soak_traffic.ts";
import { type Check, memoryChecks } from "./soak_verdict.ts";

/** Milliseconds between samples; shorter when the whole soak is short. */
const SAMPLE_MS = 5_000;

/** Samples at least. */
const LEAST_SAMPLES = 10;

/** Milliseconds until everything has to be gone: the idle time of connections is 5 s. */
const SETTLE_MS = 20_000;

/** Milliseconds a server without work may take to stop: `graceful_timeout` is 3 s. */
const STOP_MS = 3_000;

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

async function soak(subject: Subject, milliseconds: number): Promise<boolean> {
  const books = new Books();
  const before = await atRest(subject);
  const traffic = new Traffic({
    ...subject,
    books,
    rate: Number(values.rate),
    seed: Number(values.seed),
    only: values.only,
  });
  const seconds = () => [subject.server.cpuSeconds, cpuUsage().user / 1e6] as const;
  const cpu = seconds();
  const samples = await sampleDuring(traffic.run(milliseconds), subject, milliseconds);
  const shares = seconds().map((now, index) => (now - cpu[index]!) / (milliseconds / 1000));
  await traffic.leave();
  await traffic[Symbol.asyncDispose]();
  const left = await settled(subject, before, SETTLE_MS);
  const after = await takeSample(subject, 0);
  const page = await readPage(subject);
  const differences = books.differences(page);
  const checks: Check[] = [
    {
      name: "no unexpected errors",
      found: `${traffic.errorCount}`,
      right: traffic.errorCount === 0,
    },
    { name: "nothing is left over", found: left ?? "nothing", right: left === null },
    ...memoryChecks(samples, [before, after]),
    {
      name: "metrics agree with clients",
      found: differences.join("; ") || `${books.answers} answered, ${books.unknown} given up`,
      right: differences.length === 0,
    },
    await stopCheck(subject),
    await accessLogCheck(subject, sumOf(page, "hypercorn_requests_total")),
    errorLogCheck(page, books),
  ];
  printCurves(samples);
  printTraffic(traffic);
  const [serverShare, clientShare] = shares.map((share) => `${(share * 100).toFixed(0)} %`);
  console.log(`CPU: server ${serverShare}, clients ${clientShare} of a core`);
  console.log(`longest stall of the clients: ${traffic.longestStall.toFixed(0)} ms\n`);
  printErrors(traffic);
  for (const { name, found, right } of checks) {
    console.log(`${right ? "ok    " : "FAILED"} ${name}: ${found}`);
  }
  return checks.every(({ right }) => right);
}

async function stopCheck({ server }: Subject): Promise<Check> {
  const started = performance.now();
  server.kill("SIGTERM");
  const name = "the server stops in time, with exit code 0";
  try {
    const { code } = await withDeadline(server.output, "the end of the server", 10 * STOP_MS);
    const took = performance.now() - started;
    const found = `${code} after ${(took / 1000).toFixed(2)} s`;
    return { name, found, right: code === 0 && took <= STOP_MS };
  } catch (error) {
    return { name, found: (error as Error).message, right: false };
  }
}

async function accessLogCheck({ folder }: Subject, requests: number): Promise<Check> {
  let lines = 0;
  using file = await Deno.open(`${folder}/${LOG_NAMES.access}`);
  for await (const bytes of file.readable) {
    for (const byte of bytes) if (byte === 10) lines++;
  }
  return {
    name: "the access log agrees with the metrics",
    found: `${lines} lines, ${requests} requests`,
    right: lines === requests,
  };
}

/** Every failure on purpose has its message, and there is no other. */
function errorLogCheck(page: Page, { thrown }: Books): Check {
  const count = (level: string) => valueOf(page, "hypercorn_log_messages_total", { level });
  const found = ["exception", "error", "warning"].map((level) => `${count(level)} ${level}s`);
  return {
    name: `the error log has ${thrown} exceptions and nothing else`,
    found: found.join(", "),
    right: count("exception") === thrown && count("error") === 0 && count("warning") === 0,
  };
}

function printCurves(samples: readonly Sample[]): void {
  const megabytes = (of: (sample: Sample) => number) => samples.map((sample) => of(sample) / 1e6);
  const rates = samples.slice(1).map(({ seconds, requests }, index) =>
    (requests - samples[index]!.requests) / (seconds - samples[index]!.seconds)
  );
  console.log([
    curve("RSS MB", megabytes(({ resident }) => resident)),
    curve("live heap MB", megabytes(({ heap }) => heap)),
    curve("external MB", megabytes(({ external }) => external)),
    curve("connections", samples.map(({ connections }) => connections), 0),
    curve("descriptors", samples.map(({ descriptors }) => descriptors), 0),
    curve("requests/s", rates, 0),
    "",
  ].join("\n"));
}

function printTraffic({ durations, visits, count }: Traffic): void {
  const rows = Object.entries(durations).map(([protocol, times]) => {
    const sorted = Float64Array.from(times).sort();
    const at = (share: number) => (sorted[Math.floor(sorted.length * share)] ?? NaN).toFixed(1);
    return [protocol, String(sorted.length), at(0.5), at(0.99), at(0.999)];
  });
  console.log(table(["protocol", "ordinary requests", "p50 ms", "p99 ms", "p99.9 ms"], rows));
  const kinds = [...visits].map(([name, times]) => `${times} ${name}`).join(", ");
  console.log(`\n${count} visits: ${kinds}\n`);
}

function printErrors({ errors }: Traffic): void {
  for (const [kind, { count, text }] of errors) console.log(`${count} x ${kind}\n    ${text}`);
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
    return await soak(subject, minutes * 60_000);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (!await main()) Deno.exit(1);
