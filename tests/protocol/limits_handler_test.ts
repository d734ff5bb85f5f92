/** What becomes of an application that does not begin its response in time. */

import assert from "node:assert/strict";
import { HandlerTimeoutError } from "../../src/errors.ts";
import type { Application, Exchange } from "../../src/exchange.ts";
import { ObservedServer } from "../_support/observed_server.ts";
import { RawClient } from "../_support/raw_client.ts";
import { eventually } from "../_support/waiting.ts";
import { handshakeRequest } from "../_support/websocket_client.ts";
import { upgradeWebSocket } from "../../src/server/upgrade.ts";
import {
  type Behaviour,
  WEBSOCKET_FORMS,
  webSocketApplication,
} from "../_support/websocket_app.ts";

const LIMITS = { handlerMs: 100 };

function exchangeApplication(http: (exchange: Exchange) => Promise<void>): Application {
  return { http, websocket: () => Promise.reject(new Error("No WebSocket here")) };
}

async function statusOf(client: RawClient, request: string | Uint8Array): Promise<string> {
  await client.send(typeof request === "string" ? request : new TextDecoder().decode(request));
  return (await client.readUntil("\r\n\r\n")).split("\r\n", 1)[0]!;
}

const GET = "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";

const POST = "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\n\r\nab";

Deno.test("An exchange whose handler takes too long is answered with 504, its signal aborts, and late calls are refused", async () => {
  const seen = Promise.withResolvers<unknown[]>();
  const application = exchangeApplication(async (exchange) => {
    const { signal } = exchange;
    const read = await exchange.read().then(() => exchange.read()).catch((error) => error);
    const late = await exchange.respond({ status: 200, fields: [] }).catch((error) => error);
    seen.resolve([signal.reason, read, late]);
    throw late;
  });
  await using server = new ObservedServer(application, { limits: LIMITS });
  using client = await RawClient.connect(server.url);
  assert.equal(await statusOf(client, POST), "HTTP/1.1 504 Gateway Timeout");
  assert.equal(server.inFlight.requests, 0);
  for (const error of await seen.promise) assert.ok(error instanceof HandlerTimeoutError);
  assert.deepEqual(await server.ended(1), [["responded 504", "ended failed"]]);
  assert.equal(server.log.matching("ERROR").length, 1);
  assert.match(server.log.matching("ERROR")[0]!, /POST http:\/\/localhost\/[^]*"handler_timeout"/);
});

Deno.test("A fetch handler that takes too long is answered with 504, and what it streams later is cancelled", async () => {
  const late = Promise.withResolvers<Response>();
  const cancelled = Promise.withResolvers<unknown>();
  const fetch = () => late.promise;
  const application = { ...exchangeApplication(() => Promise.reject()), fetch };
  await using server = new ObservedServer(application, { limits: LIMITS });
  using client = await RawClient.connect(server.url);
  assert.equal(await statusOf(client, GET), "HTTP/1.1 504 Gateway Timeout");
  assert.equal(server.inFlight.requests, 0);
  late.resolve(new Response(new ReadableStream({ cancel: cancelled.resolve })));
  assert.ok(await cancelled.promise instanceof HandlerTimeoutError);
  assert.deepEqual(await server.ended(1), [["responded 504", "ended failed"]]);
  assert.equal(server.log.matching("ERROR").length, 1);
});

Deno.test("A fetch handler that fails after its 504 is logged, and nobody gets that", async () => {
  const late = Promise.withResolvers<Response>();
  const fetch = () => late.promise;
  const application = { ...exchangeApplication(() => Promise.reject()), fetch };
  await using server = new ObservedServer(application, { limits: LIMITS });
  using client = await RawClient.connect(server.url);
  assert.equal(await statusOf(client, GET), "HTTP/1.1 504 Gateway Timeout");
  late.reject(new Error("too late"));
  await eventually(() => server.log.matching("too late").length === 1, "the line of the failure");
  assert.deepEqual(await server.ended(1), [["responded 504", "ended failed"]]);
});

for (const form of WEBSOCKET_FORMS) {
  Deno.test(`A WebSocket handshake that ${form} neither accepts nor denies gets 504, and cannot be accepted later`, async () => {
    const gate = Promise.withResolvers<void>();
    const behaviour: Behaviour = { before: () => gate.promise };
    await using server = new ObservedServer(webSocketApplication(form, behaviour), {
      limits: LIMITS,
    });
    using client = await RawClient.connect(server.url);
    assert.equal(await statusOf(client, handshakeRequest()), "HTTP/1.1 504 Gateway Timeout");
    assert.equal(server.inFlight.requests, 0);
    gate.resolve();
    assert.deepEqual(await server.ended(1), [["responded 504", "ended failed"]]);
    assert.equal(server.inFlight.sockets, 0);
  });
}

Deno.test("A fetch handler that upgraded and does not return in time gets its WebSocket closed with 1011", async () => {
  const fetch = (request: Request) => {
    upgradeWebSocket(request);
    return new Promise<Response>(() => {});
  };
  const application = { ...exchangeApplication(() => Promise.reject()), fetch };
  await using server = new ObservedServer(application, { limits: LIMITS });
  using client = await RawClient.connect(server.url);
  assert.match(await statusOf(client, handshakeRequest()), /^HTTP\/1.1 101 /);
  assert.ok((await client.readUntil("Internal error")).endsWith("\x03\xf3Internal error"));
});
