import assert from "node:assert/strict";
import { findHook } from "../../src/protocol/guarded.ts";
import { probe, probeHook } from "../../src/protocol/guarded_probe.ts";
import { WebSocketClient } from "../_support/websocket_client.ts";
import { withDeadline } from "../_support/deadline.ts";
import { pause } from "../_support/waiting.ts";
import { DEADLINE_MS, GET, guarded, type HarnessOptions } from "./guarded_harness.ts";

const HANDSHAKE = "GET / HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: upgrade\r\n" +
  "sec-websocket-key: UnQ3lpJAH6j2PslA993iKQ==\r\nsec-websocket-version: 13\r\n\r\n";

const sockets = new WeakMap<Request, WebSocket>();

const echo: HarnessOptions = {
  keepAliveMs: 500,
  handle(request) {
    if (request.headers.get("upgrade") === null) return new Response("hello");
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onmessage = ({ data }) => socket.send(data);
    sockets.set(request, socket);
    if (request.url.endsWith("/late")) {
      socket.onopen = () => setTimeout(() => socket.send("late"), 50);
    }
    return response;
  },
  socketOf: (request) => sockets.get(request),
};

Deno.test("GuardedListener keeps a WebSocket open beyond every time of HTTP, and counts it", async () => {
  await guarded(echo, async (harness) => {
    using client = await WebSocketClient.open(harness.url);
    await client.send("first");
    assert.equal(await client.message(), "first");
    using silent = await harness.connect();
    await withDeadline(silent.readToEnd(), "the end of an idle connection", DEADLINE_MS);
    await client.send("second");
    assert.equal(await client.message(), "second");
    assert.equal(harness.driver.connections, 1);
    assert.deepEqual(harness.observed, ["h11"]);
    await client.close(1000);
    assert.deepEqual(await client.closing(), { code: 1000, reason: "" });
    await harness.empties();
  });
});

Deno.test("GuardedListener keeps a WebSocket open that follows other requests", async () => {
  await guarded({ ...echo, keepAliveMs: 10_000 }, async (harness) => {
    await harness.servesOthers();
    using client = await harness.connect();
    await client.send(GET);
    await client.readUntil("hello");
    await client.send(HANDSHAKE.replace("/", "/late"));
    await client.readUntil("\x81\x04late");
  });
});

for (const known of [true, false]) {
  Deno.test(`GuardedListener keeps WebSockets open that were thought over, ${known ? "" : "un"}known to it`, async () => {
    const options: HarnessOptions = {
      handle: async (request, info) => {
        await pause(5);
        return await echo.handle!(request, info);
      },
      ...(known && { socketOf: echo.socketOf }),
    };
    await guarded(options, async (harness) => {
      const clients = await Promise.all(
        Array.from({ length: 50 }, () => WebSocketClient.open(harness.url)),
      );
      for (const client of clients) {
        await client.send("here");
        assert.equal(await client.message(), "here");
        client[Symbol.dispose]();
      }
      await harness.empties();
    });
  });
}

Deno.test("GuardedListener does not count a WebSocket that never opens, for its client left", async () => {
  const [entered, left] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const states: number[] = [];
  const handle = async (request: Request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    sockets.set(request, socket);
    entered.resolve();
    await left.promise;
    states.push(socket.readyState);
    return response;
  };
  await guarded({ ...echo, handle }, async (harness) => {
    const client = await harness.connect();
    await client.send(HANDSHAKE);
    await entered.promise;
    client.close();
    left.resolve();
    await harness.empties();
    assert.deepEqual(states, [WebSocket.CONNECTING]);
  });
});

Deno.test("GuardedListener releases many WebSockets whose clients leave without a word", async () => {
  await guarded(echo, async (harness) => {
    const clients = await Promise.all(
      Array.from({ length: 20 }, () => WebSocketClient.open(harness.url)),
    );
    for (const client of clients) {
      await client.send("here");
      assert.equal(await client.message(), "here");
    }
    assert.equal(harness.driver.connections, 20);
    for (const client of clients) client[Symbol.dispose]();
    await harness.empties();
  });
});

Deno.test("GuardedListener.shutdown() does not wait for WebSockets, which are others' to close", async () => {
  await guarded(echo, async (harness) => {
    using client = await WebSocketClient.open(harness.url);
    await withDeadline(harness.driver.shutdown(), "the end", DEADLINE_MS);
    await client.send("still here");
    assert.equal(await client.message(), "still here");
  });
});

Deno.test("probeHook() tests the hook of this runtime once", async () => {
  assert.equal(await probeHook(), await probeHook());
});

Deno.test("probe() refuses a runtime without the hook", async () => {
  await assert.rejects(probe(null), /no hook to serve a single connection/);
});

Deno.test("probe() refuses a hook that lets WebSockets die", async () => {
  const hook = findHook()!;
  await assert.rejects(
    probe((...args) => Object.assign(Object.create(hook(...args)), { release() {} })),
    /does not keep a WebSocket open/,
  );
});
