/**
 * Clients that do not read what a WebSocket sends them, or do not let it end.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Application } from "../../src/exchange.ts";
import { fetchApplication } from "../../src/app/fetch.ts";
import { upgradeWebSocket } from "../../src/server/upgrade.ts";
import { pause, standstill } from "../_support/waiting.ts";
import {
  ECHO,
  Recorder,
  WEBSOCKET_FORMS,
  webSocketApplication,
} from "../_support/websocket_app.ts";
import { encodeFrame, OP, WebSocketClient } from "../_support/websocket_client.ts";
import { type Victim, victim, WAYS } from "./websocket_servers.ts";

const MEGABYTE = new Uint8Array(1024 * 1024);

/** More than the system's buffers take on any machine, and few enough messages. */
const MUCH = 24;

async function assertServed(server: Victim): Promise<void> {
  using other = await WebSocketClient.open(server.url, { target: "/echo" });
  await other.send("alive");
  assert.equal(await other.message(), "alive");
  await other.close(1000);
  assert.equal((await other.next())?.opcode, OP.close);
}

/** Sends messages of a megabyte without waiting, to a client of `/`; echoes on `/echo`. */
function producer(closed: Recorder<number>, count: number, act = (_socket: WebSocket) => {}) {
  return fetchApplication((request) => {
    const { socket, response } = upgradeWebSocket(request);
    if (new URL(request.url).pathname === "/echo") {
      socket.onmessage = ({ data }) => socket.send(data);
      return response;
    }
    socket.onopen = () => {
      for (let i = 0; i < count; i++) socket.send(MEGABYTE);
      act(socket);
    };
    socket.onclose = ({ code }) => closed.add(code);
    return response;
  });
}

for (const way of WAYS) {
  Deno.test(`${way.name}: a client that does not read is cut when too much waits for it`, async () => {
    const closed = new Recorder<number>();
    const limits = { maxBacklogBytes: 8 * 1024 * 1024 };
    await using server = await victim(producer(closed, MUCH), way, limits);
    {
      using _client = await WebSocketClient.open(server.url);
      assert.equal(await closed.next("the cut"), 1006);
      assert.equal(server.inFlight.sockets, 0);
      // The runtime holds the connection until the client reads or leaves; so it counts.
      if (way.guarded) assert.equal(server.connections, 1);
      await assertServed(server);
    }
    await server.released();
    assert.deepEqual(closed.left, []);
    assert.equal(server.log.matching("it does not read, and too much waits for it").length, 1);
    assert.deepEqual(server.log.matching("ERROR"), []);
  });

  Deno.test(`${way.name}: a client that stops reading is cut after the stall time`, async () => {
    const closed = new Recorder<number>();
    await using server = await victim(producer(closed, MUCH), way, { stallMs: 100 });
    {
      using _client = await WebSocketClient.open(server.url);
      assert.equal(await closed.next("the cut"), 1006);
      assert.equal(server.inFlight.sockets, 0);
      await assertServed(server);
    }
    await server.released();
    assert.equal(server.log.matching("it does not read its messages").length, 1);
  });

  Deno.test(`${way.name}: clients that do not answer Close are cut, a hundred at once`, async () => {
    const closed = new Recorder<number>();
    const application = producer(closed, 0, (socket) => socket.close(3000, "go"));
    await using server = await victim(application, way, { closeTimeoutMs: 30 });
    const clients = await Promise.all(
      Array.from({ length: 100 }, () => WebSocketClient.open(server.url)),
    );
    await assertServed(server);
    for (const client of clients) {
      assert.deepEqual(await client.closing(), { code: 3000, reason: "go" });
      await client.ended();
      assert.equal(await closed.next("the cut"), 1006);
      client[Symbol.dispose]();
    }
    await server.released();
  });
}

Deno.test("a client that reads slowly gets all of it, and then Close, however long that takes", async () => {
  const closed = new Recorder<number>();
  const limits = { closeTimeoutMs: 2000 }; // which begins when all was sent
  const application = producer(closed, MUCH, (socket) => socket.close(3000, "all sent"));
  await using server = await victim(application, WAYS[2]!, limits);
  using client = await WebSocketClient.open(server.url);
  for (let i = 0; i < MUCH; i++) {
    await new Promise((resolve) => setTimeout(resolve, 120));
    assert.equal((await client.message()).length, MEGABYTE.length);
  }
  assert.deepEqual(await client.closed(), { code: 3000, reason: "all sent" });
  assert.equal(await closed.next("the close"), 3000);
  await server.released();
  assert.deepEqual(server.log.lines, []);
});

