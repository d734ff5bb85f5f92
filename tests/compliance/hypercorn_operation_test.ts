/** What Hypercorn's list says of logs, metrics and flags, where no other test shows it: through the whole server. */

import assert from "node:assert/strict";
import { type ASGIFramework, type ConfigInit, type Server, start } from "../../mod.ts";
import { parseArguments } from "../../src/cli/arguments.ts";
import { withDeadline } from "../_support/deadline.ts";
import { LogSink } from "../_support/log_sink.ts";
import { RawConnection } from "../_support/raw_http.ts";
import { eventually } from "../_support/waiting.ts";
import { WebSocketClient } from "../_support/websocket_client.ts";

const FORMAT = '%(h)s %(S)s "%(r)s" %(s)s %(b)s';

function serveLogged(
  app: ASGIFramework,
  accesslog: LogSink,
  config: ConfigInit = {},
): Promise<Server> {
  const log = { accesslog, accessLogFormat: FORMAT, errorlog: null };
  return start(app, { bind: "127.0.0.1:0", ...log, ...config });
}

/** The lines of an access log without what differs from run to run, once there are so many and the server is over. */
async function linesOf(log: LogSink, count: number, server: Server): Promise<string[]> {
  await eventually(() => log.lines.length >= count, `${count} access lines`);
  await server.shutdown();
  return log.lines.map((line) => line.replace(/127\.0\.0\.1:\d+/, "CLIENT"));
}

/** Answers with "hello". */
const hello: ASGIFramework = async (scope, _receive, send) => {
  if (scope.type !== "http") return;
  await send({ type: "http.response.start", status: 200 });
  await send({ type: "http.response.body", body: "hello" });
};

Deno.test("a request leaves one access line, and a malformed one none", async () => {
  const log = new LogSink();
  const server = await serveLogged(hello, log);
  using broken = await RawConnection.open(server.binds[0]!.url);
  await broken.send("broken nonsense\r\n\r\n");
  await broken.rest();
  await (await fetch(`${server.binds[0]!.url}/a%20b?q`)).text();
  assert.deepEqual(await linesOf(log, 1, server), ['INFO CLIENT http "GET /a b 1.1" 200 5']);
});

Deno.test("a client that leaves before a response that completes later leaves one access line", async () => {
  const [entered, left] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const log = new LogSink();
  const server = await serveLogged(async (scope, receive, send) => {
    if (scope.type !== "http") return;
    await receive();
    entered.resolve();
    assert.equal((await receive()).type, "http.disconnect");
    await send({ type: "http.response.start", status: 200 });
    await send({ type: "http.response.body", body: "late" });
    left.resolve();
  }, log);
  const connection = await RawConnection.open(server.binds[0]!.url);
  await connection.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  await withDeadline(entered.promise, "the request");
  connection[Symbol.dispose]();
  await withDeadline(left.promise, "the end of the application");
  assert.deepEqual(await linesOf(log, 1, server), ['INFO CLIENT http "GET / 1.1" - -']);
});

Deno.test("a WebSocket leaves one access line, whether it is accepted or fails", async () => {
  const log = new LogSink();
  const server = await serveLogged(async (scope, receive, send) => {
    if (scope.type !== "websocket") return;
    await receive();
    if (scope.path === "/fails") throw new Error("no socket");
    await send({ type: "websocket.accept" });
    await send({ type: "websocket.close" });
  }, log);
  using failed = await WebSocketClient.connect(server.binds[0]!.url, { target: "/fails" });
  assert.equal(failed.answer.status, 500);
  using accepted = await WebSocketClient.open(server.binds[0]!.url, { target: "/works" });
  await accepted.closed();
  const lines = await linesOf(log, 2, server);
  assert.deepEqual(lines.map((line) => line.split(" ").slice(2, 7).join(" ")), [
    'ws "GET /fails 1.1" 500',
    'ws "GET /works 1.1" 101',
  ]);
});

Deno.test("statsdHost gets what happens to a request", async () => {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  try {
    const { port } = socket.addr as Deno.NetAddr;
    const statsd = { statsdHost: `127.0.0.1:${port}`, statsdPrefix: "web", dogstatsdTags: "a:b" };
    await using server = await start(hello, { bind: "127.0.0.1:0", errorlog: null, ...statsd });
    await (await fetch(server.binds[0]!.url)).text();
    const seen: string[] = [];
    while (seen.length < 3) {
      const [datagram] = await withDeadline(socket.receive(), "a metric");
      seen.push(new TextDecoder().decode(datagram).replace(/:[\d.]+\|ms/, ":MS|ms"));
    }
    assert.deepEqual(seen, [
      "web.hypercorn.request.duration:MS|ms|#a:b",
      "web.hypercorn.requests:1|c|@1.0|#a:b",
      "web.hypercorn.request.status.200:1|c|@1.0|#a:b",
    ]);
  } finally {
    socket.close();
  }
});

/** Flags of Hypercorn's command line, each with a value it takes. */
const FLAGS: Readonly<Record<string, string | null>> = {
  "-h": null,
  "--help": null,
  "--access-log": "a",
  "--access-logfile": "-",
  "--access-logformat": "%(h)s",
  "--backlog": "1",
  "-b": ":1",
  "--bind": ":1",
  "--ca-certs": "a",
  "--certfile": "a",
  "--keyfile": "a",
  "--keyfile-password": "a",
  "--cert-reqs": "1",
  "--ciphers": "a",
  "-c": "a",
  "--config": "a",
  "-D": null,
  "--daemon": null,
  "--debug": null,
  "--error-log": "a",
  "--error-logfile": "-",
  "--log-file": "-",
  "--graceful-timeout": "1",
  "--read-timeout": "1",
  "--keep-alive": "1",
  "--websocket-ping-interval": "1",
  "--max-requests": "1",
  "--max-requests-jitter": "1",
  "-g": "1",
  "--group": "1",
  "-u": "1",
  "--user": "1",
  "-m": "1",
  "--umask": "1",
  "-k": "asyncio",
  "--worker-class": "asyncio",
  "--insecure-bind": ":1",
  "--quic-bind": ":1",
  "--log-config": "a",
  "--log-level": "info",
  "-p": "a",
  "--pid": "a",
  "--reload": null,
  "--root-path": "a",
  "--server-name": "a",
  "--statsd-host": "a:1",
  "--statsd-prefix": "a",
  "--verify-mode": "CERT_NONE",
  "-w": "1",
  "--workers": "1",
};

Deno.test("the command line knows every flag of Hypercorn", () => {
  for (const [flag, value] of Object.entries(FLAGS)) {
    const words = value === null ? [flag, "main.ts"] : [flag, value, "main.ts"];
    assert.doesNotThrow(() => parseArguments(words), flag);
  }
});
