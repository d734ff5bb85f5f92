/**
 * What attacks by WebSocket do to the runtime alone, and to this server: connections held, memory, other clients.
 *
 *     deno run -A tests/load/attack_websocket.ts [--only NAME]
 *
 * @module
 */

import { concat } from "../_support/bytes.ts";
import { freePort, ServerProcess } from "../_support/server_process.ts";
import { pause } from "../_support/waiting.ts";
import { connectTo, encodeFrame, handshakeRequest, OP } from "../_support/websocket_client.ts";

/** What an attack came to. */
export interface AttackFigures {
  /** Connections that the server's system still had when the attackers had waited. */
  readonly held: number;
  /** Growth of its resident memory at its peak, in MB. */
  readonly peakMB: number;
  /** The same after the attackers had waited. */
  readonly restMB: number;
  /** Milliseconds for a request of another client, 99 of 100 took less. */
  readonly p99: number;
  /** How many attackers were cut, of how many. */
  readonly outcome: string;
}

/** One attack; it returns when the attackers have nothing more to do but hold on. */
export interface WebSocketAttack {
  /** What the table calls it. */
  readonly name: string;
  /** Attackers. */
  readonly clients: number;
  /** What one of them does once it has the connection. */
  act(conn: Deno.Conn): Promise<void>;
  /** Where it connects; default `/echo`. */
  readonly target?: string;
}

/** Milliseconds an attack lasts, and then the attackers hold on. */
const [ATTACK_MS, HOLD_MS] = [3_000, 8_000];

/** Bytes one attacker sends at most, so that the machine survives what the server may not bound. */
const MOST_BYTES = 300e6;

function repeat(frame: Uint8Array, count: number): Uint8Array {
  return concat(Array.from({ length: count }, () => frame));
}

/** Sends the same bytes over and over. */
function flood(first: Uint8Array, bytes: Uint8Array): WebSocketAttack["act"] {
  return async (conn) => {
    const end = performance.now() + ATTACK_MS;
    await conn.write(first);
    for (let sent = 0; performance.now() < end && sent < MOST_BYTES; sent += bytes.length) {
      for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await conn.write(rest));
    }
  };
}

const NOTHING = new Uint8Array();
const hold = () => Promise.resolve();

/** The rows of the table. */
export const WEBSOCKET_ATTACKS: readonly WebSocketAttack[] = [
  { name: "500 clients that say nothing", clients: 500, act: hold },
  { name: "200 clients that never answer Close", clients: 200, target: "/close", act: hold },
  { name: "10 clients that do not read a feed of 100 MB", clients: 10, target: "/feed", act: hold },
  {
    name: "4 clients that do not read the echo of 10-byte messages",
    clients: 4,
    act: flood(NOTHING, repeat(encodeFrame(OP.text, "0123456789"), 2000)),
  },
  {
    name: "4 clients that flood empty messages",
    clients: 4,
    act: flood(NOTHING, repeat(encodeFrame(OP.text), 5000)),
  },
  {
    name: "4 clients that flood pings and do not read",
    clients: 4,
    act: flood(NOTHING, repeat(encodeFrame(OP.ping, "x".repeat(125)), 1000)),
  },
  {
    name: "one message in fragments of 64 KiB that never ends",
    clients: 1,
    act: flood(
      encodeFrame(OP.binary, "", { fin: false }),
      repeat(encodeFrame(OP.continuation, new Uint8Array(65_536), { fin: false }), 4),
    ),
  },
  {
    name: "4 clients that send messages of 17 MB",
    clients: 4,
    act: flood(NOTHING, encodeFrame(OP.binary, new Uint8Array(17e6))),
  },
];

/** Runs one attack on a server process. */
export async function runAttack(
  { clients, target = "/echo", act }: WebSocketAttack,
  server: ServerProcess,
): Promise<AttackFigures> {
  const before = server.residentBytes;
  server.resetPeak();
  const latencies: number[] = [];
  let over = false;
  const other = (async () => {
    while (!over) {
      const start = performance.now();
      await (await fetch(server.url)).text();
      latencies.push(performance.now() - start);
      await pause(5);
    }
  })();
  const conns: Deno.Conn[] = [];
  for (let i = 0; i < clients; i++) conns.push(await openAttack(server.url, target));
  const acting = Promise.all(conns.map((conn) => act(conn).catch(() => {})));
  await Promise.race([acting, pause(ATTACK_MS)]);
  await pause(HOLD_MS);
  over = true;
  await other;
  const held = established(Number(new URL(server.url).port)) - 1; // the other client's
  const figures = {
    held,
    peakMB: Math.round((server.peakResidentBytes - before) / 1e6),
    restMB: Math.round((server.residentBytes - before) / 1e6),
    p99: quantile(latencies, 0.99),
    outcome: `${clients - held} of ${clients} cut`,
  };
  for (const conn of conns) conn.close();
  await acting;
  return figures;
}

async function openAttack(url: string, target: string): Promise<Deno.Conn> {
  const conn = await connectTo(url);
  await conn.write(handshakeRequest({ target }));
  await conn.read(new Uint8Array(200)); // the answer is shorter; a client that does not read knows no more
  return conn;
}

/** Connections at the server's end, by the kernel's table. */
function established(port: number): number {
  const local = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return Deno.readTextFileSync("/proc/net/tcp").split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([, address, , state]) => address?.endsWith(local) && state === "01").length;
}

function quantile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length * share)] ?? NaN;
}

async function main(only: string | undefined): Promise<void> {
  const write = (line: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
  write("| Attack | Server | Held | Peak MB | Rest MB | Others' p99 ms | Outcome |");
  write("| --- | --- | --: | --: | --: | --: | --- |");
  for (const attack of WEBSOCKET_ATTACKS) {
    if (only !== undefined && !attack.name.includes(only)) continue;
    for (const kind of ["bare", "ours"]) {
      const port = freePort();
      const script = new URL("attack_websocket_server.ts", import.meta.url).pathname;
      const args = ["run", "-A", "--no-check", script, kind, `${port}`];
      await using server = await ServerProcess.start({ command: Deno.execPath(), args }, port);
      const { held, peakMB, restMB, p99, outcome } = await runAttack(attack, server);
      const figures = [attack.name, kind, held, peakMB, restMB, p99.toFixed(1), outcome];
      write(`| ${figures.join(" | ")} |`);
    }
  }
}

if (import.meta.main) {
  const only = Deno.args.indexOf("--only");
  await main(only === -1 ? undefined : Deno.args[only + 1]);
}
