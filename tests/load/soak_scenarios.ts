/**
 * What visitors of the soak do over every protocol. Each checks all of what it gets.
 *
 * @module
 */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { ObservedProtocol } from "../../mod.ts";
import {
  type Client,
  type ClientExchange,
  type ClientRequest,
  type ClientResponse,
  fieldOf,
  request,
} from "../_support/client.ts";
import { EVENT, SLOW_ANSWER, SLOW_MS } from "./soak_apps.ts";
import type { Books } from "./soak_books.ts";
import { checksumOf, contentOf, LARGE_SIZES, piecesOf, SMALL_SIZES } from "./soak_content.ts";
import { between, pick, type Random } from "./soak_random.ts";

/** A way to the server. */
export interface Route {
  /** Name of protocol and client. */
  readonly name: string;
  /** Protocol. */
  readonly protocol: ObservedProtocol;
  /** Address of the server. */
  readonly url: string;
  /** Whether the client can name any host. */
  readonly anyHost: boolean;
  /** The client that visitors share. */
  readonly client: Client;
  /** A client with connections of its own. */
  connect(): Client;
}

/** One visitor. */
export interface Visit {
  /** How it comes. */
  readonly route: Route;
  /** Its chances. */
  readonly random: Random;
  /** Where it enters what the server has to count. */
  readonly books: Books;
}

/** What a visitor does. */
export interface Scenario {
  /** Name in reports. */
  readonly name: string;
  /** How often, among all. */
  readonly weight: number;
  /** Whether it is an ordinary request, whose duration counts. */
  readonly timed?: boolean;
  /** @throws {Error} For whatever is not as it should be. */
  run(visit: Visit): Promise<void>;
}

/** Forms of application, by their mount. */
const FORMS = ["/fetch", "/asgi", "/wsgi"] as const;

/** Those that can wait. */
const WAITING_FORMS = ["/fetch", "/asgi"] as const;

/** What visitors do with clients of every protocol. */
export const SCENARIOS: readonly Scenario[] = [
  { name: "small", weight: 40, timed: true, run: small },
  { name: "HEAD", weight: 4, timed: true, run: head },
  { name: "missing", weight: 4, timed: true, run: missing },
  { name: "throwing", weight: 2, timed: true, run: throwing },
  { name: "refused host", weight: 2, timed: true, run: refusedHost },
  { name: "download", weight: 6, run: download },
  { name: "upload", weight: 8, timed: true, run: (visit) => upload(visit, SMALL_SIZES) },
  { name: "large upload", weight: 3, run: (visit) => upload(visit, LARGE_SIZES) },
  { name: "upload in pieces", weight: 3, run: uploadInPieces },
  { name: "slow answer", weight: 4, run: slowAnswer },
  { name: "events, left", weight: 3, run: leaveEvents },
  { name: "download, left", weight: 2, run: leaveDownload },
  { name: "left before an answer", weight: 2, run: leaveBeforeAnswer },
  { name: "upload, left", weight: 2, run: leaveUpload },
  { name: "new connection", weight: 3, run: newConnection },
];

async function small({ route, random }: Visit): Promise<void> {
  const size = pick(random, SMALL_SIZES);
  const kind = pick(random, ["flat", "flat", "flat", "stream"]);
  const target = `${pick(random, FORMS)}/${kind}?${size}`;
  checkContent(await expect(route.client, { target }, 200), size);
}

async function head({ route, random }: Visit): Promise<void> {
  const size = pick(random, [...SMALL_SIZES, ...LARGE_SIZES]);
  const target = `${pick(random, FORMS)}/flat?${size}`;
  const response = await expect(route.client, { method: "HEAD", target }, 200);
  const length = fieldOf(response, "content-length") ?? "0"; // which may be left out (RFC 9110 §9.3.2)
  assert.equal(length, String(size));
  assert.equal(response.content.length, 0);
}

async function missing({ route, random }: Visit): Promise<void> {
  const { text } = await expect(route.client, { target: `${pick(random, FORMS)}/gone` }, 404);
  assert.equal(text, "no such thing");
}

async function throwing({ route, random, books }: Visit): Promise<void> {
  await expect(route.client, { target: `${pick(random, FORMS)}/throw` }, 500);
  books.thrown++;
}

async function refusedHost(visit: Visit): Promise<void> {
  if (!visit.route.anyHost) return await missing(visit);
  const sent: ClientRequest = { target: "/fetch/flat?1", fields: [["host", "evil.example"]] };
  await expect(visit.route.client, sent, 404);
  visit.books.refused++;
}

async function download({ route, random }: Visit): Promise<void> {
  const size = pick(random, LARGE_SIZES);
  const target = `${pick(random, FORMS)}/${pick(random, ["flat", "stream"])}?${size}`;
  checkContent(await expect(route.client, { target }, 200), size);
}

