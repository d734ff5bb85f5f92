import assert from "node:assert/strict";
import { DisconnectError } from "../../src/errors.ts";
import type { Exchange } from "../../src/exchange.ts";
import { answer, readAll, serveH3 } from "../_support/h3_harness.ts";
import type { H3Peer, PeerExchange } from "../_support/h3_peer.ts";
import { settled } from "../_support/response_recorder.ts";
import { eventually } from "../_support/waiting.ts";

/** A client that leaves a request, and how. */
interface Leaving {
  /** What happens; ends the name of the test. */
  readonly name: string;
  /** What the application does meanwhile; rejects when it is told. */
  readonly work: (exchange: Exchange) => Promise<unknown>;
  /** How the client leaves. */
  readonly leave: (request: PeerExchange, peer: H3Peer) => void;
  /** Whether the connection is over by that. */
  readonly last?: boolean;
}

const LEAVING: readonly Leaving[] = [
  {
    name: "resets the request while it is read",
    work: readAll,
    leave: (request) => request.cancel(0x10c),
  },
  {
    name: "resets the request while nobody reads it",
    work: (exchange) => aborted(exchange),
    leave: (request) => request.cancel(0x10c),
  },
  {
    name: "stops the response while it is streamed",
    work: (exchange) => stream(exchange),
    leave: (request) => request.stream.stop(0x10c),
  },
  {
    name: "stops the response while a write waits for it",
    work: (exchange) => stream(exchange, 100_000),
    leave: (request) => request.stream.stop(0x10c),
  },
  {
    name: "resets the request and stops the response while that is streamed",
    work: (exchange) => stream(exchange),
    leave: (request) => request.cancel(0x10c),
  },
  {
    name: "closes the connection while the request is read",
    work: readAll,
    leave: (_, peer) => peer.client.close(0x100),
    last: true,
  },
];

function aborted({ signal }: Exchange): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  signal.addEventListener("abort", () => reject(signal.reason));
  return promise;
}

async function stream(exchange: Exchange, size = 5_000): Promise<never> {
  await exchange.respond({ status: 200, fields: [] });
  for (;;) {
    await exchange.write(new Uint8Array(size));
    await settled();
  }
}

for (const { name, work, leave, last } of LEAVING) {
  Deno.test(`H3Exchange aborts once with DisconnectError when the client ${name}`, async () => {
    let aborts = 0;
    const errors: unknown[] = [];
    await using server = serveH3(async (exchange) => {
      if (exchange.request.method === "GET") return answer(exchange);
      exchange.signal.addEventListener("abort", () => aborts++);
      await work(exchange).catch((error) => errors.push(error));
      assert.equal(exchange.signal.aborted, true);
      errors.push(exchange.signal.reason);
      await exchange.read().catch((error) => errors.push(error));
      await exchange.inform({ status: 103, fields: [] }).catch((error) => errors.push(error));
    });
    const peer = server.connect({ sendWindow: 1_000_000 });
    const other = last ? server.connect() : peer;
    const request = peer.request({ method: "POST" });
    await eventually(() => server.inFlight.requests === 1, "the request");
    await settled();

    leave(request, peer);

    await eventually(() => server.inFlight.requests === 0, "the end of the handler");
    assert.equal(aborts, 1);
    assert.equal(errors.length, 4);
    for (const error of errors) assert.ok(error instanceof DisconnectError, String(error));
    assert.equal(server.take("disconnected").length, 1);
    assert.equal((await other.get()).status, 200);
    assert.equal(request.complete && request.status !== null, false);
    // A client that stops the response only may still send; so the request half is left open for it.
    if (!last) request.stream.reset(0x10c);
    await other.untilIdle();
    assert.deepEqual(other.goaways, []);
    assert.equal(other.over, false);
  });
}

Deno.test("H3Exchange reports what a listener of its signal throws, and serves on", async () => {
  const gone = Promise.withResolvers<void>();
  await using server = serveH3(async (exchange) => {
    if (exchange.request.target === "/") return await answer(exchange, "served");
    exchange.signal.addEventListener("abort", () => {
      throw new Error("a listener on purpose");
    });
    exchange.signal.addEventListener("abort", () => gone.resolve());
    await aborted(exchange);
  });
  const peer = server.connect();
  const request = peer.request({ method: "POST", path: "/left" });
  await eventually(() => server.inFlight.requests === 1, "the request");
  await settled();
  request.cancel(0x10c);
  await gone.promise;
  assert.equal((await peer.get()).text, "served");
  await eventually(() => server.inFlight.requests === 0, "the end of the handler");
  assert.equal(server.take("failed").length, 1);
  assert.equal(server.take("disconnected").length, 1);
});

