import assert from "node:assert/strict";
import { answer, readAll, serveH3 } from "../_support/h3_harness.ts";
import { settled } from "../_support/response_recorder.ts";
import { eventually } from "../_support/waiting.ts";

Deno.test("H3Listener.counts() has connections, handlers and streams, and all are 0 at the end", async () => {
  const go = Promise.withResolvers<void>();
  await using server = serveH3(async (exchange) => {
    await go.promise;
    await answer(exchange);
  });
  const { listener } = server;
  assert.deepEqual(listener.counts(), { connections: 0, requests: 0, streams: 0 });
  const peers = [server.connect(), server.connect()];
  const requests = peers.flatMap((peer) => [peer.request().finish(), peer.request().finish()]);
  await eventually(() => listener.counts().requests === 4, "four requests");
  assert.deepEqual(listener.counts(), { connections: 2, requests: 4, streams: 4 });
  go.resolve();
  for (const request of requests) await request.response();
  for (const peer of peers) await peer.untilIdle();
  assert.deepEqual(listener.counts(), { connections: 2, requests: 0, streams: 0 });
  peers[0]!.client.close(0x100);
  await eventually(() => listener.counts().connections === 1, "the end of the first");
});

Deno.test("H3Listener serves connections independently of one that stalls", async () => {
  await using server = serveH3(async (exchange) => {
    await exchange.respond({ status: 200, fields: [] });
    await exchange.write(new Uint8Array(300_000));
    await exchange.end();
  });
  const stalled = server.connect({ sendWindow: 10 });
  stalled.request().finish();
  await stalled.until(() => stalled.client.live.pendingWrites > 0, "the full window");
  const response = await server.connect().get();
  assert.equal(response.content.length, 300_000);
});

Deno.test("H3Listener keeps nothing of 2000 requests and of 500 that were reset", async () => {
  await using server = serveH3(async (exchange) => {
    await readAll(exchange);
    await answer(exchange, "done");
  });
  const peer = server.connect();
  for (let i = 0; i < 40; i++) {
    const requests = Array.from({ length: 50 }, () => peer.request({ method: "POST" }).finish());
    for (const { stream } of requests) await peer.client.until(() => stream.inbox.fin);
  }
  for (let i = 0; i < 10; i++) {
    const requests = Array.from({ length: 50 }, () => peer.request({ method: "POST" }));
    await settled();
    for (const request of requests) request.cancel(0x10c);
    await settled();
  }
  await peer.untilIdle();
  assert.deepEqual(server.listener.counts(), { connections: 1, requests: 0, streams: 0 });
  assert.equal(server.inFlight.requests, 0);
});
