import assert from "node:assert/strict";
import { DisconnectError, ShutdownError } from "../../src/errors.ts";
import type { Exchange } from "../../src/exchange.ts";
import { answer, type H3Harness, serveH3 } from "../_support/h3_harness.ts";
import { settled } from "../_support/response_recorder.ts";
import { eventually, isEverQuick } from "../_support/waiting.ts";

/** Id of a GOAWAY that refuses nothing yet, 2^62 - 4, which our decoder gives as the largest safe integer. */
const NO_LIMIT = Number.MAX_SAFE_INTEGER;

/** The frame with it. */
const NO_LIMIT_FRAME = Uint8Array.of(0x07, 8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfc);

/** Milliseconds that a server waits for a client to close by itself, at least. */
const LINGER_MS = 900;

/** A server whose handlers wait for `finish()`. */
function waitingServer(): { server: H3Harness; finish: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const server = serveH3(async (exchange) => {
    await promise;
    await answer(exchange, "finished");
  });
  return { server, finish: resolve };
}

Deno.test("H3Listener.goaway() announces the end and serves what still comes", async () => {
  await using server = serveH3((exchange) => answer(exchange, "served"));
  const peer = server.connect();
  assert.equal((await peer.get()).status, 200);
  server.listener.goaway();
  server.listener.goaway();
  await peer.until(() => peer.goaways.length > 0, "GOAWAY");
  assert.equal((await peer.get()).text, "served");
  assert.deepEqual(peer.goaways, [NO_LIMIT]);
  assert.deepEqual(peer.client.streams[0]!.inbox.bytes.slice(-10), NO_LIMIT_FRAME);
  assert.equal(server.quic.refusing, true);
  assert.equal(peer.over, false);
});

Deno.test("H3Listener.shutdown() finishes what is in progress, names the last stream and closes with H3_NO_ERROR", async () => {
  const { server: harness, finish } = waitingServer();
  await using server = harness;
  const peer = server.connect();
  const requests = [peer.request().finish(), peer.request().finish()];
  await eventually(() => server.inFlight.requests === 2, "two requests");

  server.listener.goaway();
  const closed = server.listener.shutdown();
  await peer.until(() => peer.goaways.length === 2, "two GOAWAYs");
  assert.deepEqual(peer.goaways, [NO_LIMIT, 8]);
  const late = peer.request().finish();
  await settled();
  assert.equal(server.inFlight.requests, 2);

  finish();
  for (const request of requests) assert.equal((await request.response()).text, "finished");
  assert.equal(await peer.closed(), "H3_NO_ERROR");
  await closed;
  assert.equal(late.complete, false);
  assert.equal(late.stream.inbox.length, 0);
  assert.equal(late.stream.stopped, true);
  assert.deepEqual(server.quic.closedWith, { code: 0x100, reason: "" });
});

Deno.test("H3Listener.shutdown() does not wait when the client closes after its last response", async () => {
  const stop = async () => {
    const { server: harness, finish } = waitingServer();
    await using server = harness;
    const peer = server.connect();
    const request = peer.request().finish();
    await eventually(() => server.inFlight.requests === 1, "the request");
    const closed = server.listener.shutdown();
    finish();
    assert.equal((await request.response()).text, "finished");
    peer.client.close(0x100);
    await closed;
  };
  assert.ok(await isEverQuick(LINGER_MS, stop), "It lingers");
});

Deno.test("H3Listener.shutdown() closes idle connections at once", async () => {
  const stop = async () => {
    await using server = serveH3((exchange) => answer(exchange));
    const peers = [server.connect(), server.connect(), server.connect()];
    await peers[0]!.until(() => peers[0]!.settings !== null, "SETTINGS");
    await server.listener.shutdown();
    for (const peer of peers) assert.equal(await peer.closed(), "H3_NO_ERROR");
  };
  assert.ok(await isEverQuick(LINGER_MS, stop), "It lingers");
});

Deno.test("H3Listener.shutdown() ends although a field section waits for instructions that never come", async () => {
  await using server = serveH3((exchange) => answer(exchange));
  const peer = server.connect({ dynamic: true });
  await peer.until(() => peer.settings !== null, "SETTINGS");
  const fields = [["x-again", "a value that comes again and again"]] as const;
  await peer.get("/", { fields });
  peer.holdInstructions();
  peer.request({ fields: [["x-new", "another value"]] }).finish();
  peer.request({ fields: [["x-new", "another value"]] }).finish();
  await settled();
  const blocked = server.listener.counts().streams;
  const closed = server.listener.shutdown();
  await settled();
  peer.client.close(0x100);
  await closed;
  assert.ok(blocked > 0, "no section was blocked, so this test proves nothing");
});

