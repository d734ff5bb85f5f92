/** The option `guard`: which driver listeners get, and what the server does with the guarded one. */

import assert from "node:assert/strict";
import { isGuarded, parseBind } from "../../src/config/mod.ts";
import { start } from "../../src/server/start.ts";
import { TLS_OPTIONS } from "../_support/certificates.ts";
import { withDeadline } from "../_support/deadline.ts";
import { LogSink } from "../_support/log_sink.ts";
import { RawClient } from "../_support/raw_client.ts";
import { WebSocketClient } from "../_support/websocket_client.ts";

const DEADLINE_MS = 30_000;

/** Seconds of `keepAliveTimeout` that a test waits for; on a busy machine a request still comes in time. */
const SOON = 1;

const GET = "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";

const BINDS: readonly [bind: string, guarded: boolean][] = [
  ["0.0.0.0:0", true],
  ["[::]:0", true],
  ["192.0.2.1:0", true],
  ["example.org:0", true],
  ["127.0.0.1:0", false],
  ["127.9.9.9:0", false],
  ["localhost:0", false],
  ["app.localhost:0", false],
  ["[::1]:0", false],
  ["[::ffff:127.0.0.1]:0", false],
  ["unix:/run/a.sock", false],
];

for (const [bind, guarded] of BINDS) {
  Deno.test(`isGuarded() with "auto" says ${guarded} of ${bind}`, () => {
    assert.equal(isGuarded(parseBind(bind), "auto"), guarded);
    assert.equal(isGuarded(parseBind(bind), "on"), !bind.startsWith("unix:"));
    assert.equal(isGuarded(parseBind(bind), "off"), false);
  });
}

Deno.test('start() with guard "on" closes an idle connection', async () => {
  const config = {
    bind: "127.0.0.1:0",
    errorlog: null,
    guard: "on",
    keepAliveTimeout: SOON,
  } as const;
  await using server = await start(() => new Response("hello"), config);
  using client = await RawClient.connect(server.binds[0]!.url);
  await client.send(GET);
  assert.match(await withDeadline(client.readToEnd(), "the end", DEADLINE_MS), /hello$/);
});

Deno.test('start() guards the loopback with guard "on" only', async () => {
  for (const [guard, closes] of [["on", true], ["auto", false], ["off", false]] as const) {
    const log = new LogSink();
    const config = { bind: "127.0.0.1:0", errorlog: log, guard, keepAliveMaxRequests: 1 };
    await using server = await start(() => new Response("hello"), config);
    assert.equal(log.matching("(guarded, CTRL + C to quit)").length, closes ? 1 : 0);
    using client = await RawClient.connect(server.binds[0]!.url);
    await client.send(GET);
    assert.equal((await client.readUntil("hello")).includes("connection: close"), closes);
  }
});

Deno.test("a guarded server tells applications the version that ALPN agreed on", async () => {
  const config = { ...TLS_OPTIONS, bind: "127.0.0.1:0", errorlog: null, guard: "on" } as const;
  await using server = await start(
    (_request, { httpVersion }) => new Response(httpVersion),
    config,
  );
  const caCerts = [await Deno.readTextFile(TLS_OPTIONS.certfile)];
  for (const [http2, version] of [[true, "2"], [false, "1.1"]] as const) {
    using client = Deno.createHttpClient({ caCerts, http1: !http2, http2, allowHost: true });
    const headers = { host: "localhost" };
    const response = await fetch(server.binds[0]!.url, { client, headers });
    assert.equal(await response.text(), version);
  }
});

Deno.test("a guarded server closes WebSockets with 1001 when it stops", async () => {
  const { upgradeWebSocket } = await import("../../mod.ts");
  const config = {
    bind: "127.0.0.1:0",
    errorlog: null,
    guard: "on",
    keepAliveTimeout: SOON,
  } as const;
  const server = await start((request) => upgradeWebSocket(request).response, config);
  using client = await WebSocketClient.open(server.binds[0]!.url);
  using idle = await RawClient.connect(server.binds[0]!.url);
  await withDeadline(idle.readToEnd(), "the end of an idle connection", DEADLINE_MS);
  const stopped = server.shutdown();
  assert.equal((await client.closed()).code, 1001);
  await withDeadline(stopped, "the stop", DEADLINE_MS);
});

Deno.test("a guarded server cuts a client that never reads its response when it stops", async () => {
  const log = new LogSink();
  const config = { bind: "127.0.0.1:0", errorlog: log, guard: "on", gracefulTimeout: 0.5 } as const;
  const server = await start(() => new Response(new Uint8Array(64 * 1024 * 1024)), config);
  using client = await RawClient.connect(server.binds[0]!.url);
  await client.send(GET);
  await client.readUntil("200 OK");
  await withDeadline(server.shutdown(), "the stop", DEADLINE_MS);
  assert.deepEqual(log.matching("ERROR"), []);
  await client.readToEnd();
});
