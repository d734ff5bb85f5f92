/** Middleware on running servers of every protocol, and as a fetch handler. */

import assert from "node:assert/strict";
import type { ASGIFramework } from "../../src/asgi_types.ts";
import type { Framework } from "../../src/framework_types.ts";
import { type ConfigInit, resolveConfig } from "../../src/config/mod.ts";
import { dispatcher, proxyFix, redirectToHttps, wsgi } from "../../src/middleware/mod.ts";
import { toFetchHandler } from "../../src/server/fetch_handler.ts";
import { openLog } from "../../src/server/log.ts";
import type { Server } from "../../src/server/server.ts";
import { start } from "../../src/server/start.ts";
import { upgradeWebSocket } from "../../src/server/upgrade.ts";
import { TLS_OPTIONS } from "../_support/certificates.ts";
import { type Client, fieldOf, request } from "../_support/client.ts";
import { BACKENDS, startH3 } from "../_support/contract_h3_server.ts";
import { CURL_MISSING, CurlClient } from "../_support/curl_client.ts";
import { FetchClient } from "../_support/fetch_client.ts";
import { H3Client } from "../_support/h3_client.ts";
import { LogSink } from "../_support/log_sink.ts";
import { RawClient } from "../_support/raw_http.ts";
import { WebSocketClient } from "../_support/websocket_client.ts";
import { applicationOf, asgiApp, fetchApp, type Seen, wsgiApp } from "./harness.ts";

const TRANSPORTS: {
  readonly name: string;
  readonly connect: (url: string) => Client;
  readonly missing?: string | undefined;
  readonly secure?: true;
  readonly quic?: (typeof BACKENDS)[number];
}[] = [
  { name: "HTTP/1.1", connect: (url) => new RawClient(url) },
  {
    name: "h2c",
    missing: CURL_MISSING,
    connect: (url) => new CurlClient(url, "--http2-prior-knowledge"),
  },
  { name: "HTTP/2 over TLS", secure: true, connect: (url) => new FetchClient(url) },
  ...BACKENDS.map((quic) => ({
    name: `HTTP/3 (${quic})`,
    secure: true as const,
    quic,
    connect: (url: string) => new H3Client(url),
  })),
];

/** A stack of everything, as somebody behind a proxy runs it. */
const STACK = proxyFix(
  redirectToHttps(dispatcher({
    "/asgi": asgiApp("asgi"),
    "/wsgi": wsgi(wsgiApp("wsgi")),
    "/echo": async (request: Request) => new Response(await request.text()),
    "/fetch": fetchApp("fetch"),
  })),
  { trusted: ["127.0.0.1"] },
);

const BY_PROXY = [
  ["x-forwarded-for", "192.0.2.1"],
  ["x-forwarded-proto", "https"],
  ["x-forwarded-host", "example.com"],
] as const;

for (const { name, connect, missing, secure, quic } of TRANSPORTS) {
  Deno.test({
    name: `middleware works over ${name}${missing ? ` (skipped: ${missing})` : ""}`,
    ignore: missing !== undefined,
    fn: async () => {
      const log = new LogSink();
      const config = { bind: "127.0.0.1:0", errorlog: log, ...(secure && TLS_OPTIONS) };
      await using server = quic ? await startHttp3(config, quic) : await start(STACK, config);
      const { url } = server.binds[0]!;
      await using client = connect(url);
      const get = async (target: string): Promise<Seen> =>
        JSON.parse((await request(client, { target, fields: BY_PROXY })).text);

      const asgi = await get("/asgi/x?y");
      assert.deepEqual(
        [asgi.name, asgi.root_path, asgi.path, asgi.scheme, asgi.client, asgi.hosts],
        ["asgi", "/asgi", "/asgi/x", "https", ["192.0.2.1", 0], ["example.com"]],
      );
      const environ = await get("/wsgi/x");
      assert.deepEqual([environ.scriptName, environ.pathInfo, environ.host], [
        "/wsgi",
        "/x",
        "example.com",
      ]);
      assert.equal((await get("/fetch?q")).url, "https://example.com/fetch?q");

      const echo = { method: "POST", target: "/echo", content: "x".repeat(100_000) };
      assert.equal((await request(client, { ...echo, fields: BY_PROXY })).text, echo.content);
      const nobody = await request(client, { target: "/x", fields: BY_PROXY });
      assert.deepEqual([nobody.status, fieldOf(nobody, "content-length")], [404, "0"]);

      if (!secure) {
        const redirected = await request(client, { target: "/asgi/x?y" });
        const location = `https://${new URL(url).hostname}/asgi/x?y`;
        assert.deepEqual([redirected.status, fieldOf(redirected, "location")], [307, location]);
      }
      assert.deepEqual(log.matching("ERROR"), []);
    },
  });
}

