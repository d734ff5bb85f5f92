/**
 * `deno task bench:websocket`: echoed messages a second against the runtime's own WebSockets, and memory of idle ones.
 *
 *     deno task bench:websocket [--rounds 15] [--seconds 1] [--sockets 64] [--depth 8] [--bytes 32] [--binary]
 *         [--connections 4] [--idle 1000] [--weighings 3] [--only bare,fetch,asgi]
 *
 * `--rounds 0` leaves the messages out, `--idle 0` the memory. It prints; it never fails a build. Numbers of different
 * runs or machines cannot be compared, ratios can. The load over HTTP/3 is another program than the one over HTTP/1.1,
 * so across the two only what the server needs of the processor can be compared.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- a command line tool

import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { freePort, type ServerCommand, ServerProcess } from "../_support/server_process.ts";
import { median, table } from "../_support/table.ts";
import { measure } from "./measure.ts";
import { findPinning, type Pinning, UNPINNED } from "./pinning.ts";
import { comparisonTable, contestantTable } from "./report.ts";
import {
  WEBSOCKET_COMPARISONS,
  type WebSocketContestant,
  webSocketContestants,
} from "./websocket/contestants.ts";
import { checkEcho, findTcpClient, messageLoad, type Messages } from "./websocket/load.ts";
import { type SocketWeight, weighSockets } from "./websocket/memory.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "15" },
    seconds: { type: "string", default: "1" },
    sockets: { type: "string", default: "64" },
    depth: { type: "string", default: "8" },
    bytes: { type: "string", default: "32" },
    binary: { type: "boolean", default: false },
    connections: { type: "string", default: "4" },
    idle: { type: "string", default: "1000" },
    weighings: { type: "string", default: "3" },
    only: { type: "string" },
  },
});

/** A contestant that is installed. */
type Present = readonly [contestant: WebSocketContestant, command: (port: number) => ServerCommand];

async function main(): Promise<void> {
  const found = await findPinning();
  if (!found) console.log("SKIPPED: pinning needs taskset and two processors; expect more noise");
  const processor = cpus();
  console.log(`${processor.length} x ${processor[0]?.model}, Deno ${Deno.version.deno}\n`);
  const present = await findAll();
  const measuring = (what: "messages" | "memory") =>
    present.filter(([{ measured }]) => measured.includes(what));
  if (Number(values.rounds) > 0) await benchMessages(measuring("messages"), found ?? UNPINNED);
  if (Number(values.idle) > 0) await benchMemory(measuring("memory"));
}

async function findAll(): Promise<Present[]> {
  const present: Present[] = [];
  const only = values.only?.split(",");
  for (const contestant of webSocketContestants(messages())) {
    if (only !== undefined && !only.includes(contestant.name)) continue;
    const command = await contestant.find();
    if (command) present.push([contestant, command]);
    else console.log(`SKIPPED: ${contestant.name} (${contestant.title}) is not installed`);
  }
  return present;
}

function messages(): Messages {
  return { bytes: Number(values.bytes), binary: values.binary };
}

async function benchMessages(present: readonly Present[], pinning: Pinning): Promise<void> {
  const options = {
    ...messages(),
    seconds: Number(values.seconds),
    sockets: Number(values.sockets),
    depth: Number(values.depth),
    connections: Number(values.connections),
    pinning,
  };
  const rounds = Number(values.rounds);
  const client = await findTcpClient();
  console.log(
    `${options.bytes} bytes of ${
      options.binary ? "binary" : "text"
    }, ${options.sockets} sockets, ` +
      `${options.depth} messages in flight on each, ${options.seconds} s, ${rounds} interleaved rounds\n` +
      `over HTTP/1.1 by ${
        client.args[0] === "run" ? "Deno" : "Node.js"
      } on raw TCP, over HTTP/3 by ` +
      `a client in JavaScript on Deno's QUIC, ${options.connections} connections\n`,
  );
  await using stack = new AsyncDisposableStack();
  const servers = new Map<string, ServerProcess>();
  for (const [contestant, command] of present) {
    const port = freePort();
    const server = stack.use(await ServerProcess.start(pinning.server(command(port)), port));
    servers.set(contestant.name, server);
    await checkEcho(contestant, server.url, options);
  }
  const contestants = present.map(([contestant]) => contestant);
  const load = messageLoad(options, client, contestants);
  const samples = await measure(servers, rounds, load, (round) => {
    console.error(`round ${round} of ${rounds}`);
  });
  console.log(`${contestantTable(contestants, samples, "messages")}\n`);
  console.log(`${comparisonTable(WEBSOCKET_COMPARISONS, samples, "messages")}\n`);
}

async function benchMemory(present: readonly Present[]): Promise<void> {
  const count = Number(values.idle);
  const weighings = Number(values.weighings);
  const rows: string[][] = [];
  for (const [{ name, title, http3 }, command] of present) {
    const weights: SocketWeight[] = [];
    for (let weighing = 0; weighing < weighings; weighing++) {
      const port = freePort();
      weights.push(await weighSockets(command(port), port, http3, count));
    }
    const resident = weights.map((weight) => weight.resident / 1024);
    rows.push([
      name,
      median(resident).toFixed(1),
      `${Math.min(...resident).toFixed(1)}..${Math.max(...resident).toFixed(1)}`,
      median(weights.map((weight) => weight.heap / 1024)).toFixed(1),
      title,
    ]);
  }
  console.log(`${count} idle sockets, ${weighings} processes each, after a garbage collection`);
  console.log(table(["KiB for a socket", "resident", "min..max", "JavaScript", ""], rows));
}

await main();
