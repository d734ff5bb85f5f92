/**
 * WebSockets of a whole server: options, real clients, HTTP/2, the graceful stop.
 *
 * @module
 */

import assert from "node:assert/strict";
import { connect as connectHttp2 } from "node:http2";
import type { ASGIFramework } from "../../src/asgi_types.ts";
import type { FetchHandler } from "../../src/fetch_types.ts";
import { start } from "../../src/server/start.ts";
import { upgradeWebSocket } from "../../src/server/upgrade.ts";
import { withDeadline } from "../_support/deadline.ts";
import { LogSink } from "../_support/log_sink.ts";
import { Recorder } from "../_support/websocket_app.ts";
import { OP, WebSocketClient } from "../_support/websocket_client.ts";

const BIND = "127.0.0.1:0";

const echoFetch: FetchHandler = (request) => {
  const offered = request.headers.get("sec-websocket-protocol");
  const { socket, response } = upgradeWebSocket(request, offered === null ? {} : { protocol: "b" });
  socket.onmessage = ({ data }) => socket.send(data);
  return response;
};

const echoASGI: ASGIFramework = async (scope, receive, send) => {
  if (scope.type !== "websocket") throw new Error("WebSockets only");
  await receive();
  await send({
    type: "websocket.accept",
    subprotocol: scope.subprotocols.includes("b") ? "b" : null,
  });
  for (;;) {
    const event = await receive();
    if (event.type !== "websocket.receive") return;
    const { text, bytes } = event;
    await send({ type: "websocket.send", text, bytes });
  }
};

for (const { form, app } of [{ form: "fetch", app: echoFetch }, { form: "ASGI", app: echoASGI }]) {
  Deno.test(`a WebSocket client of the platform talks to a ${form} application`, async () => {
    const log = new LogSink();
    await using server = await start(app as FetchHandler, { bind: BIND, errorlog: log });
    const socket = new WebSocket(server.binds[0]!.url.replace("http", "ws"), ["a", "b"]);
    socket.binaryType = "arraybuffer";
    const events = new Recorder<unknown>();
    socket.onopen = () => events.add("open");
    socket.onmessage = ({ data }) =>
      events.add(typeof data === "string" ? data : new Uint8Array(data));
    socket.onclose = ({ code, reason, wasClean }) => events.add([code, reason, wasClean]);
    assert.equal(await events.next(), "open");
    assert.equal(socket.protocol, "b");
    socket.send("grüße");
    socket.send(new Uint8Array([1, 2]));
    assert.equal(await events.next(), "grüße");
    assert.deepEqual(await events.next(), new Uint8Array([1, 2]));
    socket.close(3001, "bye");
    assert.deepEqual(await events.next(), [3001, "bye", true]);
    assert.deepEqual(log.matching("ERROR"), []);
  });

  Deno.test(`shutdown() of a ${form} application completes close handshakes with 1001`, async () => {
    const server = await start(app as FetchHandler, { bind: BIND, errorlog: new LogSink() });
    const clients = await Promise.all(
      Array.from({ length: 3 }, () => WebSocketClient.open(server.binds[0]!.url)),
    );
    const stopped = server.shutdown();
    for (const client of clients) {
      assert.deepEqual(await client.closed(), { code: 1001, reason: "Server shutting down" });
      client[Symbol.dispose]();
    }
    await withDeadline(stopped, "the end of the server");
  });

  Deno.test(`shutdown() of a ${form} application cuts a silent client at graceful_timeout`, async () => {
    const config = { bind: BIND, errorlog: new LogSink(), gracefulTimeout: 0.1 };
    const server = await start(app as FetchHandler, config);
    using client = await WebSocketClient.open(server.binds[0]!.url);
    const stopped = server.shutdown();
    assert.equal((await client.closing()).code, 1001);
    await withDeadline(stopped, "the end of the server");
    await client.ended();
  });
}

Deno.test("shutdown() gives ASGI applications the disconnect and waits for them", async () => {
  const work = Promise.withResolvers<void>();
  const codes = new Recorder<number>();
  const app: ASGIFramework = async (scope, receive, send) => {
    if (scope.type !== "websocket") throw new Error("WebSockets only");
    await receive();
    await send({ type: "websocket.accept" });
    const event = await receive();
    codes.add(event.type === "websocket.disconnect" ? event.code : 0);
    await work.promise;
    codes.add(-1);
  };
  const server = await start(app, { bind: BIND, errorlog: new LogSink() });
  using client = await WebSocketClient.open(server.binds[0]!.url);
  let stopped = false;
  const stop = server.shutdown().then(() => stopped = true);
  assert.equal((await client.closed()).code, 1001);
  assert.equal(await codes.next(), 1001);
  assert.equal(stopped, false);
  work.resolve();
  await withDeadline(stop, "the end of the server");
  assert.deepEqual(codes.left, [-1]);
});

Deno.test("websocketMaxMessageSize and websocketPingInterval reach the sockets", async () => {
  const config = { bind: BIND, websocketMaxMessageSize: 4, websocketPingInterval: 0.25 };
  await using server = await start(echoFetch, { ...config, errorlog: new LogSink() });
  using client = await WebSocketClient.open(server.binds[0]!.url);
  assert.equal((await client.next())?.opcode, OP.ping);
  await client.send("12345");
  assert.equal((await client.closed()).code, 1009);
});

Deno.test("upgradeWebSocket() answers 426 over HTTP/2, which has no upgrade", async () => {
  await using server = await start(echoFetch, { bind: BIND, errorlog: new LogSink() });
  const session = connectHttp2(server.binds[0]!.url);
  const { promise, resolve, reject } = Promise.withResolvers<Record<string, unknown>>();
  session.on("error", reject);
  const request = session.request({ ":path": "/", "sec-websocket-version": "13" });
  request.on("response", (headers) => resolve({ ...headers }));
  request.on("error", reject);
  request.resume();
  request.end();
  const headers = await withDeadline(promise, "the response");
  assert.equal(headers[":status"], 426);
  assert.equal(headers["upgrade"], undefined); // RFC 9113 §8.2.2
  assert.equal(headers["connection"], undefined);
  const closed = new Promise<void>((done) => session.close(() => done()));
  await withDeadline(closed, "the end of the session");
});