async function startHttp3(
  config: ConfigInit,
  quic: (typeof BACKENDS)[number],
): Promise<Server> {
  const resolved = resolveConfig(config);
  const application = applicationOf(STACK);
  return await startH3(application, resolved, openLog(resolved), "mixed", quic);
}

const echoASGI: ASGIFramework = async (scope, receive, send) => {
  if (scope.type !== "websocket") return;
  await receive();
  await send({ type: "websocket.accept" });
  for (let event = await receive(); event.type === "websocket.receive"; event = await receive()) {
    await send({ type: "websocket.send", text: `${scope.scheme} ${event.text}` });
  }
};

function echoFetch(request: Request): Response {
  const { socket, response } = upgradeWebSocket(request);
  socket.onmessage = ({ data }) => socket.send(`${new URL(request.url).protocol} ${data}`);
  return response;
}

const SOCKETS: {
  target: string;
  fields?: Record<string, string>;
  says?: string;
  status?: number;
}[] = [
  { target: "/asgi", fields: { "x-forwarded-proto": "wss" }, says: "wss hello" },
  { target: "/fetch", fields: { "x-forwarded-proto": "https" }, says: "https: hello" },
  { target: "/asgi", status: 307 },
  { target: "/x", fields: { "x-forwarded-proto": "https" }, status: 404 },
];
for (const { target, fields = {}, says, status = 101 } of SOCKETS) {
  Deno.test(`middleware answers ${status} to a WebSocket for ${target}`, async () => {
    const mounts = dispatcher({ "/asgi": echoASGI, "/fetch": echoFetch });
    const log = new LogSink();
    const app = proxyFix(redirectToHttps(mounts));
    await using server = await start(app, { bind: "127.0.0.1:0", errorlog: log });
    using client = await WebSocketClient.connect(server.binds[0]!.url, { target, fields });
    assert.equal(client.answer.status, status);
    if (says !== undefined) {
      await client.send("hello");
      assert.equal(await client.message(), says);
      await client.close(1000);
      await client.closed();
    }
    assert.deepEqual(log.matching("ERROR"), []);
  });
}

const FAILURES: { name: string; app: Framework; form: string }[] = [
  {
    name: "an ASGI application",
    app: async (_scope, _receive, _send) => await Promise.reject(new Error("broken")),
    form: "ASGI",
  },
  { name: "a fetch application", app: () => Promise.reject(new Error("broken")), form: "fetch" },
  {
    name: "one of several forms",
    app: dispatcher([{ path: "/other", app: wsgiApp("w") }, {
      app: () => Promise.reject(new Error("broken")),
    }]),
    form: "mixed",
  },
];
for (const { name, app, form } of FAILURES) {
  Deno.test(`a failure of ${name} behind middleware is logged for ${form}`, async () => {
    const log = new LogSink();
    const config = { bind: "127.0.0.1:0", errorlog: log };
    await using server = await start(proxyFix(app), config);
    const response = await fetch(server.binds[0]!.url);
    assert.equal(response.status, 500);
    await response.body?.cancel();
    assert.equal(log.matching(`Error in ${form} Framework`).length, 1);
    assert.match(log.matching("Error in")[0]!, /\bbroken\b/);
  });
}

Deno.test("start() fails with the words of a mounted application that cannot start", async () => {
  const broken: ASGIFramework = (_scope, _receive, send) =>
    send({ type: "lifespan.startup.failed", message: "no database" });
  const app = proxyFix(dispatcher({ "/a": asgiApp("a"), "/b": broken }));
  await assert.rejects(start(app, { bind: "127.0.0.1:0", errorlog: new LogSink() }), {
    name: "LifespanError",
    message: "Lifespan failure in startup: no database",
  });
});

Deno.test("toFetchHandler() takes what middleware returns", async () => {
  const handle = toFetchHandler(STACK);
  const headers = new Headers(BY_PROXY as unknown as [string, string][]);
  const response = await handle(new Request("http://localhost/asgi/x", { headers }));
  const { name, scheme, hosts } = await response.json();
  assert.deepEqual([name, scheme, hosts], ["asgi", "https", ["example.com"]]);
  const redirected = await handle(new Request("http://localhost/asgi/x"));
  assert.equal(redirected.headers.get("location"), "https://localhost/asgi/x");
});
