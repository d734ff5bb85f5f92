/**
 * Peers that break or stretch RFC 6455: what they get, that others live on, and that nothing is left over.
 *
 * The runtime parses frames and cuts the connection of who breaks a rule, without a Close frame.
 *
 * @module
 */

import assert from "node:assert/strict";
import { asgiWebSocket } from "../../src/app/asgi_websocket.ts";
import type { ASGIReceiveEvent } from "../../src/asgi_types.ts";
import type { Application } from "../../src/exchange.ts";
import { concat } from "../_support/bytes.ts";
import {
  type Data,
  ECHO,
  Recorder,
  serveWebSockets,
  WEBSOCKET_FORMS,
  webSocketApplication,
} from "../_support/websocket_app.ts";
import {
  closePayload,
  encodeFrame,
  handshakeRequest,
  OP,
  WebSocketClient,
} from "../_support/websocket_client.ts";
import { standstill } from "../_support/waiting.ts";

const VIOLATIONS: { name: string; bytes: Uint8Array; answer?: number }[] = [
  { name: "text that is not UTF-8", bytes: encodeFrame(OP.text, new Uint8Array([0xff])) },
  { name: "an unknown data opcode", bytes: encodeFrame(3, "x") },
  { name: "an unknown control opcode", bytes: encodeFrame(0xb, "x") },
  { name: "reserved bits", bytes: encodeFrame(OP.text, "x", { reserved: 4 }) },
  { name: "a ping of 126 bytes", bytes: encodeFrame(OP.ping, "x".repeat(126)) },
  { name: "a fragmented ping", bytes: encodeFrame(OP.ping, "x", { fin: false }) },
  { name: "a continuation of nothing", bytes: encodeFrame(OP.continuation, "x") },
  {
    name: "a new message in the middle of another",
    bytes: concat([encodeFrame(OP.text, "x", { fin: false }), encodeFrame(OP.text, "y")]),
  },
  { name: "a length of 2^62", bytes: encodeFrame(OP.binary, "", { length: 2n ** 62n }) },
  { name: "a Close frame of one byte", bytes: encodeFrame(OP.close, "x"), answer: 1002 },
  { name: "close code 999", bytes: encodeFrame(OP.close, closePayload(999)), answer: 1002 },
  {
    name: "a close reason that is not UTF-8",
    bytes: encodeFrame(OP.close, closePayload(1000, new Uint8Array([0xff]))),
    answer: 1007,
  },
];

for (const form of WEBSOCKET_FORMS) {
  for (const { name, bytes } of VIOLATIONS) {
    Deno.test(`WebSocket, ${form}: ends the connection of a peer that sends ${name}, no other`, async () => {
      const closed = new Recorder<number>();
      const received: Data[] = [];
      await using server = serveWebSockets(webSocketApplication(form, {
        message(data, socket) {
          received.push(data);
          return socket.send(data);
        },
        closed: (code) => closed.add(code),
      }));
      using other = await WebSocketClient.open(server.url);
      using peer = await WebSocketClient.open(server.url);
      await peer.raw(bytes);
      const frame = await peer.next();
      if (frame !== null) {
        assert.equal(frame.opcode, OP.close);
        await peer.ended();
      }
      assert.ok([1002, 1006, 1007, 999].includes(await closed.next()), "an error code");
      assert.deepEqual(received, []);
      await other.send("alive");
      assert.equal(await other.message(), "alive");
      await other.close(1000);
      await server.idle();
      assert.deepEqual(server.log.matching("ERROR"), []);
    });
  }
}

Deno.test("WebSocket: a client that leaves during the handshake ends the application's wait", async () => {
  const events = new Recorder<ASGIReceiveEvent>();
  const application: Application = {
    http: () => Promise.reject(new Error("not called")),
    websocket: asgiWebSocket(async (_scope, receive, send) => {
      events.add(await receive());
      events.add(await receive());
      await send({ type: "websocket.accept" });
      await send({ type: "websocket.send", text: "anyone?" });
      events.add({ type: "websocket.connect" });
    }, { rootPath: "", state: {} }),
  };
  await using server = serveWebSockets(application);
  const { hostname, port } = new URL(server.url);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  await connection.write(handshakeRequest());
  assert.equal((await events.next()).type, "websocket.connect");
  connection.close();
  assert.deepEqual(await events.next(), { type: "websocket.disconnect", code: 1006, reason: "" });
  assert.equal((await events.next("sends after the disconnect")).type, "websocket.connect");
  await server.idle();
  assert.deepEqual(server.log.matching("ERROR"), []);
});

