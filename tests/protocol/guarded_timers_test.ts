/**
 * Every timer of the guarded driver against a client it is there for: what that client gets, that others are served
 * meanwhile, and that nothing is left.
 */

import assert from "node:assert/strict";
import type { NativeInfo } from "../../src/protocol/serve_info.ts";
import { CERTIFICATE } from "../_support/certificates.ts";
import { withDeadline } from "../_support/deadline.ts";
import type { RawClient } from "../_support/raw_client.ts";
import { eventually } from "../_support/waiting.ts";
import {
  DEADLINE_MS,
  GET,
  guarded,
  type GuardedHarness,
  type HarnessOptions,
} from "./guarded_harness.ts";

const CHUNK = "x".repeat(64 * 1024);

/** 64 MiB, more than the system buffers. */
const LARGE = 1024;

interface Case {
  readonly name: string;
  readonly options: HarnessOptions;
  /** What the client says. */
  readonly says: (client: RawClient) => Promise<void>;
  /** What it is answered before the end of the connection. */
  readonly gets: RegExp;
  /** What is reported. */
  readonly reports?: RegExp;
}

/** Short, but long enough for a request that is sent at once. */
const SOON_MS = 500;

const upload = "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\nabc";

const CASES: readonly Case[] = [
  {
    name: "a client that says nothing",
    options: { keepAliveMs: SOON_MS },
    says: async () => {},
    gets: /^$/,
  },
  {
    name: "half a request head",
    options: { keepAliveMs: SOON_MS },
    says: (client) => client.send("GET / HTTP/1.1\r\nhost: loc"),
    gets: /^$/,
  },
  {
    name: "half a preface of HTTP/2",
    options: { keepAliveMs: SOON_MS },
    says: (client) => client.send("PRI * HTTP/2.0\r\n"),
    gets: /^$/,
  },
  {
    name: "silence after a response",
    options: { keepAliveMs: SOON_MS },
    says: async (client) => {
      await client.send(GET);
      await client.readUntil("hello");
    },
    gets: /^HTTP\/1.1 200 OK\r\n[^]*hello$/,
  },
  {
    name: "half of a second request head",
    options: { keepAliveMs: SOON_MS },
    says: async (client) => {
      await client.send(GET);
      await client.readUntil("hello");
      await client.send("GET / HT");
    },
    gets: /hello$/,
  },
  {
    name: "the first request head, where the idle time is 0",
    options: { keepAliveMs: 0 },
    says: async () => {},
    gets: /^$/,
  },
  {
    name: "an upload of which a handler says that it does not come",
    options: { handle: stalls },
    says: (client) => client.send(upload),
    gets: /^$/,
    reports: /does not send the rest of its request/,
  },
  {
    name: "an upload that nobody reads, after its response",
    options: { keepAliveMs: SOON_MS },
    says: (client) => client.send(upload),
    gets: /^HTTP\/1.1 200 OK\r\n[^]*hello$/,
  },
  ...[
    { name: "a stream", body: () => endless() },
    { name: "static text", body: () => CHUNK.repeat(LARGE) },
    { name: "static bytes", body: () => new Uint8Array(LARGE * CHUNK.length) },
  ].map(({ name, body }) => ({
    name: `${name} that the client does not read`,
    options: { stallMs: SOON_MS, handle: largeOr(body) },
    says: (client: RawClient) => client.send("GET /large HTTP/1.1\r\nhost: localhost\r\n\r\n"),
    gets: /^HTTP\/1.1 200 OK\r\n/,
    reports: /does not read the response/,
  })),
];

for (const { name, options, says, gets, reports } of CASES) {
  Deno.test(`GuardedListener ends ${name}`, async () => {
    await guarded(options, async (harness) => {
      using client = await harness.connect();
      await says(client);
      await harness.servesOthers();
      await harness.empties();
      const received = await withDeadline(client.readToEnd(), "the end", DEADLINE_MS);
      assert.match(received, gets);
      assert.match(harness.closed.join("; "), reports ?? /^$/);
    });
  });
}

Deno.test("GuardedListener lets a handler and a stream take longer than the idle time", async () => {
  const tick = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const handle = async (request: Request) => {
    if (!request.url.endsWith("/slow")) return new Response("hello");
    await tick.promise;
    return new Response(
      new ReadableStream({
        async start(controller) {
          controller.enqueue(new TextEncoder().encode("first"));
          await release.promise;
          controller.enqueue(new TextEncoder().encode("last"));
          controller.close();
        },
      }),
    );
  };
  await guarded({ keepAliveMs: SOON_MS, stallMs: SOON_MS, handle }, async (harness) => {
    using client = await harness.connect();
    await client.send("GET /slow HTTP/1.1\r\nhost: localhost\r\n\r\n");
    await idleTimePasses(harness);
    tick.resolve();
    await client.readUntil("first");
    await idleTimePasses(harness);
    release.resolve();
    assert.match(await client.readUntil("0\r\n\r\n"), /last/);
  });
});

Deno.test("GuardedListener counts the idle time of HTTP/2 from the last response of several", async () => {
  const hold = Promise.withResolvers<Response>();
  const handle = (request: Request) =>
    request.url.endsWith("/hold") ? hold.promise : new Response("hello");
  await guarded({ keepAliveMs: SOON_MS, handle, tls: true }, async (harness) => {
    using http = Deno.createHttpClient({ caCerts: [CERTIFICATE], http1: false });
    const held = fetch(`${harness.url}/hold`, { client: http });
    assert.equal(await (await fetch(harness.url, { client: http })).text(), "hello");
    assert.deepEqual(harness.observed, ["h2"]);
    using silent = await harness.connect();
    await eventually(() => harness.driver.connections === 2, "the handshake of another");
    silent.close();
    await eventually(() => harness.driver.connections === 1, "its end");
    hold.resolve(new Response("held"));
    assert.equal(await (await held).text(), "held");
    await harness.empties();
  });
});

/** Waits until the idle time has ended another connection, which began after now. */
async function idleTimePasses(harness: GuardedHarness): Promise<void> {
  using other = await harness.connect();
  assert.equal(await withDeadline(other.readToEnd(), "the end of another", DEADLINE_MS), "");
}

/** Is told nothing by the content for a moment. */
async function stalls(request: Request, info: NativeInfo): Promise<Response> {
  if (request.method === "POST") {
    const reading = request.text().catch(() => {}); // its connection is cut
    setTimeout(() => info.stalled?.(), 100);
    await reading;
  }
  return new Response("hello");
}

function largeOr(body: () => BodyInit): (request: Request) => Response {
  return (request) => new Response(request.url.endsWith("/large") ? body() : "hello");
}

function endless(): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(CHUNK.length)),
  });
}
