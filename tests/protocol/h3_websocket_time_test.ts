/** WebSockets over HTTP/3 and time: no real time passes here. */

import assert from "node:assert/strict";
import { HandlerTimeoutError } from "../../src/errors.ts";
import type { WebSocketExchange } from "../../src/exchange.ts";
import { settled } from "../_support/response_recorder.ts";
import { eventually } from "../_support/waiting.ts";
import {
  receiveAll,
  serveSockets,
  SocketPeer,
  type SocketSettings,
} from "../_support/websocket_h3_peer.ts";
import { OP } from "../_support/websocket_client.ts";

/** Accepts, notes what comes, and what the application does meanwhile. */
function serveNoting(
  settings: SocketSettings,
  act: (exchange: WebSocketExchange) => void | Promise<void> = () => {},
  accept: Parameters<WebSocketExchange["accept"]>[0] = {},
) {
  const received = Promise.withResolvers<string[]>();
  const { server, clock } = serveSockets(async (exchange) => {
    await exchange.accept(accept);
    await act(exchange);
    received.resolve(await receiveAll(exchange));
  }, settings);
  return { server, clock, received: received.promise };
}

/** Where the interval is from. */
const INTERVALS = [
  { name: "websocket_ping_interval", settings: { websocket: { pingInterval: 20 } }, accept: {} },
  { name: "idleTimeout of the application", settings: {}, accept: { idleTimeout: 40 } },
] as const;

for (const { name, settings, accept } of INTERVALS) {
  Deno.test(`a silent client over HTTP/3 is pinged, and given up after as long again: ${name}`, async () => {
    const { server: harness, clock, received } = serveNoting(settings, undefined, accept);
    await using server = harness;
    const peer = server.connect();
    const socket = await SocketPeer.open(peer);
    clock.advance(19_999);
    await settled();
    assert.deepEqual(socket.heard, []);
    clock.advance(1);
    assert.deepEqual(await socket.hears(1), ["ping"]);
    socket.frame(OP.pong);
    await settled();
    clock.advance(20_000);
    assert.deepEqual(await socket.hears(2), ["ping", "ping"]);
    clock.advance(19_999);
    await settled();
    assert.equal(server.inFlight.sockets, 1);
    clock.advance(1);
    assert.deepEqual((await socket.ended()).slice(2), [
      "close 1011 Cannot go on: the ping was not answered",
    ]);
    assert.deepEqual(await received, ["close 1006"]);
    socket.exchange.finish();
    await peer.untilIdle();
    assert.equal(clock.size, 1, "the connection alone is watched");
  });
}

Deno.test("idleTimeout 0 switches pings off", async () => {
  const settings = { websocket: { pingInterval: 1 } };
  const { server: harness, clock } = serveNoting(settings, undefined, { idleTimeout: 0 });
  await using server = harness;
  const peer = server.connect();
  const socket = await SocketPeer.open(peer);
  clock.advance(100_000);
  await settled();
  socket.close().exchange.finish();
  assert.deepEqual(await socket.ended(), ["close 1000"]);
  await peer.untilIdle();
});

Deno.test("a client that is kept waiting is not given up for its silence", async () => {
  const go = Promise.withResolvers<void>();
  const { server: harness, clock, received } = serveNoting(
    { websocket: { pingInterval: 20 } },
    () => go.promise,
  );
  await using server = harness;
  const peer = server.connect();
  const socket = await SocketPeer.open(peer);
  for (let i = 0; i < 200; i++) socket.send("x".repeat(1000));
  await settled();
  clock.advance(200_000);
  await settled();
  assert.deepEqual(socket.heard, []);
  go.resolve();
  await settled();
  assert.equal(server.inFlight.sockets, 1);
  clock.advance(20_000);
  assert.deepEqual(await socket.hears(1), ["ping"]);
  socket.close().exchange.finish();
  assert.equal((await received).length, 201);
  await peer.untilIdle();
});