Deno.test("H3Listener.shutdown() does not wait for the rest of an upload that was answered", async () => {
  await using server = serveH3((exchange) => answer(exchange, "early"));
  const peer = server.connect();
  const upload = peer.request({ method: "POST" }).data(new Uint8Array(10));
  assert.equal((await upload.response()).text, "early");
  const closed = server.listener.shutdown();
  assert.equal(await peer.closed(), "H3_NO_ERROR");
  await closed;
  assert.equal(upload.stream.stopped, true);
});

Deno.test("An HTTP/3 connection never ends its critical streams, also when it stops", async () => {
  await using server = serveH3((exchange) => answer(exchange, "served"));
  const peer = server.connect();
  assert.equal((await peer.get()).status, 200);
  await server.listener.shutdown();
  assert.equal(peer.client.streams.length, 3);
  for (const { inbox } of peer.client.streams) assert.equal(inbox.fin, false);
});

Deno.test("H3Listener.goaway() tells connections whose handshake was done just before", async () => {
  await using server = serveH3((exchange) => answer(exchange, "served"));
  server.listener.goaway();
  const peer = server.connect();
  await peer.until(() => peer.goaways.length === 1, "GOAWAY");
  assert.equal((await peer.get()).text, "served");
});

Deno.test("H3Listener.shutdown() ends connections that come up meanwhile", async () => {
  const { server: harness, finish } = waitingServer();
  await using server = harness;
  const peer = server.connect();
  peer.request().finish();
  await eventually(() => server.inFlight.requests === 1, "the request");
  const closed = server.listener.shutdown();
  const late = server.connect();
  const request = late.request().finish();
  await eventually(() => server.inFlight.requests === 2, "the late request");
  finish();
  peer.client.close(0x100);
  assert.equal((await request.response()).text, "finished");
  late.client.close(0x100);
  await closed;
});

Deno.test("H3Listener.abort() closes every connection at once, whatever is in progress", async () => {
  const { server: harness, finish } = waitingServer();
  await using server = harness;
  const peer = server.connect();
  const request = peer.request().finish();
  await eventually(() => server.inFlight.requests === 1, "the request");
  server.listener.abort();
  assert.equal(await peer.closed(), "H3_NO_ERROR");
  await server.listener.finished;
  assert.equal(request.complete, false);
  assert.deepEqual(server.listener.counts(), { connections: 0, requests: 0, streams: 0 });
  finish();
});

Deno.test("InFlight.cut() answers 503 over HTTP/3 where nothing was sent, and breaks off what was begun", async () => {
  const reasons: unknown[] = [];
  await using server = serveH3(async (exchange) => {
    if (exchange.request.target === "/begun") {
      await exchange.respond({ status: 200, fields: [["content-length", "100"]] });
      await exchange.write("begun");
    }
    const { signal } = exchange;
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    reasons.push(signal.reason);
    await exchange.write("more").catch((error) => reasons.push(error));
  });
  const peer = server.connect();
  const waiting = peer.request({ path: "/waiting" }).finish();
  const begun = peer.request({ path: "/begun" }).finish();
  await begun.until(() => begun.text === "begun", "the beginning");
  server.inFlight.drain();
  const closed = server.listener.shutdown();

  server.inFlight.cut(new ShutdownError());

  assert.equal((await waiting.response()).status, 503);
  assert.equal(await peer.closed(), "H3_INTERNAL_ERROR");
  await closed;
  assert.equal(begun.complete, false);
  assert.equal(begun.text, "begun");
  assert.equal(server.inFlight.requests, 0);
  assert.equal(reasons.length, 4);
  for (const reason of reasons) assert.ok(reason instanceof ShutdownError, String(reason));
  const { message } = new ShutdownError();
  const [report] = server.take("connectionClosed");
  assert.ok(report!.endsWith(` a response was broken off: ${message}`), report);
});

