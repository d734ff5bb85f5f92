/**
 * Games with the handshake: what it is answered with, and whether what follows is read as requests or as frames.
 *
 * @module
 */

import assert from "node:assert/strict";
import { start } from "../../mod.ts";
import { concat } from "../_support/bytes.ts";
import { withDeadline } from "../_support/deadline.ts";
import { LogSink } from "../_support/log_sink.ts";
import { ECHO, Recorder, webSocketApplication } from "../_support/websocket_app.ts";
import {
  connectTo,
  encodeFrame,
  type HandshakeOptions,
  handshakeRequest,
  KEY,
  WebSocketClient,
} from "../_support/websocket_client.ts";
import { victim, WAYS } from "./websocket_servers.ts";

const utf8 = new TextEncoder();

interface Row extends HandshakeOptions {
  readonly name: string;
  /** Status of the answer. */
  readonly status: number;
}

const ROWS: readonly Row[] = [
  { name: "no key", fields: { "sec-websocket-key": null }, status: 400 },
  { name: "an empty key", fields: { "sec-websocket-key": "" }, status: 400 },
  {
    name: "a key of 15 bytes",
    fields: { "sec-websocket-key": "MTIzNDU2Nzg5MDEyMzQ1" },
    status: 400,
  },
  {
    name: "a key with stray bits",
    fields: { "sec-websocket-key": KEY.replace("Q==", "R==") },
    status: 400,
  },
  {
    name: "a key of 60,000 bytes",
    fields: { "sec-websocket-key": "A".repeat(60_000) },
    status: 400,
  },
  { name: "two keys", fields: { "sec-websocket-key": [KEY, KEY] }, status: 400 },
  { name: "no version", fields: { "sec-websocket-version": null }, status: 426 },
  { name: "version 8", fields: { "sec-websocket-version": "8" }, status: 426 },
  { name: "version 013", fields: { "sec-websocket-version": "013" }, status: 426 },
  { name: "versions 13, 8", fields: { "sec-websocket-version": "13, 8" }, status: 426 },
  { name: "two versions", fields: { "sec-websocket-version": ["13", "13"] }, status: 426 },
  { name: "Upgrade: WebSocket among others", fields: { upgrade: "h2c, WebSocket" }, status: 101 },
  {
    name: "Connection in capitals, with others",
    fields: { connection: "keep-alive, UPGRADE" },
    status: 101,
  },
  { name: "a strange Origin", fields: { origin: "https://evil.example" }, status: 101 },
  {
    name: "5,000 subprotocols",
    fields: { "sec-websocket-protocol": Array.from({ length: 5000 }, (_, i) => `p${i}`).join(",") },
    status: 101,
  },
  {
    name: "permessage-deflate with every parameter, often",
    fields: {
      "sec-websocket-extensions": "permessage-deflate; server_max_window_bits=8, ".repeat(500),
    },
    status: 101,
  },
  { name: "a content-length of 0", fields: { "content-length": "0" }, status: 400 },
];

