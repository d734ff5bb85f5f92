/**
 * What visitors of the soak do with bare sockets: WebSockets, and what no decent client does.
 *
 * @module
 */

import assert from "node:assert/strict";
import { withDeadline } from "../_support/deadline.ts";
import { RawConnection, RawResponse } from "../_support/raw_http.ts";
import { readResponse } from "../_support/client.ts";
import { OP, WebSocketClient } from "../_support/websocket_client.ts";
import { checksumOf, contentOf, SMALL_SIZES } from "./soak_content.ts";
import { createHash } from "node:crypto";
import { between, pick, type Random } from "./soak_random.ts";
import type { Scenario, Visit } from "./soak_scenarios.ts";

/** Bytes of the response that a slow reader reads. */
const SLOW_READ_BYTES = 500_000;

/** Milliseconds until the server has to have closed a silent connection: `keep_alive_timeout` is 5 s. */
const END_MS = 10_000;

/** What visitors do; their route is plain TCP. */
export const SOCKET_SCENARIOS: readonly Scenario[] = [
  { name: "WebSocket", weight: 5, run: chat },
  { name: "WebSocket, left", weight: 3, run: leaveChat },
  { name: "WebSocket, denied", weight: 1, run: deniedWebSocket },
  { name: "pipeline", weight: 2, run: pipeline },
  { name: "slow sender", weight: 1, run: sendSlowly },
  { name: "slow reader", weight: 1, run: readSlowly },
  { name: "half a head", weight: 1, run: halfHead },
  { name: "half a body", weight: 1, run: halfBody },
  { name: "silence", weight: 0.5, run: silence },
  { name: "knock", weight: 1, run: knock },
];

async function chat(visit: Visit): Promise<void> {
  using socket = await openWebSocket(visit);
  await talk(socket, visit.random);
  await socket.close(1000, "bye");
  assert.deepEqual(await socket.closing(), { code: 1000, reason: "bye" });
  await socket.ended();
}

async function leaveChat(visit: Visit): Promise<void> {
  using socket = await openWebSocket(visit);
  await talk(socket, visit.random);
  // What is on its way back makes the end a reset instead of a FIN.
  if (visit.random() < 0.5) await socket.send(contentOf(1_000));
}

async function openWebSocket({ route, random, books }: Visit): Promise<WebSocketClient> {
  const target = `${pick(random, ["/fetch", "/asgi"])}/socket`;
  const socket = await WebSocketClient.open(route.url, { target, fields: hostOf(route.url) });
  books.answered("h11", "GET", 101);
  books.webSockets++;
  return socket;
}

/** Sends messages and gets them back, with a ping between them. */
async function talk(socket: WebSocketClient, random: Random): Promise<void> {
  for (let count = between(random, 1, 6); count > 0; count--) {
    const content = contentOf(pick(random, [...SMALL_SIZES, 65_537]));
    if (random() < 0.5) {
      await socket.send(content);
      assert.deepEqual(await socket.message(), content);
    } else {
      const text = `ä${content.length}`.repeat(between(random, 1, 300));
      await socket.send(text);
      assert.equal(await socket.message(), text);
    }
  }
  await socket.frame(OP.ping, "here");
  const pong = await socket.next();
  assert.equal(pong?.opcode, OP.pong);
}

async function deniedWebSocket({ route, books }: Visit): Promise<void> {
  const options = { target: "/fetch/gone", fields: hostOf(route.url) };
  using socket = await WebSocketClient.connect(route.url, options);
  assert.equal(socket.answer.status, 404);
  books.answered("h11", "GET", 404);
}

/** Several requests in one write: the answers come in order. */
async function pipeline({ route, random, books }: Visit): Promise<void> {
  using connection = await RawConnection.open(route.url);
  const sizes = Array.from({ length: between(random, 2, 8) }, () => pick(random, SMALL_SIZES));
  await connection.send(sizes.map((size) => headFor(route.url, `/fetch/flat?${size}`)).join(""));
  for (const size of sizes) await checkAnswer(connection, size, books);
}

async function sendSlowly({ route, random, books }: Visit): Promise<void> {
  using connection = await RawConnection.open(route.url);
  const size = pick(random, SMALL_SIZES);
  const head = headFor(route.url, `/asgi/flat?${size}`);
  const step = Math.ceil(head.length / between(random, 2, 8));
  for (let at = 0; at < head.length; at += step) {
    await connection.send(head.slice(at, at + step));
    await pause(between(random, 10, 200));
  }
  await checkAnswer(connection, size, books);
}

async function readSlowly({ route, random, books }: Visit): Promise<void> {
  using connection = await RawConnection.open(route.url);
  const target = `${pick(random, ["/fetch", "/asgi", "/wsgi"])}/stream?${SLOW_READ_BYTES}`;
  await connection.send(headFor(route.url, target));
  const response = new RawResponse(connection);
  books.answered("h11", "GET", (await response.head()).status);
  const hash = createHash("sha256");
  for (let piece = await response.read(); piece; piece = await response.read()) {
    hash.update(piece);
    await pause(between(random, 5, 50));
  }
  assert.equal(hash.digest("hex"), checksumOf(SLOW_READ_BYTES));
}

/** The server never gets to see a request. */
async function halfHead({ route, random }: Visit): Promise<void> {
  using connection = await RawConnection.open(route.url);
  const head = headFor(route.url, "/fetch/flat?1");
  await connection.send(head.slice(0, between(random, 1, head.length - 3)));
  await pause(between(random, 0, 500));
}

async function halfBody({ route, random, books }: Visit): Promise<void> {
  using connection = await RawConnection.open(route.url);
  const target = `${pick(random, ["/fetch", "/asgi", "/wsgi"])}/sum`;
  await connection.send(headFor(route.url, target, "POST", "content-length: 100000\r\n"));
  await connection.send(contentOf(4_000));
  await pause(between(random, 0, 200));
  books.unanswered("h11");
}

/** A connection without a request is closed after the idle time, without a word. */
async function silence({ route }: Visit): Promise<void> {
  const { hostname, port } = new URL(route.url);
  using conn = await Deno.connect({ hostname, port: Number(port) });
  const end = withDeadline(conn.read(new Uint8Array(1)), "the end of a silent connection", END_MS);
  assert.equal(await end, null);
}

/** A connection that is gone before it was served. */
async function knock({ route }: Visit): Promise<void> {
  (await RawConnection.open(route.url))[Symbol.dispose]();
}

async function checkAnswer(
  connection: RawConnection,
  size: number,
  books: Visit["books"],
): Promise<void> {
  const response = await readResponse(new RawResponse(connection));
  books.answered("h11", "GET", response.status);
  assert.equal(response.status, 200);
  assert.equal(createHash("sha256").update(response.content).digest("hex"), checksumOf(size));
}

function headFor(url: string, target: string, method = "GET", fields = ""): string {
  return `${method} ${target} HTTP/1.1\r\nhost: ${new URL(url).host}\r\n${fields}\r\n`;
}

function hostOf(url: string): { host: string } {
  return { host: new URL(url).host };
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