for (const form of WEBSOCKET_FORMS) {
  Deno.test(`${form}: an echo of small messages to a client that does not read keeps little with the runtime`, async () => {
    let sent = 0;
    const payload = "x".repeat(200);
    const application = webSocketApplication(form, {
      async message(data, socket) {
        await socket.send(data);
        sent++;
      },
    });
    await using server = await victim(application, WAYS[2]!, { receiveQueueBytes: 2 ** 20 });
    using client = await WebSocketClient.open(server.url);
    const flood = new Uint8Array(1000 * encodeFrame(OP.text, payload).length);
    for (let i = 0; i < 1000; i++) {
      flood.set(encodeFrame(OP.text, payload), i * flood.length / 1000);
    }
    for (let i = 0; i < 60; i++) await client.raw(flood);
    await standstill(() => sent);
    using other = await WebSocketClient.open(server.url);
    await other.send("alive");
    assert.equal(await other.message(), "alive");
    client[Symbol.dispose]();
    other[Symbol.dispose]();
    await server.released();
  });
}

Deno.test("a socket that was cut takes send() and bufferedAmount, for without its resource they end the process", async () => {
  const closed = new Recorder<number>();
  const opened = Promise.withResolvers<WebSocket>();
  const application = fetchApplication((request) => {
    const { socket, response } = upgradeWebSocket(request);
    socket.onopen = () => opened.resolve(socket);
    socket.onclose = ({ code }) => closed.add(code);
    return response;
  });
  await using server = await victim(application, WAYS[0]!);
  using client = await WebSocketClient.open(server.url);
  const socket = await opened.promise;
  server.inFlight.cutSockets(new Error("the deadline"));
  socket.send("too late");
  assert.equal(socket.bufferedAmount, 0);
  assert.ok(socket.readyState >= WebSocket.CLOSING);
  socket.close();
  assert.equal(await closed.next("the cut"), 1006);
  await client.ended();
  await server.released();
});

Deno.test("Blobs keep their place among the messages, those that wait too", async () => {
  const closed = new Recorder<number>();
  const application = producer(closed, MUCH, (socket) => {
    socket.send(new Blob(["first"]));
    socket.send("second");
    socket.send(new Blob([]));
    socket.close(1000, "done");
  });
  await using server = await victim(application, WAYS[0]!);
  using client = await WebSocketClient.open(server.url);
  for (let i = 0; i < MUCH; i++) assert.equal((await client.message()).length, MEGABYTE.length);
  assert.equal(new TextDecoder().decode(await client.message() as Uint8Array), "first");
  assert.equal(await client.message(), "second");
  assert.equal((await client.message()).length, 0);
  assert.deepEqual(await client.closed(), { code: 1000, reason: "done" });
  assert.equal(await closed.next(), 1000);
});

Deno.test("bytes that wait are those that were sent, whatever the application does to them later", async () => {
  const closed = new Recorder<number>();
  const bytes = new Uint8Array([1, 2, 3]);
  const application = producer(closed, MUCH, (socket) => {
    socket.send(bytes);
    bytes.fill(0);
    assert.ok(socket.bufferedAmount > 1024 * 1024);
  });
  await using server = await victim(application, WAYS[0]!);
  using client = await WebSocketClient.open(server.url);
  for (let i = 0; i < MUCH; i++) await client.message();
  assert.deepEqual(await client.message(), new Uint8Array([1, 2, 3]));
});

Deno.test("ASGI: a disconnect ends the wait of an application whose client sends Close but does not read", async () => {
  const outcome = new Recorder<string>();
  let sent = 0;
  const application: Application = {
    http: () => Promise.reject(new Error("not called")),
    async websocket(exchange) {
      await exchange.accept();
      const sending = (async () => {
        for (;; sent++) await exchange.send(MEGABYTE);
      })();
      sending.catch((error) => outcome.add(error.name));
      for (;;) {
        const event = await exchange.receive();
        if (event.type === "close") return outcome.add(`close ${event.code}`);
      }
    },
  };
  await using server = await victim(application, WAYS[2]!, { stallMs: 1000 });
  {
    using client = await WebSocketClient.open(server.url);
    await standstill(() => sent);
    await client.close(1000);
    const ends = [await outcome.next("one end"), await outcome.next("the other end")];
    assert.deepEqual(ends.toSorted(), ["DisconnectError", "close 1006"]);
    assert.equal(server.inFlight.sockets, 0);
  }
  await server.released();
  assert.deepEqual(server.log.matching("ERROR"), []);
});

Deno.test("a limit of the producer's own making: ECHO is not cut while its client reads", async () => {
  await using server = await victim(webSocketApplication("fetch short cut", ECHO), WAYS[2]!, {
    stallMs: 500,
    maxMessageSize: 2 ** 21,
  });
  using client = await WebSocketClient.open(server.url);
  for (let i = 0; i < 8; i++) { // longer than it may stall, in all
    await client.send(MEGABYTE);
    await pause(100);
    assert.equal((await client.message()).length, MEGABYTE.length);
  }
  await client.close(1000);
  assert.equal((await client.next())?.opcode, OP.close);
  await server.released();
});
