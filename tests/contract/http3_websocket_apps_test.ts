/** What applications see of WebSockets over HTTP/3, and how a server with open ones stops. */

import assert from "node:assert/strict";
import { type ASGIFramework, upgradeWebSocket } from "../../mod.ts";
import type { FetchHandler } from "../../src/fetch_types.ts";
import type { WSGIFramework } from "../../src/wsgi_types.ts";
import { BACKENDS } from "../_support/contract_h3_server.ts";
import { startForm } from "../_support/contract_server.ts";
import { withDeadline } from "../_support/deadline.ts";
import { H3ClientConnection } from "../_support/h3_client_connection.ts";
import { LogSink } from "../_support/log_sink.ts";
import { eventually } from "../_support/waiting.ts";
import { connectWebSocketH3, openWebSocketH3 } from "../_support/websocket_h3_client.ts";

for (const backend of BACKENDS) {
  Deno.test(`HTTP/3 (${backend}): an ASGI application gets a scope of type "websocket"`, async () => {
    let seen: unknown;
    const app: ASGIFramework = async (scope, receive, send) => {
      if (scope.type !== "websocket") return;
      const { http_version, scheme, path, query_string, headers, subprotocols, client } = scope;
      seen = { http_version, scheme, path, query_string, headers, subprotocols };
      assert.equal(client?.[0], "127.0.0.1");
      await receive();
      await send({ type: "websocket.accept" });
      await receive();
    };
    await using server = await startForm("ASGI", app, new LogSink(), {}, backend);
    const connection = await H3ClientConnection.open(server.binds[0]!.url);
    const client = await openWebSocketH3(connection, {
      target: "/chat?a=1",
      fields: { "sec-websocket-protocol": "soap, chat", origin: "https://one.example" },
    });
    assert.equal(client.answer.status, 200);
    assert.deepEqual(seen, {
      http_version: "3",
      scheme: "wss",
      path: "/chat",
      query_string: "a=1",
      headers: [
        ["host", "localhost"],
        ["sec-websocket-version", "13"],
        ["sec-websocket-protocol", "soap, chat"],
        ["origin", "https://one.example"],
      ],
      subprotocols: ["soap", "chat"],
    });
    await client.close(1000);
    await client.closing();
    await connection.close();
  });

  Deno.test(`HTTP/3 (${backend}): a fetch application gets a GET with an upgrade, and a socket as over HTTP/1.1`, async () => {
    const seen: unknown[] = [];
    const app: FetchHandler = (request, info) => {
      const { method, headers } = request;
      seen.push(method, headers.get("upgrade"), headers.get("connection"), info?.httpVersion);
      const { socket, response } = upgradeWebSocket(request, { protocol: "chat" });
      seen.push(socket.readyState, response.status);
      socket.onopen = () => seen.push(socket.readyState, socket.protocol, socket.binaryType);
      socket.onmessage = ({ data }) => {
        seen.push(data instanceof ArrayBuffer);
        for (let i = 0; i < 30; i++) socket.send(new Uint8Array(100_000));
        seen.push(socket.bufferedAmount > 2_000_000);
        socket.close(4000, "enough");
        seen.push(socket.readyState);
      };
      socket.onclose = ({ code, wasClean }) => seen.push(code, wasClean, socket.readyState);
      return response;
    };
    const log = new LogSink();
    await using server = await startForm("fetch exchange", app, log, {}, backend);
    let connection: H3ClientConnection | undefined;
    const client = await connectWebSocketH3(
      server.binds[0]!.url,
      { fields: { "sec-websocket-protocol": "chat" } },
      (opened) => connection = opened,
    );
    await client.send(new Uint8Array([1]));
    for (let i = 0; i < 30; i++) assert.equal((await client.message()).length, 100_000);
    assert.deepEqual(await client.closing(), { code: 4000, reason: "enough" });
    await client.close(4000);
    await client.ended();
    await eventually(() => seen.length === 15, "the close event");
    assert.deepEqual(seen, [
      ...["GET", "websocket", "Upgrade", "3"],
      ...[WebSocket.CONNECTING, 101],
      ...[WebSocket.OPEN, "chat", "arraybuffer"],
      ...[true, true, WebSocket.CLOSING],
      ...[4000, true, WebSocket.CLOSED],
    ]);
    await connection!.close();
    assert.deepEqual(log.matching("ERROR"), []);
  });

  Deno.test(`HTTP/3 (${backend}): applications without WebSockets deny them: WSGI with 403, fetch with 501`, async () => {
    const wsgi: WSGIFramework = (_environ, startResponse) => {
      startResponse("200 OK", []);
      return ["page"];
    };
    const rows = [["WSGI", wsgi, 403], [
      "fetch exchange",
      () => new Response("page"),
      501,
    ]] as const;
    for (const [form, app, status] of rows) {
      const log = new LogSink();
      await using server = await startForm(form, app, log, {}, backend);
      const connection = await H3ClientConnection.open(server.binds[0]!.url);
      const client = await openWebSocketH3(connection);
      assert.deepEqual([client.answer.status, await client.content()], [status, ""]);
      await connection.close();
      assert.deepEqual(log.matching("ERROR"), []);
    }
  });

  Deno.test(`HTTP/3 (${backend}): a stop closes WebSockets with 1001, waits for them, and ends the connection`, async () => {
    const codes: number[] = [];
    const app: FetchHandler = (request) => {
      const { socket, response } = upgradeWebSocket(request);
      socket.onclose = ({ code }) => codes.push(code);
      return response;
    };
    const log = new LogSink();
    const server = await startForm("fetch exchange", app, log, {}, backend);
    const connection = await H3ClientConnection.open(server.binds[0]!.url);
    const polite = await openWebSocketH3(connection);
    const shutdown = server.shutdown();
    assert.deepEqual(await polite.closing(), { code: 1001, reason: "Server shutting down" });
    await polite.close(1001);
    await polite.ended();
    await polite.finish();
    assert.equal(await withDeadline(connection.closed, "the end of the connection"), "0x100");
    await shutdown;
    await connection.close();
    assert.deepEqual(codes, [1001]);
  });

  Deno.test(`HTTP/3 (${backend}): a stop cuts WebSockets whose clients say nothing at its deadline`, async () => {
    const codes: number[] = [];
    const app: FetchHandler = (request) => {
      const { socket, response } = upgradeWebSocket(request);
      socket.onclose = ({ code }) => codes.push(code);
      return response;
    };
    const log = new LogSink();
    const config = { gracefulTimeout: 0.4 };
    const server = await startForm("fetch exchange", app, log, config, backend);
    const connection = await H3ClientConnection.open(server.binds[0]!.url);
    const silent = await openWebSocketH3(connection);
    const shutdown = server.shutdown();
    assert.equal((await silent.closing()).code, 1001);
    await silent.ended();
    await withDeadline(shutdown, "the end of the server");
    await connection.close();
    assert.deepEqual(codes, [1006]);
    assert.equal(log.matching("Cutting 1 WebSockets").length, 1);
  });
}
