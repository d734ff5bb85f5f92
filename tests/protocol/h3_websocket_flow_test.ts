/** WebSockets over HTTP/3: back-pressure both ways, and limits of requests that are none of theirs. */

import assert from "node:assert/strict";
import { DisconnectError } from "../../src/errors.ts";
import type { WebSocketExchange } from "../../src/exchange.ts";
import { fetchApplication } from "../../src/app/fetch.ts";
import {
  WEBSOCKET_MAX_BACKLOG_BYTES,
  WEBSOCKET_READ_AHEAD_BYTES,
  WEBSOCKET_SEND_BUFFER_BYTES,
} from "../../src/limits.ts";
import { upgradeWebSocket } from "../../src/server/upgrade.ts";
import { RecordingObserver } from "../_support/recording_observer.ts";
import { settled } from "../_support/response_recorder.ts";
import { eventually } from "../_support/waiting.ts";
import { receiveAll, serveSockets, SocketPeer } from "../_support/websocket_h3_peer.ts";
import { OP } from "../_support/websocket_client.ts";

/** An application that accepts and then waits until the test has it go on. */
function paused() {
  const go = Promise.withResolvers<void>();
  const received = Promise.withResolvers<string[]>();
  const handler = async (exchange: WebSocketExchange) => {
    await exchange.accept();
    await go.promise;
    received.resolve(await receiveAll(exchange));
  };
  return { go, received: received.promise, handler };
}

const MESSAGE = "x".repeat(1000);

Deno.test("a client over HTTP/3 whose messages nobody receives has to wait, and loses none", async () => {
  const { go, received, handler } = paused();
  const { server: harness } = serveSockets(handler);
  await using server = harness;
  const window = 100_000;
  const peer = server.connect({ receiveWindow: window });
  const socket = await SocketPeer.open(peer);
  const count = 400;
  let taken = 0;
  for (let i = 0; i < count; i++) void socket.taken(MESSAGE).then(() => taken++);
  await settled();
  const most = (WEBSOCKET_READ_AHEAD_BYTES + window + 65_536) / MESSAGE.length;
  assert.ok(taken > 0 && taken < most, `${taken} messages were taken, at most ${most} fit`);
  socket.close().exchange.finish();
  await settled();
  assert.deepEqual(socket.heard, [], "the Close frame is far behind");
  go.resolve();
  const all = await received;
  assert.equal(all.length, count + 1);
  assert.deepEqual(new Set(all), new Set([MESSAGE, "close 1000"]));
  await peer.untilIdle();
});

Deno.test("pings and Close are answered although nobody receives the messages before them", async () => {
  const { go, received, handler } = paused();
  const { server: harness } = serveSockets(handler);
  await using server = harness;
  const peer = server.connect();
  const socket = await SocketPeer.open(peer);
  for (const data of ["a", new Uint8Array(300), "c"]) socket.send(data);
  socket.frame(OP.ping, "here?");
  socket.close(3000).exchange.finish();
  assert.deepEqual(await socket.ended(), ["pong here?", "close 3000"]);
  assert.equal(server.inFlight.sockets, 0);
  go.resolve();
  assert.deepEqual(await received, ["a", "300 bytes", "c", "close 3000"]);
  await peer.untilIdle();
});

Deno.test("empty messages that nobody receives do not queue for ever", async () => {
  const { go, received, handler } = paused();
  const { server: harness } = serveSockets(handler);
  await using server = harness;
  const peer = server.connect({ receiveWindow: 5_000 });
  const socket = await SocketPeer.open(peer);
  let taken = 0;
  for (let i = 0; i < 2_000; i++) void socket.taken("").then(() => taken++);
  await settled();
  assert.ok(taken < 2_000, `${taken} were taken`);
  socket.close().exchange.finish();
  go.resolve();
  assert.equal((await received).length, 2_001);
  await peer.untilIdle();
});

Deno.test("send() over HTTP/3 waits while more than 1 MiB waits for the client, and buffered tells how much", async () => {
  const sent: number[] = [];
  const buffered: number[] = [];
  const { server: harness } = serveSockets(async (exchange) => {
    await exchange.accept();
    for (let i = 0; i < 30; i++) {
      await exchange.send(new Uint8Array(100_000));
      sent.push(i);
      buffered.push(exchange.buffered!);
    }
    await exchange.close();
    await receiveAll(exchange);
    buffered.push(exchange.buffered!);
  });
  await using server = harness;
  const peer = server.connect({ sendWindow: 50_000 });
  const socket = await SocketPeer.open(peer);
  await settled();
  const { length } = sent;
  assert.ok(length > 10 && length < 14, `${length} messages went before it waited`);
  assert.ok(buffered.at(-1)! <= WEBSOCKET_SEND_BUFFER_BYTES + 300_000);
  assert.ok(buffered.at(-1)! > WEBSOCKET_SEND_BUFFER_BYTES - 100_000, String(buffered));
  socket.exchange.stream.allow(100_000_000);
  assert.equal((await socket.hears(31)).length, 31);
  socket.close().exchange.finish();
  await peer.untilIdle();
  await eventually(() => buffered.length === 31, "the end of the application");
  assert.equal(buffered.at(-1), 0);
});