Deno.test("H3Exchange does not abort for a client that leaves after the response", async () => {
  const signals: AbortSignal[] = [];
  await using server = serveH3(async (exchange) => {
    signals.push(exchange.signal);
    await answer(exchange, "done");
  });
  const peer = server.connect();
  const request = peer.request({ method: "POST" });
  await request.response();
  request.cancel(0x10c);
  await peer.untilIdle();
  assert.deepEqual(signals.map((signal) => signal.aborted), [false]);
});

Deno.test("H3Exchange notices a reset although content waits that nobody reads, once that is read", async () => {
  const go = Promise.withResolvers<void>();
  const outcomes: string[] = [];
  await using server = serveH3(async (exchange) => {
    await go.promise;
    const piece = await exchange.read();
    outcomes.push(new TextDecoder().decode(piece!));
    await exchange.read().catch(({ name }) => outcomes.push(name));
  });
  const peer = server.connect();
  const request = peer.request({ method: "POST" }).data("waits");
  await eventually(() => server.inFlight.requests === 1, "the request");
  await settled();
  request.cancel(0x10c);
  go.resolve();
  await eventually(() => server.inFlight.requests === 0, "the end of the handler");
  assert.deepEqual(outcomes, ["waits", "DisconnectError"]);
  assert.equal(server.take("disconnected").length, 1);
  await peer.untilIdle();
});

Deno.test("H3Exchange that fails while its client stalls is broken off when that reads on", async () => {
  const failing = Promise.withResolvers<void>();
  await using server = serveH3(async (exchange) => {
    await exchange.respond({ status: 200, fields: [] });
    void exchange.write(new Uint8Array(50_000));
    void exchange.write(new Uint8Array(50_000));
    await failing.promise;
    throw new Error("on purpose");
  });
  const peer = server.connect({ sendWindow: 1_000 });
  const request = peer.request().finish();
  await peer.until(() => peer.client.live.pendingWrites > 0, "the full window");
  failing.resolve();
  await settled();
  request.stream.allow(1_000_000);
  assert.equal(await peer.closed(), "H3_INTERNAL_ERROR");
  assert.equal(request.complete, false);
  assert.equal(server.take("failed").length, 1);
  assert.match(
    server.take("connectionClosed").join(),
    / a response was broken off: the application failed$/,
  );
});

Deno.test("H3Exchange waits for the stop that follows a reset, and costs nobody the connection", async () => {
  await using server = serveH3(async (exchange) => {
    if (exchange.request.target === "/") return answer(exchange);
    await exchange.respond({ status: 200, fields: [] });
    await exchange.write("begun, ");
    await exchange.write("and sent");
    await aborted(exchange);
  });
  const peer = server.connect();
  const request = peer.request({ method: "POST", path: "/left" });
  await request.until(() => request.text === "begun, and sent", "the content");
  const before = request.stream.inbox.length;
  request.stream.reset(0x10c); // in one packet,
  await peer.until(() => request.stream.inbox.length > before, "the probe of the server");
  await settled();
  request.stream.stop(0x10c); // in the next
  await peer.untilIdle();
  assert.equal((await peer.get()).status, 200);
  assert.deepEqual(peer.goaways, []);
  assert.equal(server.take("disconnected").length, 1);
});

Deno.test("H3Exchange breaks the response off for a client that resets the request and goes on to wait for it", async () => {
  await using server = serveH3(async (exchange) => {
    await exchange.respond({ status: 200, fields: [] });
    await exchange.write("begun, ");
    await exchange.write("and sent");
    await aborted(exchange);
  }, { gracefulTimeout: 0.01 });
  const peer = server.connect();
  const request = peer.request({ method: "POST" });
  await request.until(() => request.text === "begun, and sent", "the content");
  request.stream.reset(0x10c);
  assert.equal(await peer.closed(), "H3_INTERNAL_ERROR");
  assert.equal(request.complete, false);
  assert.equal(server.take("disconnected").length, 1);
  assert.match(
    server.take("connectionClosed").join(),
    / The peer reset the stream with code 0x10c$/,
  );
});