Deno.test("A response broken off by one of 50 handlers never looks complete, and the other 49 finish", async () => {
  const failing = Promise.withResolvers<void>();
  const finishing = Promise.withResolvers<void>();
  await using server = serveH3(async (exchange: Exchange) => {
    await exchange.respond({ status: 200, fields: [] });
    await exchange.write("first ");
    await exchange.write(exchange.request.target);
    await failing.promise;
    if (exchange.request.target === "/25") throw new Error("on purpose");
    await finishing.promise;
    await exchange.end();
  });
  const peer = server.connect();
  const requests = Array.from({ length: 50 }, (_, i) => peer.request({ path: `/${i}` }).finish());
  await eventually(() => server.inFlight.requests === 50, "fifty requests");
  failing.resolve();
  await peer.until(() => peer.goaways.length === 1, "GOAWAY");
  assert.deepEqual(peer.goaways, [200]);
  const late = peer.request().finish();
  const other = server.connect();
  finishing.resolve();
  for (const [i, request] of requests.entries()) {
    if (i !== 25) assert.equal((await request.response()).text, `first /${i}`);
  }
  assert.equal(
    peer.over,
    false,
    "closing drops what has not arrived, so the client has a moment to read",
  );
  const response = other.request({ path: "/after" }).finish();
  assert.equal((await response.response()).text, "first /after");

  assert.equal(await peer.closed(), "H3_INTERNAL_ERROR");
  const broken = requests[25]!;
  assert.equal(broken.complete, false);
  assert.equal(broken.stream.inbox.resetCode, null);
  assert.equal(late.stream.inbox.length, 0);
  assert.deepEqual(server.take("failed"), ["GET https://localhost/25 Error: on purpose"]);
  assert.match(
    server.take("connectionClosed").join(),
    / a response was broken off: the application failed$/,
  );
  assert.deepEqual(server.listener.counts(), { connections: 1, requests: 0, streams: 0 });
  assert.equal(server.inFlight.requests, 0);
  await other.untilIdle();
});

Deno.test("A response broken off waits for the other streams no longer than the graceful timeout", async () => {
  await using server = serveH3(async (exchange) => {
    await exchange.respond({ status: 200, fields: [] });
    await exchange.write("first");
    await exchange.write("second");
    if (exchange.request.target === "/bad") throw new Error("on purpose");
    await new Promise((resolve) => exchange.signal.addEventListener("abort", resolve));
  }, { gracefulTimeout: 0.05 });
  const peer = server.connect();
  peer.request({ path: "/endless" }).finish();
  peer.request({ path: "/bad" }).finish();
  assert.equal(await peer.closed(), "H3_INTERNAL_ERROR");
  assert.equal(server.take("failed").length, 1);
  assert.match(
    server.take("connectionClosed").join(),
    / a response was broken off: the application failed$/,
  );
});

Deno.test("A response broken off does not wait for the rest of its own request", async () => {
  await using server = serveH3(async (exchange) => {
    await exchange.respond({ status: 200, fields: [] });
    await exchange.write("first");
    await exchange.write("second");
    throw new Error("on purpose");
  }, { gracefulTimeout: 3_600 });
  const peer = server.connect();
  const unfinished = peer.request({ method: "POST" });
  assert.equal(await peer.closed(), "H3_INTERNAL_ERROR");
  assert.equal(unfinished.complete, false);
  assert.equal(server.take("failed").length, 1);
  assert.equal(server.take("connectionClosed").length, 1);
});

Deno.test("A handler that throws after respond() breaks its response off, also when nothing of it was sent yet", async () => {
  await using server = serveH3(async (exchange) => {
    await exchange.respond({ status: 200, fields: [] });
    await exchange.write("held");
    throw new Error("on purpose");
  });
  const peer = server.connect();
  const broken = peer.request().finish();
  assert.equal(await peer.closed(), "H3_INTERNAL_ERROR");
  assert.equal(broken.status, 200);
  assert.equal(broken.complete, false);
  assert.deepEqual(peer.goaways, [4]);
  assert.equal(server.take("failed").length, 1);
  assert.match(
    server.take("connectionClosed").join(),
    / a response was broken off: the application failed$/,
  );
});

Deno.test("A handler that throws while the client stops the response costs nobody the connection", async () => {
  const failing = Promise.withResolvers<void>();
  await using server = serveH3(async (exchange) => {
    if (exchange.request.target === "/") return answer(exchange);
    await exchange.respond({ status: 200, fields: [] });
    await exchange.write("begun, ");
    await exchange.write("and sent");
    await failing.promise;
    throw new DisconnectError("on purpose");
  });
  const peer = server.connect();
  const request = peer.request({ path: "/bad" }).finish();
  await request.until(() => request.text === "begun, and sent", "the beginning");
  request.stream.stop(0x10c);
  failing.resolve();
  await peer.untilIdle();
  assert.deepEqual(peer.goaways, []);
  assert.equal((await peer.get()).status, 200);
});
