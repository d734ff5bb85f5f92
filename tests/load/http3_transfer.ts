/**
 * `deno task load:http3:transfer`: large contents over HTTP/3, a client that stops reading, and what connections weigh.
 *
 *     deno task load:http3:transfer [--megabytes 100] [--backend resources] [--only fetch,asgi,wsgi]
 *
 * The exit code is 1 when a checksum is wrong or memory grows by more than the target.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- a command line tool

import { createHash } from "node:crypto";
import { parseArgs } from "node:util";
import { BUN, LOAD_CLIENT } from "../_support/bun_client.ts";
import { BACKENDS } from "../_support/h3_listener.ts";
import { outputOf } from "../_support/h3_tools.ts";
import { type WireConnection, WireEndpoint, type WireStream } from "../_support/h3_wire.ts";
import { freePort, ServerProcess } from "../_support/server_process.ts";
import { table } from "../_support/table.ts";
import { sumOf } from "./content.ts";
import type { Report } from "./http3_server.ts";

const MEGABYTE = 1_000_000;

/** What resident memory may grow by during a transfer, whatever its size. */
const TRANSFER_TARGET_BYTES = 60 * MEGABYTE;

/** What it may grow by while a client does not read: what the stream has in flight, and buffers. */
const STOPPED_TARGET_BYTES = 8 * MEGABYTE;

/** Milliseconds the client does not read. */
const STOP_MS = 5_000;

/** Milliseconds for what clients have done to arrive at the server. */
const SETTLE_MS = 10_000;

/** Bytes moved before the measurement, so that compiled code and buffers in use anyway are not counted. */
const WARM_UP_BYTES = 20 * MEGABYTE;

const { values } = parseArgs({
  options: {
    megabytes: { type: "string", default: "100" },
    backend: { type: "string" },
    only: { type: "string", default: "fetch,asgi,wsgi" },
  },
});

const SIZE = Number(values.megabytes) * MEGABYTE;

async function start(backend: string, form: string): Promise<ServerProcess & { port: number }> {
  const port = freePort();
  const server = await ServerProcess.start({
    command: Deno.execPath(),
    args: ["run", "-A", "--v8-flags=--expose-gc", "tests/load/http3_server.ts", backend, form]
      .concat(String(port)),
    cwd: new URL("../../", import.meta.url).pathname,
  }, port);
  return Object.assign(server, { port });
}

/** Moves bytes by Bun; whether the checksum was right. */
async function move(port: number, direction: string, size: number): Promise<boolean> {
  const url = `https://127.0.0.1:${port}/`;
  const args = direction === "download" ? [`${url}?${size}`] : [url, String(size)];
  const result = JSON.parse(await outputOf(BUN!, [LOAD_CLIENT, direction, ...args]));
  return (direction === "download" ? result.sha256 : result.answer) === sumOf(size);
}

async function transfer(backend: string, form: string, direction: string): Promise<string[]> {
  await using server = await start(backend, form); // fresh, so that nobody's garbage is another one's room
  await move(server.port, direction, WARM_UP_BYTES);
  const before = server.residentBytes;
  server.resetPeak();
  const started = performance.now();
  const right = await move(server.port, direction, SIZE);
  const seconds = (performance.now() - started) / 1000;
  const growth = server.peakResidentBytes - before;
  return [
    `${direction} ${values.megabytes} MB, ${form}`,
    backend,
    `${(SIZE / MEGABYTE / seconds).toFixed(0)} MB/s`,
    megabytes(growth),
    right ? "right" : "WRONG",
    growth < TRANSFER_TARGET_BYTES ? "ok" : "MISSED",
  ];
}

/** A client that takes the head of a large content, stops for a while, and reads the rest. */
async function stoppedReader(backend: string, form: string): Promise<string[]> {
  await using server = await start(backend, form);
  await move(server.port, "download", WARM_UP_BYTES);
  using endpoint = new WireEndpoint();
  using connection = await endpoint.connect(server.port);
  const stream = await connection.open("GET", `/?${SIZE}`);
  await stream.finish();
  const before = server.residentBytes;
  server.resetPeak();
  await new Promise((resolve) => setTimeout(resolve, STOP_MS));
  const growth = server.peakResidentBytes - before;
  const { content } = await stream.answer();
  const right = createHash("sha256").update(content).digest("hex") === sumOf(SIZE);
  return [
    `reader that stops for ${STOP_MS / 1000} s, ${form}`,
    backend,
    "",
    megabytes(growth),
    right ? "right" : "WRONG",
    growth < STOPPED_TARGET_BYTES ? "ok" : "MISSED",
  ];
}

/** What an idle connection and a request that is being sent cost. */
async function weights(backend: string): Promise<string[][]> {
  const connections = 200;
  const requests = 20;
  await using server = await start(backend, "fetch");
  using endpoint = new WireEndpoint();
  using stack = new DisposableStack();
  const open: WireConnection[] = [];
  const connect = async () => open.push(stack.use(await endpoint.connect(server.port)));
  for (let count = 0; count < 50; count++) await connect();
  for (const connection of open) await connection.get("/?10"); // a warm-up

  const before = await residentBytes(server, { connections: 50, streams: 0 });
  for (let count = 0; count < connections; count++) await connect();
  const idle = await residentBytes(server, { connections: 50 + connections, streams: 0 });
  const held: WireStream[] = [];
  for (const connection of open.slice(-connections / 2)) {
    for (let count = 0; count < requests; count++) {
      const stream = await connection.open("POST", "/");
      await stream.send(Uint8Array.of(1));
      held.push(stream);
    }
  }
  const busy = await residentBytes(server, {
    connections: 50 + connections,
    streams: held.length,
  });
  const row = (name: string, bytes: number) => [name, backend, "", megabytes(bytes), "", "ok"];
  return [
    row(`idle connection (mean of ${connections})`, (idle - before) / connections),
    row(`request in progress (mean of ${held.length})`, (busy - idle) / held.length),
  ];
}

/** Resident memory once the server has that many connections and streams, after a garbage collection. */
async function residentBytes(
  server: ServerProcess,
  expected: Readonly<Record<string, number>>,
): Promise<number> {
  const deadline = performance.now() + SETTLE_MS;
  for (;;) {
    const { counts }: Report = await (await fetch(server.url)).json(); // collects
    if (Object.entries(expected).every(([name, count]) => counts[name] === count)) break;
    if (performance.now() < deadline) continue;
    throw new Error(`Expected ${JSON.stringify(expected)}, found ${JSON.stringify(counts)}`);
  }
  return server.residentBytes;
}

function megabytes(bytes: number): string {
  return (bytes / MEGABYTE).toFixed(bytes < MEGABYTE ? 3 : 1);
}

async function main(): Promise<boolean> {
  if (BUN === null) {
    console.log('SKIPPED: the HTTP/3 transfer check needs Bun ("npx -y bun@1")');
    return true;
  }
  const rows: string[][] = [];
  for (const backend of values.backend?.split(",") ?? BACKENDS) {
    for (const form of values.only.split(",")) {
      rows.push(await transfer(backend, form, "download"));
      rows.push(await transfer(backend, form, "upload"));
    }
    rows.push(await stoppedReader(backend, "fetch"), await stoppedReader(backend, "asgi"));
    rows.push(...await weights(backend));
  }
  console.log(table(["check", "back-end", "rate", "memory + MB", "checksum", ""], rows));
  return !rows.some((row) => row.includes("WRONG") || row.includes("MISSED"));
}

if (!await main()) Deno.exit(1);
