/** What the log says of QUIC connections that did not come to be. */

import assert from "node:assert/strict";
import { type ConfigInit, type Server, start } from "../../mod.ts";
import { TLS_OPTIONS } from "../_support/certificates.ts";
import { LogSink } from "../_support/log_sink.ts";
import { captureInitials, openSocket } from "../_support/quic_datagrams.ts";
import { connect, connectInVain } from "../_support/quic_pair.ts";
import { eventually } from "../_support/waiting.ts";

/** Starts a server with HTTP/3, and its log. */
async function startLogged(
  config: ConfigInit,
): Promise<{ server: Server; log: LogSink; port: number }> {
  const log = new LogSink();
  const server = await start(() => new Response("ok"), {
    ...TLS_OPTIONS,
    bind: "127.0.0.1:0",
    quicBind: "127.0.0.1:0",
    errorlog: log,
    ...config,
  });
  const [quic] = server.binds.filter(({ addr }) => addr.transport === "udp");
  return { server, log, port: Number(new URL(quic!.url).port) };
}

const CAPS: readonly {
  readonly config: ConfigInit;
  readonly fail: (port: number) => Promise<unknown>;
  readonly line: RegExp;
}[] = [
  {
    config: { maxConnections: 1 },
    fail: (port) => assert.rejects(connect(port), /refused/),
    line: /^WARN Refused a QUIC connection of an unknown client: 1 connections are open/,
  },
  {
    config: { maxConnectionsPerClient: 1 },
    fail: (port) => connectInVain(port),
    line: /^WARN Refused a QUIC connection of 127\.0\.0\.1:\d+: it has 1 connections/,
  },
];

for (const { config, fail, line } of CAPS) {
  Deno.test(`${Object.keys(config)} counts for HTTP/3, and many refusals make one warning`, async () => {
    const { server, log, port } = await startLogged(config);
    const first = await connect(port);
    for (let i = 0; i < 20; i++) await fail(port);
    const lines = log.matching("Refused");
    assert.equal(lines.length, 1, lines.join("\n"));
    assert.match(lines[0]!, line);
    first.close();
    await server.shutdown();
    first.endpoint.close();
  });
}

Deno.test("QUIC handshakes that fail make one line of the log, whatever the client says", async () => {
  const { server, log, port } = await startLogged({});
  for (let i = 0; i < 10; i++) {
    await assert.rejects(connect(port, { caCerts: [] })); // it does not trust the certificate
  }
  await eventually(() => log.matching("Refused").length > 0, "the line");
  const lines = log.matching("Refused");
  assert.equal(lines.length, 1, lines.join("\n"));
  assert.match(
    lines[0]!,
    /^INFO Refused a QUIC connection of 127\.0\.0\.1:\d+: its handshake failed \(.+\)$/,
  );
  await server.shutdown();
});

Deno.test("QUIC handshakes that are not completed in time make one line of the log", async () => {
  const { server, log, port } = await startLogged({ sslHandshakeTimeout: 0.2 });
  using socket = openSocket();
  for (const initial of await captureInitials(20)) await socket.send(initial, port);
  await eventually(() => log.matching("Refused").length > 0, "the line");
  const lines = log.matching("Refused");
  assert.equal(lines.length, 1, lines.join("\n"));
  assert.match(lines[0]!, /did not complete the handshake within 0\.2 s/);
  await server.shutdown();
});
