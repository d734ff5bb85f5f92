/**
 * `deno task load:http3:lossy`: transfers over HTTP/3 when packets are lost, doubled and overtaken.
 *
 *     deno task load:http3:lossy [--transfers 50] [--megabytes 2] [--seed 1]
 *
 * Client, relay and server share a process. The exit code is 1 when a checksum is wrong.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- a command line tool

import { parseArgs } from "node:util";
import { WireEndpoint } from "../_support/h3_wire.ts";
import { LogSink } from "../_support/log_sink.ts";
import { LossyRelay } from "../_support/lossy_relay.ts";
import { table } from "../_support/table.ts";
import { quicPort, startH3 } from "../interop/h3_server.ts";
import { download, upload } from "./lossy_transfer.ts";

const { values } = parseArgs({
  options: {
    transfers: { type: "string", default: "50" },
    megabytes: { type: "string", default: "2" },
    seed: { type: "string", default: "1" },
  },
});

const SIZE = Number(values.megabytes) * 1_000_000;

/** Makes all transfers of one direction on one connection, one after the other. Returns a row of the report. */
async function transfers(
  port: number,
  name: string,
  move: typeof download,
): Promise<string[]> {
  using relay = new LossyRelay({ port, seed: Number(values.seed) });
  using endpoint = new WireEndpoint();
  using connection = await endpoint.connect(relay.port);
  const started = performance.now();
  let right = 0;
  for (let count = 0; count < Number(values.transfers); count++) {
    if (await move(connection, SIZE)) right++;
  }
  const seconds = (performance.now() - started) / 1000;
  const { received, lost, doubled, late } = relay.counts;
  const rate = right * SIZE / 1_000_000 / seconds;
  return [name, `${right} of ${values.transfers}`, `${rate.toFixed(1)} MB/s`]
    .concat([received, lost, doubled, late].map(String));
}

async function main(): Promise<boolean> {
  const log = new LogSink();
  await using server = await startH3(log);
  const rows = [
    await transfers(quicPort(server), "download", download),
    await transfers(quicPort(server), "upload", upload),
  ];
  const head = ["direction", "sums right", "rate", "datagrams", "lost", "doubled", "late"];
  console.log(table(head, rows));
  for (const line of log.matching("ERROR")) console.log(line);
  const all = `${values.transfers} of ${values.transfers}`;
  return rows.every(([, right]) => right === all) && log.matching("ERROR").length === 0;
}

if (!await main()) Deno.exit(1);