Deno.test("a client that does not answer Close is cut after 5 s: FIN, and 1006 for the application", async () => {
  const { server: harness, clock, received } = serveNoting(
    {},
    (exchange) => exchange.close(3001, "go"),
  );
  await using server = harness;
  const peer = server.connect();
  const socket = await SocketPeer.open(peer);
  assert.deepEqual(await socket.hears(1), ["close 3001 go"]);
  socket.send("something else");
  await settled();
  clock.advance(4_999);
  await settled();
  assert.equal(socket.exchange.complete, false);
  clock.advance(1);
  assert.deepEqual(await socket.ended(), ["close 3001 go"]);
  assert.deepEqual(await received, ["close 1006"]);
  clock.advance(60_000); // what it may still send is waited for, and then it is asked to stop
  await eventually(() => socket.exchange.stream.stopped, "STOP_SENDING");
  await peer.untilIdle();
  assert.equal((await peer.get()).status, 200);
});

Deno.test("the time to answer Close runs when a slow client has what was sent before it", async () => {
  const { server: harness, clock, received } = serveNoting({}, async (exchange) => {
    await exchange.send(new Uint8Array(500_000));
    await exchange.close();
  }, {});
  await using server = harness;
  const peer = server.connect({ sendWindow: 1_000 });
  const socket = await SocketPeer.open(peer);
  await settled();
  for (let i = 0; i < 4; i++) {
    clock.advance(5_000);
    socket.exchange.stream.allow(100_000);
    await settled();
    assert.equal(server.inFlight.sockets, 1, `after ${i + 1} times 5 s`);
  }
  socket.exchange.stream.allow(1_000_000);
  assert.deepEqual(await socket.hears(2), ["500000 bytes", "close 1000"]);
  socket.close().exchange.finish();
  assert.deepEqual(await received, ["close 1000"]);
  await peer.untilIdle();
});

Deno.test("a client over HTTP/3 that takes nothing of its messages is cut, with its connection", async () => {
  const { server: harness, clock, received } = serveNoting(
    { timeouts: { stallMs: 30_000 } },
    async (exchange) => {
      await exchange.send(new Uint8Array(100_000));
    },
  );
  await using server = harness;
  const peer = server.connect({ sendWindow: 1_000 });
  await SocketPeer.open(peer);
  clock.advance(30_000);
  assert.deepEqual(await received, ["close 1006"]);
  assert.equal(await peer.closed(), "H3_INTERNAL_ERROR");
  assert.match(server.take("connectionClosed").join(), /took nothing of it for 30 s/);
});

Deno.test("an application that takes too long to answer a handshake over HTTP/3 is answered for with 504", async () => {
  const refused: unknown[] = [];
  const { server: harness, clock } = serveSockets(async (exchange) => {
    await new Promise((resolve) => exchange.signal.addEventListener("abort", resolve));
    await exchange.accept().catch((error) => refused.push(error));
    throw exchange.signal.reason;
  }, { limits: { handlerMs: 3_000 } });
  await using server = harness;
  const peer = server.connect();
  const { exchange } = new SocketPeer(peer);
  await settled();
  clock.advance(3_000);
  exchange.finish();
  assert.equal((await exchange.response()).status, 504);
  await eventually(() => refused.length === 1, "the refusal");
  assert.ok(refused[0] instanceof HandlerTimeoutError);
  assert.equal(server.take("failed").length, 1);
  await peer.untilIdle();
});

Deno.test("a connection that is too old waits for its WebSockets", async () => {
  const { server: harness, clock } = serveNoting({ timeouts: { ageMs: 10_000 } });
  await using server = harness;
  const peer = server.connect();
  const socket = await SocketPeer.open(peer);
  clock.advance(12_000);
  await settled();
  assert.equal(peer.goaways.length, 2);
  socket.frame(OP.ping);
  assert.deepEqual(await socket.hears(1), ["pong"]);
  socket.close().exchange.finish();
  await socket.ended();
  peer.client.close(0x100);
  await eventually(() => server.listener.counts().connections === 0, "the end of the connection");
});