Deno.test("WebSocket: accepting a client that has left ends with the disconnect", async () => {
  const asked = Promise.withResolvers<AbortSignal>();
  const left = Promise.withResolvers<void>();
  const outcome = new Recorder<unknown>();
  const application: Application = {
    http: () => Promise.reject(new Error("not called")),
    async websocket(exchange) {
      asked.resolve(exchange.signal);
      await left.promise;
      outcome.add(await exchange.accept().catch((error) => error.name));
    },
  };
  await using server = serveWebSockets(application);
  const { hostname, port } = new URL(server.url);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  await connection.write(handshakeRequest());
  const signal = await asked.promise;
  signal.addEventListener("abort", () => left.resolve());
  connection.close();
  assert.equal(await outcome.next("the end of accept()"), "DisconnectError");
  await server.idle();
  assert.deepEqual(server.log.matching("ERROR"), []);
});

Deno.test("WebSocket: send() waits while the client does not read, and goes on when it does", async () => {
  const chunk = new Uint8Array(256 * 1024);
  const total = 64;
  let sent = 0;
  await using server = serveWebSockets(webSocketApplication("ASGI", {
    async opened(socket) {
      for (; sent < total; sent++) await socket.send(chunk);
      await socket.close();
    },
  }));
  using client = await WebSocketClient.open(server.url);
  const before = await standstill(() => sent);
  assert.ok(before < total, "send() waits");
  for (let i = 0; i < total; i++) assert.equal((await client.message()).length, chunk.length);
  assert.equal((await client.closed()).code, 1000);
  assert.equal(sent, total);
});

Deno.test("WebSocket: a waiting send() ends when the client leaves", async () => {
  const chunk = new Uint8Array(256 * 1024);
  let sent = 0;
  const ended = Promise.withResolvers<void>();
  await using server = serveWebSockets(webSocketApplication("ASGI", {
    async opened(socket) {
      try {
        for (;;) {
          await socket.send(chunk);
          sent++;
        }
      } finally {
        ended.resolve();
      }
    },
  }));
  const client = await WebSocketClient.open(server.url);
  await standstill(() => sent);
  client[Symbol.dispose]();
  await ended.promise;
  await server.idle();
  assert.deepEqual(server.log.matching("ERROR"), []);
});

for (
  const { name, frames } of [
    {
      name: "messages",
      frames: Array.from({ length: 20 }, () => encodeFrame(OP.binary, new Uint8Array(900))),
    },
    { name: "empty messages", frames: Array.from({ length: 400 }, () => encodeFrame(OP.text, "")) },
  ]
) {
  Deno.test(`WebSocket: ${name} that the application does not receive close with 1008 at the limit`, async () => {
    const go = Promise.withResolvers<void>();
    const received = new Recorder<number>();
    let count = 0;
    const application = webSocketApplication("ASGI", {
      opened: () => go.promise,
      message() {
        count++;
      },
      closed: (code) => received.add(code),
    });
    await using server = serveWebSockets(application, { receiveQueueBytes: 10_000 });
    using client = await WebSocketClient.open(server.url);
    await client.raw(concat(frames));
    assert.deepEqual(await client.closing(), { code: 1008, reason: "Receive queue is full" });
    await client.close(1008);
    go.resolve();
    await received.next("the close");
    assert.ok(count > 0 && count < frames.length, `${count} messages were kept`);
    await server.idle();
  });
}

Deno.test("WebSocket: an endless producer is stopped when a limit closes the socket", async () => {
  const outcome = new Recorder<unknown>();
  const application: Application = {
    http: () => Promise.reject(new Error("not called")),
    async websocket(exchange) {
      await exchange.accept();
      try {
        for (;;) await exchange.send("tick");
      } catch (error) {
        outcome.add((error as Error).name);
      }
    },
  };
  await using server = serveWebSockets(application, { closeTimeoutMs: 30 });
  using client = await WebSocketClient.open(server.url);
  await client.send("x".repeat(1001));
  assert.equal(await outcome.next("the end of the producer"), "DisconnectError");
  await server.idle();
});

Deno.test("WebSocket: a hundred clients that vanish leave nothing behind", async () => {
  await using server = serveWebSockets(webSocketApplication("ASGI", ECHO));
  const clients = await Promise.all(
    Array.from({ length: 100 }, () => WebSocketClient.open(server.url)),
  );
  await Promise.all(clients.map((client) => client.send("x")));
  for (const client of clients) client[Symbol.dispose]();
  await server.idle();
});
