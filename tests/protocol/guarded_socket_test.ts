/**
 * Native sockets: where the runtime alone would hang, stop the server or end the process.
 *
 * @module
 */

import assert from "node:assert/strict";
import { fetchApplication } from "../../src/app/fetch.ts";
import type { FetchHandler } from "../../src/fetch_types.ts";
import { upgradeWebSocket } from "../../src/server/upgrade.ts";
import { Recorder, serveWebSockets, type WebSocketServer } from "../_support/websocket_app.ts";
import { WebSocketClient } from "../_support/websocket_client.ts";

/** Serves a handler through the short cut. */
function serveFetch(app: FetchHandler): WebSocketServer {
  return serveWebSockets(fetchApplication(app));
}

async function assertAlive(server: WebSocketServer): Promise<void> {
  using client = await WebSocketClient.connect(server.url, { fields: { upgrade: null } });
  assert.equal(client.answer.status, 426);
}

for (
  const { name, finish, logged } of [
    {
      name: "throws",
      logged: "after the upgrade",
      finish(): Response {
        throw new Error("after the upgrade");
      },
    },
    {
      name: "rejects",
      logged: "after the upgrade",
      finish: () => Promise.reject(new Error("after the upgrade")),
    },
    {
      name: "returns another response",
      logged: "did not return the response that came with the socket",
      finish: () => new Response("no"),
    },
    {
      name: "returns no response",
      logged: "Response",
      finish: () => undefined as unknown as Response,
    },
    {
      name: "upgrades again",
      logged: "was upgraded already",
      finish: (request: Request) => upgradeWebSocket(request).response,
    },
  ]
) {
  Deno.test(`upgradeWebSocket() closes with 1011 when the handler ${name} afterwards, and the server lives on`, async () => {
    await using server = serveFetch((request) => {
      upgradeWebSocket(request);
      return finish(request);
    });
    // The first handshake must not have harmed the second.
    for (let i = 0; i < 2; i++) {
      using client = await WebSocketClient.open(server.url);
      assert.deepEqual(await client.closed(), { code: 1011, reason: "Internal error" });
    }
    await assertAlive(server);
    await server.idle();
    assert.equal(server.log.matching("ERROR").length, 2);
    assert.equal(server.log.matching(logged).length, 2);
  });
}

Deno.test("upgradeWebSocket() leaves nothing behind when the handler never returns", async () => {
  const left = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  await using server = serveFetch(async (request) => {
    if (request.headers.get("upgrade") === null) return upgradeWebSocket(request).response;
    upgradeWebSocket(request);
    asked.resolve();
    await left.promise;
    throw new Error("too late for anyone");
  });
  const client = WebSocketClient.connect(server.url).catch(() => null);
  await asked.promise;
  assert.equal(server.inFlight.sockets, 0);
  left.resolve();
  (await client)?.[Symbol.dispose]();
  await server.idle();
  await assertAlive(server);
});

Deno.test("upgradeWebSocket() refuses close arguments as WebSocket.close() does", async () => {
  const errors = new Recorder<string[]>();
  await using server = serveFetch((request) => {
    const { socket, response } = upgradeWebSocket(request);
    const nameOf = (code: number | undefined, reason?: string) => {
      try {
        socket.close(code, reason);
      } catch (error) {
        return (error as Error).name;
      }
      return "none";
    };
    socket.onopen = () => {
      errors.add([
        nameOf(1006),
        nameOf(42),
        nameOf(1000, "x".repeat(124)),
        nameOf(undefined, "bye"),
      ]);
    };
    return response;
  });
  using client = await WebSocketClient.open(server.url);
  assert.deepEqual(await client.closed(), { code: 1000, reason: "bye" });
  assert.deepEqual(
    await errors.next(),
    ["InvalidAccessError", "InvalidAccessError", "SyntaxError", "none"],
  );
});

Deno.test("upgradeWebSocket() closes at once when the handler closed before the socket was open", async () => {
  await using server = serveFetch((request) => {
    const { socket, response } = upgradeWebSocket(request);
    socket.close(3000, "changed my mind");
    return response;
  });
  using client = await WebSocketClient.open(server.url);
  assert.deepEqual(await client.closed(), { code: 3000, reason: "changed my mind" });
  await server.idle();
});

for (
  const { name, options, fields, status, header } of [
    {
      name: "POST",
      options: { method: "POST" },
      fields: {},
      status: 405,
      header: ["allow", "GET"],
    },
    {
      name: "no upgrade",
      options: {},
      fields: { upgrade: null },
      status: 426,
      header: ["upgrade", "websocket"],
    },
    {
      name: "version 8",
      options: {},
      fields: { "sec-websocket-version": "8" },
      status: 426,
      header: ["sec-websocket-version", "13"],
    },
    {
      name: "a bad key",
      options: {},
      fields: { "sec-websocket-key": "abc" },
      status: 400,
      header: ["content-length", "0"],
    },
  ] as const
) {
  Deno.test(`upgradeWebSocket() answers ${status} to ${name}`, async () => {
    await using server = serveFetch((request) => upgradeWebSocket(request).response);
    using client = await WebSocketClient.connect(server.url, { ...options, fields });
    assert.equal(client.answer.status, status);
    assert.equal(client.answer.headers.get(header[0]), header[1]);
    assert.equal(server.log.matching(`with ${status}: `).length, 1);
  });
}

Deno.test("upgradeWebSocket() answers 400 when the chosen subprotocol was not offered", async () => {
  const handler: FetchHandler = (request) =>
    upgradeWebSocket(request, { protocol: "chat" }).response;
  const { http, websocket } = fetchApplication(handler);
  for (const application of [fetchApplication(handler), { http, websocket }]) {
    await using server = serveWebSockets(application);
    using client = await WebSocketClient.connect(server.url, {
      fields: { "sec-websocket-protocol": "soap" },
    });
    assert.equal(client.answer.status, 400);
  }
});