for (const way of WAYS) {
  for (const form of ["fetch short cut", "fetch exchange", "ASGI"] as const) {
    Deno.test(`${way.name}, ${form}: every handshake has its answer`, async (t) => {
      await using server = await victim(webSocketApplication(form, ECHO), way);
      for (const { name, status, ...options } of ROWS) {
        await t.step(`${name}: ${status}`, async () => {
          using client = await WebSocketClient.connect(server.url, options);
          assert.equal(client.answer.status, status);
          assert.equal(client.answer.headers.get("sec-websocket-extensions"), null);
          assert.equal(client.answer.headers.get("sec-websocket-protocol"), null);
          if (status === 426) {
            assert.equal(client.answer.headers.get("sec-websocket-version"), "13");
          }
          if (status !== 101) return;
          await client.send("works");
          assert.equal(await client.message(), "works");
        });
      }
      await server.released();
      assert.deepEqual(server.log.matching("ERROR"), []);
    });
  }

  Deno.test(`${way.name}: a request right behind the handshake is read as frames, and never served`, async () => {
    const targets: string[] = [];
    const closed = new Recorder<number>();
    const application = webSocketApplication("ASGI", { closed: (code) => closed.add(code) });
    const { http } = application;
    const watched = {
      ...application,
      http(exchange: Parameters<typeof http>[0]) {
        targets.push(exchange.request.target);
        return http(exchange);
      },
    };
    await using server = await victim(watched, way);
    const ahead = utf8.encode("GET /smuggled HTTP/1.1\r\nhost: localhost\r\n\r\n");
    using client = await WebSocketClient.open(server.url, { ahead });
    await client.ended();
    assert.equal(await closed.next("the end"), 1006);
    assert.deepEqual(targets, []);
    await server.released();
  });

  Deno.test(`${way.name}: frames in the same packet as the handshake are delivered, a flood of them too`, async () => {
    await using server = await victim(webSocketApplication("fetch short cut", ECHO), way);
    const ahead = concat(
      Array.from({ length: 2000 }, (_, i) => encodeFrame(1, `${i}`)),
    );
    using client = await WebSocketClient.open(server.url, { ahead });
    for (let i = 0; i < 2000; i++) assert.equal(await client.message(), `${i}`);
    client[Symbol.dispose]();
    await server.released();
  });

  Deno.test(`${way.name}: a client that sends frames although it was refused is no WebSocket`, async () => {
    const application = webSocketApplication("ASGI", { deny: { status: 403 } });
    await using server = await victim(application, way);
    using client = await WebSocketClient.connect(server.url, {
      ahead: encodeFrame(1, "x"),
    });
    assert.equal(client.answer.status, 403);
    client[Symbol.dispose]();
    await server.released();
  });
}

for (
  const [name, fields, body] of [
    ["declared", "content-length: 5\r\n", "hello"],
    ["chunked", "transfer-encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"],
  ] as const
) {
  for (const way of WAYS) {
    Deno.test(`${way.name}: a handshake with ${name} content harms nobody`, async () => {
      await using server = await victim(webSocketApplication("fetch short cut", ECHO), way);
      const text = new TextDecoder().decode(handshakeRequest());
      const conn = await connectTo(server.url);
      await conn.write(utf8.encode(text.replace("\r\n\r\n", `\r\n${fields}\r\n`) + body));
      const answer = new Uint8Array(4096);
      const read = await withDeadline(conn.read(answer), "an answer");
      const status = new TextDecoder().decode(answer.subarray(0, read ?? 0)).split(" ")[1];
      assert.ok(status === "101" || status === "400", `status ${status}`);
      conn.close();
      using other = await WebSocketClient.open(server.url);
      await other.send("alive");
      assert.equal(await other.message(), "alive");
      other[Symbol.dispose]();
      await server.released();
    });
  }
}

/** Of both tests, for it is said once in a process. */
const hints: string[] = [];

for (const guard of ["off", "on"] as const) {
  Deno.test(`Deno.upgradeWebSocket() called by the application, guard ${guard}: served, not counted, and no harm to others`, async () => {
    const log = new LogSink();
    await using server = await start((request) => {
      if (!request.headers.has("upgrade")) return new Response("alive");
      const { socket, response } = Deno.upgradeWebSocket(request);
      socket.onmessage = ({ data }) => socket.send(data);
      return response;
    }, { bind: "127.0.0.1:0", errorlog: log, guard, maxConnections: 3, keepAliveTimeout: 1 });
    const { url } = server.binds[0]!;
    const clients: WebSocketClient[] = [];
    // One after the other, so that never more than one counts as HTTP.
    for (let i = 0; i < 5; i++) {
      const client = await WebSocketClient.open(url);
      await client.send("hello");
      assert.equal(await client.message(), "hello");
      clients.push(client);
    }
    assert.equal(await (await fetch(url)).text(), "alive");
    for (const client of clients) client[Symbol.dispose]();
    assert.deepEqual(log.matching("ERROR"), []);
    hints.push(...log.matching("Use upgradeWebSocket() of this package"));
    assert.equal(hints.length, 1);
  });
}
