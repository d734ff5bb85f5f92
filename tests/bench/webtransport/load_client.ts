/**
 * One WebTransport session on Deno's own QUIC, without a line of the server's sessions: one line of JSON on standard output.
 *
 *     deno run -A load_client.ts echo URL [--seconds 1] [--bytes 100] [--window 64]      {"count", "seconds", "sent"}
 *     deno run -A load_client.ts send URL [--seconds 1] [--bytes 100]                    the same; the server counts
 *     deno run -A load_client.ts upload|download URL [--megabytes 200]                    the same; the count is of MB
 *
 * `echo` has WINDOW datagrams under way, and counts those that come back. It is JavaScript.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- a command line tool

import { parseArgs } from "node:util";
import { CERTIFICATE } from "../../_support/certificates.ts";
import { headers } from "../../_support/h3_attacker.ts";
import {
  BROWSER_SETTINGS,
  controlOf,
  datagramOf,
  sessionFields,
  streamStart,
  WT_STREAM,
} from "../../_support/webtransport_wire.ts";
import { core, resourceOf } from "../h3/resources.ts";
import { ECHO, HEAD_BYTES, PIECE_BYTES, sendPieces } from "./apps.ts";

const { values, positionals: [mode = "", url = ""] } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: {
    seconds: { type: "string", default: "1" },
    bytes: { type: "string", default: "100" },
    window: { type: "string", default: "64" },
    megabytes: { type: "string", default: "200" },
  },
});
const duration = Number(values.seconds) * 1000;

/** Milliseconds without a datagram after which all that are under way count as lost. */
const LOST_MS = 20;

/** Milliseconds in which the server gets what is still under way. */
const SETTLE_MS = 100;

/** Datagrams sent without a look at anything else. */
const BURST = 32;

interface Result {
  readonly count: number;
  readonly sent: number;
  readonly seconds: number;
}

const held: unknown[] = []; // a collected stream ends

async function connect(): Promise<Deno.QuicConn> {
  const connection = await Deno.connectQuic({
    hostname: "127.0.0.1",
    port: Number(new URL(url).port),
    serverName: "localhost",
    alpnProtocols: ["h3"],
    caCerts: [CERTIFICATE],
  });
  const control = (await connection.createUnidirectionalStream()).getWriter();
  await control.write(controlOf(BROWSER_SETTINGS) as Uint8Array<ArrayBuffer>);
  held.push(control);
  void keepUnidirectional(connection).catch(() => {}); // until the end of the program
  return connection;
}

async function keepUnidirectional(connection: Deno.QuicConn): Promise<void> {
  for await (const stream of connection.incomingUnidirectionalStreams) held.push(stream);
}

/** Opens the session; its id. */
async function open(connection: Deno.QuicConn): Promise<number> {
  const stream = await connection.createBidirectionalStream();
  held.push(stream);
  const writer = stream.writable.getWriter();
  await writer.write(headers(sessionFields()) as Uint8Array<ArrayBuffer>);
  const { value } = await stream.readable.getReader().read();
  const accepted = value !== undefined && value[0] === 0x01 && value.includes(STATUS_200);
  if (!accepted) throw new Error(`The session was refused: ${value}`);
  return Number(stream.readable.id);
}

/** `:status: 200` as an index into the static table (RFC 9204 appendix A). */
const STATUS_200 = 0xc0 | 25;

function datagram(sessionId: number, first: number): Uint8Array {
  return datagramOf(sessionId, new Uint8Array(Number(values.bytes)).fill(first));
}

async function echo(connection: Deno.QuicConn, sessionId: number): Promise<Result> {
  const bytes = datagram(sessionId, ECHO);
  const window = Number(values.window);
  const started = performance.now();
  let [count, sent, underWay, last] = [0, 0, 0, started];
  const fill = () => {
    for (; underWay < window; underWay++, sent++) void connection.sendDatagram(bytes.slice());
  };
  const giveUp = setInterval(() => {
    if (performance.now() - last < LOST_MS) return;
    underWay = 0;
    fill();
  }, LOST_MS);
  fill();
  for (; last < started + duration; last = performance.now()) {
    await connection.readDatagram();
    count++;
    underWay = Math.max(underWay - 1, 0);
    fill();
  }
  clearInterval(giveUp);
  return { count, sent, seconds: secondsSince(started) };
}

async function send(connection: Deno.QuicConn, sessionId: number): Promise<Result> {
  const bytes = datagram(sessionId, 0);
  const before = await countedBy();
  const started = performance.now();
  let sent = 0;
  for (; performance.now() < started + duration; sent += BURST) {
    const burst = Array.from({ length: BURST }, () => connection.sendDatagram(bytes.slice()));
    await Promise.all(burst);
  }
  const seconds = secondsSince(started);
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  return { count: await countedBy() - before, sent, seconds };
}

async function countedBy(): Promise<number> {
  return await (await fetch(url.replace("https:", "http:"))).json();
}

async function transfer(
  connection: Deno.QuicConn,
  sessionId: number,
  isUpload: boolean,
): Promise<Result> {
  const size = Number(values.megabytes) * 1e6;
  const stream = await connection.createBidirectionalStream();
  held.push(stream);
  const [sending, receiving] = [resourceOf(stream.writable), resourceOf(stream.readable)];
  const head = new Uint8Array(HEAD_BYTES);
  new DataView(head.buffer).setFloat64(0, isUpload ? size : -size);
  const started = performance.now();
  await core.writeAll(sending, streamStart(WT_STREAM.BIDIRECTIONAL, sessionId));
  await core.writeAll(sending, head);
  if (isUpload) await sendPieces(size, (piece) => core.writeAll(sending, piece));
  const buffer = new Uint8Array(PIECE_BYTES);
  for (let left = isUpload ? 1 : size; left > 0;) {
    const count = await core.read(receiving, buffer);
    if (count === 0) throw new Error(`The stream ended ${left} bytes too early`);
    left -= count;
  }
  return { count: size / 1e6, sent: size / 1e6, seconds: secondsSince(started) };
}

function secondsSince(started: number): number {
  return (performance.now() - started) / 1000;
}

const MODES: Readonly<Record<string, typeof echo>> = {
  echo,
  send,
  upload: (connection, id) => transfer(connection, id, true),
  download: (connection, id) => transfer(connection, id, false),
};

const run = MODES[mode];
if (run === undefined) throw new Error(`Unknown mode "${mode}"`);
const connection = await connect();
const sessionId = await open(connection);
console.log(JSON.stringify(await run(connection, sessionId)));
connection.close({ closeCode: 0x100, reason: "" });
await connection.closed;
Deno.exit();