Deno.test("a pong goes before messages that wait", async () => {
  const { server: harness } = serveSockets(async (exchange) => {
    await exchange.accept();
    for (let i = 0; i < 5; i++) void exchange.send(new Uint8Array(200_000));
    await receiveAll(exchange);
  });
  await using server = harness;
  const peer = server.connect({ sendWindow: 1_000 });
  const socket = await SocketPeer.open(peer);
  socket.frame(OP.ping, "here?");
  await settled();
  socket.exchange.stream.allow(100_000_000);
  const heard = await socket.hears(6);
  assert.ok(heard.indexOf("pong here?") < 3, String(heard));
  socket.close().exchange.finish();
  await peer.untilIdle();
});

Deno.test("send() over HTTP/3 that waits is refused with DisconnectError when the client leaves", async () => {
  const failures: unknown[] = [];
  const { server: harness } = serveSockets(async (exchange) => {
    await exchange.accept();
    const data = new Uint8Array(WEBSOCKET_SEND_BUFFER_BYTES);
    await exchange.send(data);
    await exchange.send(data).catch((error) => failures.push(error.constructor));
    await receiveAll(exchange);
  });
  await using server = harness;
  const peer = server.connect({ sendWindow: 1_000 });
  const socket = await SocketPeer.open(peer);
  await settled();
  socket.exchange.cancel(0x10c);
  await eventually(() => failures.length === 1, "the failure");
  assert.deepEqual(failures, [DisconnectError]);
  await peer.untilIdle();
});

Deno.test("an open WebSocket is one of the requests that a connection may have", async () => {
  const { server: harness } = serveSockets(async (exchange) => {
    await exchange.accept();
    await receiveAll(exchange);
  }, { maxConcurrentRequests: 2 });
  await using server = harness;
  const peer = server.connect();
  const first = await SocketPeer.open(peer);
  const second = await SocketPeer.open(peer);
  const waiting = peer.request().finish();
  await settled();
  assert.equal(waiting.status, null);
  assert.equal(server.listener.counts().requests, 2);
  first.close().exchange.finish();
  assert.equal((await waiting.response()).status, 200);
  second.close().exchange.finish();
  await peer.untilIdle();
});

Deno.test("max_body_size and read_timeout are for requests, not for an open WebSocket", async () => {
  const { server: harness, clock } = serveSockets(async (exchange) => {
    await exchange.accept();
    await receiveAll(exchange);
  }, { limits: { bodySize: 10, readMs: 1_000, handlerMs: 1_000 }, timeouts: { idleMs: 2_000 } });
  await using server = harness;
  const peer = server.connect();
  const socket = await SocketPeer.open(peer);
  socket.send("x".repeat(100));
  clock.advance(100_000);
  await settled();
  socket.send("x".repeat(100)).frame(OP.ping);
  assert.deepEqual(await socket.hears(1), ["pong"]);
  assert.deepEqual(peer.goaways, []);
  socket.close().exchange.finish();
  await peer.untilIdle();
  clock.advance(2_000);
  assert.equal(peer.goaways.length, 1, "now it is idle");
});

Deno.test("a fetch application whose client does not read is cut with 64 MiB waiting, and that is no failure of its", async () => {
  const seen: unknown[] = [];
  const observer = new RecordingObserver();
  const application = fetchApplication((request) => {
    const { socket, response } = upgradeWebSocket(request);
    socket.onopen = () => {
      const data = new Uint8Array(WEBSOCKET_MAX_BACKLOG_BYTES / 4);
      for (let i = 0; i < 7; i++) socket.send(data);
      seen.push(socket.readyState);
    };
    return response;
  });
  const { server: harness, clock } = serveSockets(application.websocket, {
    observer,
    timeouts: { stallMs: 30_000 },
  });
  await using server = harness;
  const peer = server.connect({ sendWindow: 1_000 });
  await SocketPeer.open(peer);
  await eventually(() => server.inFlight.sockets === 0, "the cut");
  assert.deepEqual(seen, [WebSocket.CLOSING]);
  clock.advance(30_000); // FIN cannot overtake what the client does not take
  assert.equal(await peer.closed(), "H3_INTERNAL_ERROR");
  assert.equal(server.take("connectionClosed").length, 1);
  await eventually(() => observer.inFlight === 0, "the end for the observer");
  assert.equal(observer.events[0]!.at(-1), "ended aborted");
});