async function upload({ route, random }: Visit, sizes: readonly number[]): Promise<void> {
  const size = pick(random, sizes);
  const target = `${pick(random, FORMS)}/sum`;
  const sent = { method: "POST", target, content: contentOf(size) };
  assert.equal((await expect(route.client, sent, 200)).text, checksumOf(size));
}

async function uploadInPieces({ route, random }: Visit): Promise<void> {
  const size = pick(random, [...SMALL_SIZES, ...LARGE_SIZES]);
  const target = `${pick(random, FORMS)}/sum`;
  await using exchange = await route.client.open({ method: "POST", target, content: "open" });
  try {
    for (const piece of piecesOf(size)) await exchange.send(piece);
  } catch (cause) {
    const answer = await exchange.head(); // or the reason why there is none, which tells more
    throw new Error(`The upload was stopped, and answered with ${answer.status}`, { cause });
  }
  await exchange.finish();
  assert.equal((await exchange.head()).status, 200);
  assert.equal(await textOf(exchange), checksumOf(size));
}

async function slowAnswer({ route, random }: Visit): Promise<void> {
  const target = `${pick(random, WAITING_FORMS)}/slow`;
  assert.equal((await expect(route.client, { target }, 200)).text, SLOW_ANSWER);
}

async function leaveEvents({ route, random }: Visit): Promise<void> {
  const target = `${pick(random, WAITING_FORMS)}/events`;
  await using exchange = await route.client.open({ target });
  assert.equal((await exchange.head()).status, 200);
  const wanted = EVENT.repeat(between(random, 1, 8));
  let received = "";
  while (received.length < wanted.length) received += await nextText(exchange);
  assert.equal(received.slice(0, wanted.length), wanted);
}

async function leaveDownload({ route, random }: Visit): Promise<void> {
  const size = LARGE_SIZES.at(-1)!;
  const target = `${pick(random, FORMS)}/${pick(random, ["flat", "stream"])}?${size}`;
  await using exchange = await route.client.open({ target });
  assert.equal((await exchange.head()).status, 200);
  const wanted = between(random, 1, size / 2);
  for (let received = 0; received < wanted;) {
    const piece = await exchange.read();
    assert.ok(piece, `The content ended after ${received} bytes`);
    const expected = contentOf(size).subarray(received, received + piece.length);
    assert.ok(isSame(piece, expected), `Wrong content after ${received} bytes`);
    received += piece.length;
  }
}

/** With a client of its own, since over HTTP/3 to leave an unfinished request is to close the connection. */
async function leaveBeforeAnswer({ route, random }: Visit): Promise<void> {
  await using client = route.connect();
  await using exchange = await client.open({ target: `${pick(random, WAITING_FORMS)}/slow` });
  await pause(random() * SLOW_MS / 2);
  await exchange.leave();
}

async function leaveUpload({ route, random }: Visit): Promise<void> {
  await using client = route.connect();
  const target = `${pick(random, FORMS)}/sum`;
  await using exchange = await client.open({ method: "POST", target, content: "open" });
  for (let count = between(random, 0, 3); count > 0; count--) {
    await exchange.send(contentOf(pick(random, SMALL_SIZES.slice(1))).slice());
  }
  await pause(random() * SLOW_MS);
  await exchange.leave();
}

async function newConnection({ route, random }: Visit): Promise<void> {
  await using client = route.connect();
  const size = pick(random, SMALL_SIZES);
  for (let count = between(random, 1, 3); count > 0; count--) {
    const target = `${pick(random, FORMS)}/flat?${size}`;
    checkContent(await expect(client, { target }, 200), size);
  }
}

/** The whole response, which must have this status. */
async function expect(
  client: Client,
  sent: ClientRequest,
  status: number,
): Promise<ClientResponse> {
  const response = await request(client, sent);
  assert.equal(response.status, status);
  return response;
}

/** Length, the field that announces it where there is one, and checksum. */
function checkContent(response: ClientResponse, size: number): void {
  assert.equal(response.content.length, size);
  assert.equal(fieldOf(response, "content-length") ?? String(size), String(size));
  const sum = createHash("sha256").update(response.content).digest("hex");
  assert.equal(sum, checksumOf(size), "The content has another checksum");
}

async function textOf(exchange: ClientExchange): Promise<string> {
  let text = "";
  for (let piece = await exchange.read(); piece; piece = await exchange.read()) {
    text += new TextDecoder().decode(piece);
  }
  return text;
}

async function nextText(exchange: ClientExchange): Promise<string> {
  const piece = await exchange.read();
  assert.ok(piece, "The event stream ended");
  return new TextDecoder().decode(piece);
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
