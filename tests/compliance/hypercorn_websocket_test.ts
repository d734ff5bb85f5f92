/** What Hypercorn's list says of WebSockets, where no other test shows it: how an ASGI application may end. */

import assert from "node:assert/strict";
import { type ASGIFramework, type Server, start } from "../../mod.ts";
import { LogSink } from "../_support/log_sink.ts";
import { WebSocketClient } from "../_support/websocket_client.ts";

type ASGISend = Parameters<ASGIFramework>[2];

/** Serves WebSockets by what `respond` sends, and returns after it. */
function serveAsgi(respond: (send: ASGISend) => Promise<void>, log: LogSink): Promise<Server> {
  const app: ASGIFramework = async (scope, receive, send) => {
    if (scope.type !== "websocket") return;
    assert.equal((await receive()).type, "websocket.connect");
    await respond(send);
  };
  return start(app, { bind: "127.0.0.1:0", errorlog: log });
}

Deno.test("an ASGI application that returns before the accept is answered for with 500, and logged once", async () => {
  const log = new LogSink();
  await using server = await serveAsgi(async () => {}, log);
  using client = await WebSocketClient.connect(server.binds[0]!.url);
  assert.equal(client.answer.status, 500);
  assert.equal(log.matching("ERROR").length, 1);
});

Deno.test("an ASGI application that returns while the socket is open closes with 1011", async () => {
  const log = new LogSink();
  await using server = await serveAsgi((send) => send({ type: "websocket.accept" }), log);
  using client = await WebSocketClient.open(server.binds[0]!.url);
  assert.equal((await client.closed()).code, 1011);
});

Deno.test("an ASGI application that closes and returns closes with its code, and nothing is logged", async () => {
  const log = new LogSink();
  await using server = await serveAsgi(async (send) => {
    await send({ type: "websocket.accept" });
    await send({ type: "websocket.send", text: "hello" });
    await send({ type: "websocket.close", code: 1000 });
  }, log);
  using client = await WebSocketClient.open(server.binds[0]!.url);
  assert.equal(await client.message(), "hello");
  assert.equal((await client.closed()).code, 1000);
  assert.deepEqual([...log.matching("WARN"), ...log.matching("ERROR")], []);
});

Deno.test("an ASGI application that accepts a subprotocol nobody offered is answered for with 500", async () => {
  const log = new LogSink();
  await using server = await serveAsgi(
    (send) => send({ type: "websocket.accept", subprotocol: "other" }),
    log,
  );
  using client = await WebSocketClient.connect(server.binds[0]!.url, {
    fields: { "sec-websocket-protocol": "chat" },
  });
  assert.equal(client.answer.status, 500);
  assert.equal(log.matching('subprotocol "other" is not among those offered').length, 1);
});

Deno.test("compression of WebSocket messages is not agreed to when a client offers it", async () => {
  await using server = await serveAsgi(async (send) => {
    await send({ type: "websocket.accept" });
    await send({ type: "websocket.close" });
  }, new LogSink());
  using client = await WebSocketClient.open(server.binds[0]!.url, {
    fields: { "sec-websocket-extensions": "permessage-deflate; client_max_window_bits" },
  });
  assert.equal(client.answer.headers.get("sec-websocket-extensions"), null);
  await client.closed();
});
