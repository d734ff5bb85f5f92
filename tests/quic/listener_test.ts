/**
 * Listening on Deno's QUIC: handshakes, limits, certificates, closing. With both back-ends where it could matter.
 */

import assert from "node:assert/strict";
import { ConfigError } from "../../src/errors.ts";
import type { DenoQuicListener, DenoQuicListenOptions } from "../../src/quic/deno.ts";
import { listenQuic } from "../../src/quic/deno.ts";
import { ConnectionLostError, type QuicConnection } from "../../src/quic/transport.ts";
import { CERTIFICATE } from "../_support/certificates.ts";
import { withDeadline } from "../_support/deadline.ts";
import { captureInitials, openSocket } from "../_support/quic_datagrams.ts";
import {
  BACKENDS,
  connect,
  connectInVain,
  connectTo,
  listenOptions,
} from "../_support/quic_pair.ts";
import { quicProgram, runQuicProgram } from "../_support/quic_program.ts";
import { eventually } from "../_support/waiting.ts";

const HELLO = new TextEncoder().encode("hello");
const RENEWED = {
  cert: readTestData("renewed.pem"),
  key: readTestData("renewed.key"),
};

/** Seconds of a time-out that a test waits for, and does something before on a busy machine. */
const SOON = 1;

/** Runs a test with a listener, and its record of refused connections. */
async function withListener(
  options: Partial<DenoQuicListenOptions>,
  test: (listener: DenoQuicListener, refused: string[]) => Promise<void>,
): Promise<void> {
  const refused: string[] = [];
  const listener = listenQuic(listenOptions({
    onRefused: ({ cause, reason }) => refused.push(`${cause}: ${reason}`),
    ...options,
  }));
  try {
    await withDeadline(test(listener, refused), "the end of the test");
  } finally {
    await listener.close(0, "");
  }
}

for (const backend of BACKENDS) {
  Deno.test(`listenQuic() uses the back-end "${backend}" when asked to, and says so`, async () => {
    await withListener({ backend }, async (listener) => {
      const { connection, native } = await connectTo(listener);
      await echoOnce(connection, native);
      assert.equal(listener.backend, backend);
      native.endpoint.close();
    });
  });

  Deno.test(`QUIC connection (${backend}): silence ends it as a time-out`, async () => {
    await withListener({ backend, idleTimeout: SOON }, async (listener) => {
      const { connection, native } = await connectTo(listener);
      const stream = await native.createBidirectionalStream();
      await stream.writable.getWriter().write(HELLO);
      const { receive } = (await connection.acceptBidirectional())!;
      await receive.read();
      const lost = assert.rejects(receive.read(), ConnectionLostError);
      assert.deepEqual(await connection.closed, { by: "transport", code: 0, reason: "timed out" });
      await lost;
      assert.equal(await connection.acceptBidirectional(), null);
      assert.equal(await connection.acceptUnidirectional(), null);
      native.endpoint.close();
    });
  });

  Deno.test(`QUIC connection (${backend}): garbage collection ends no stream`, async () => {
    const output = await runQuicProgram(["collect", backend], ["--unstable-net"]);
    assert.equal(output.trim(), "nothing ended");
  });
}

Deno.test("QUIC connection: knows both addresses and the server name", async () => {
  await withListener({}, async (listener) => {
    const { connection, native } = await connectTo(listener);
    assert.equal(connection.peer.client?.hostname, "127.0.0.1");
    assert.deepEqual(connection.peer.server, listener.addr);
    assert.equal(connection.serverName, "localhost");
    native.endpoint.close();
  });
});

Deno.test("QUIC listener: a client without a common protocol is refused, others are served", async () => {
  await withListener({}, async (listener, refused) => {
    await assert.rejects(connect(listener.addr.port, { alpnProtocols: ["nope"] }));
    await eventually(() => refused.length === 1, "the report");
    assert.match(refused[0]!, /protocol/);
    await serveOne(listener);
  });
});

Deno.test("QUIC listener: garbage on the socket disturbs nobody", async () => {
  await withListener({}, async (listener, refused) => {
    using socket = openSocket();
    const initial = await captureInitial();
    for (const size of [0, 1, 20, 1200]) {
      await socket.send(initial.slice(0, size).reverse(), listener.addr.port);
    }
    for (let at = 0; at < 1200; at += 100) {
      await socket.send(initial.with(at, ~initial[at]!), listener.addr.port);
    }
    await serveOne(listener);
    assert.deepEqual(refused.filter((reason) => !/authentication failed/.test(reason)), []);
  });
});

Deno.test("QUIC listener: a handshake that does not go on is dropped in time, others are served", async () => {
  await withListener({ handshakeTimeout: SOON }, async (listener, refused) => {
    using socket = openSocket();
    await socket.send(await captureInitial(), listener.addr.port);
    await eventually(() => listener.counts.handshakes === 1, "the handshake");
    await serveOne(listener);
    await eventually(() => refused.length === 1, "the report");
    assert.deepEqual(refused, ["limit: it did not complete the handshake within 1 s"]);
    assert.deepEqual(listener.counts.handshakes, 0);
  });
});

Deno.test("QUIC listener: handshakes beyond maxHandshakes are refused", async () => {
  await withListener({ maxHandshakes: 1, handshakeTimeout: SOON }, async (listener, refused) => {
    using socket = openSocket();
    await socket.send(await captureInitial(), listener.addr.port);
    await eventually(() => listener.counts.handshakes === 1, "the handshake");
    await assert.rejects(connect(listener.addr.port), /refused/);
    assert.deepEqual(refused, ["limit: 1 handshakes are open, which is the limit"]);
    await eventually(() => listener.counts.handshakes === 0, "the end of the handshake");
    await serveOne(listener);
  });
});

Deno.test("QUIC listener: connections beyond maxConnections are refused until one ends", async () => {
  await withListener({ maxConnections: 1 }, async (listener, refused) => {
    const { connection, native } = await connectTo(listener);
    await assert.rejects(connect(listener.addr.port), /refused/);
    assert.deepEqual(refused, ["limit: 1 connections are open, which is the limit"]);
    await echoOnce(connection, native);
    native.close();
    await connection.closed;
    await eventually(() => listener.counts.open === 0, "the end of the connection");
    await serveOne(listener);
    native.endpoint.close();
  });
});

Deno.test("QUIC listener: connections of a client beyond maxConnectionsPerClient are closed until one ends", async () => {
  await withListener({ maxConnectionsPerClient: 2 }, async (listener, refused) => {
    const first = await connectTo(listener);
    const second = await connectTo(listener);
    for (let i = 0; i < 3; i++) {
      await connectInVain(listener.addr.port);
    }
    await eventually(() => refused.length === 3, "the reports");
    assert.deepEqual(
      new Set(refused),
      new Set(["limit: it has 2 connections, which is the limit"]),
    );
    assert.deepEqual(listener.counts, { open: 2, handshakes: 0 });
    await echoOnce(first.connection, first.native);
    first.native.close();
    await first.connection.closed;
    await serveOne(listener);
    for (const { native } of [first, second]) native.endpoint.close();
  });
});

Deno.test("QUIC listener: handshakes count for the client that they seem to come from", async () => {
  const limits = { maxConnectionsPerClient: 1, handshakeTimeout: SOON };
  await withListener(limits, async (listener, refused) => {
    using socket = openSocket();
    await socket.send(await captureInitial(), listener.addr.port);
    await eventually(() => listener.counts.handshakes === 1, "the handshake");
    await connectInVain(listener.addr.port);
    await eventually(() => refused.length === 2, "the end of the handshake");
    assert.deepEqual(refused, [
      "limit: it has 1 connections, which is the limit",
      "limit: it did not complete the handshake within 1 s",
    ]);
    await serveOne(listener);
  });
});

Deno.test("QUIC listener: a client may open as many streams as configured", async () => {
  await withListener(
    { maxBidirectionalStreams: 3, maxUnidirectionalStreams: 2 },
    async (listener) => {
      const { native } = await connectTo(listener);
      const open = () => native.createBidirectionalStream();
      await Promise.all([open(), open(), open()]);
      await assert.rejects(open(), RangeError);
      await Promise.all([native.createUnidirectionalStream(), native.createUnidirectionalStream()]);
      await assert.rejects(native.createUnidirectionalStream(), RangeError);
      native.endpoint.close();
    },
  );
});

Deno.test("setIdentity() shows new connections another certificate, and keeps open ones", async () => {
  await withListener({}, async (listener) => {
    const before = await connectTo(listener);
    listener.setIdentity(RENEWED);
    const after = await connectTo(listener, { caCerts: [RENEWED.cert] });
    await echoOnce(before.connection, before.native);
    await echoOnce(after.connection, after.native);
    listener.setIdentity(listenOptions());
    await serveOne(listener);
    for (const { native } of [before, after]) native.endpoint.close();
  });
});

Deno.test("setIdentity() keeps the certificate when the new one is not usable", async () => {
  await withListener({}, async (listener) => {
    assert.throws(() => listener.setIdentity({ cert: "x", key: RENEWED.key }), ConfigError);
    assert.throws(() => listener.setIdentity({ cert: CERTIFICATE, key: RENEWED.key }), ConfigError);
    await serveOne(listener);
  });
});

Deno.test("refuseNew() refuses new connections at once, and keeps open ones", async () => {
  await withListener({}, async (listener, refused) => {
    const { connection, native } = await connectTo(listener);
    listener.refuseNew();
    await assert.rejects(connect(listener.addr.port), /refused/);
    assert.deepEqual(refused, ["stopping: the server is stopping"]);
    await echoOnce(connection, native);
    native.endpoint.close();
  });
});

Deno.test("close() tells every client and ends accept()", async () => {
  const listener = listenQuic(listenOptions());
  const first = await connectTo(listener);
  const second = await connectTo(listener);
  const waiting = listener.accept();
  const closed = listener.close(0x100, "bye");
  assert.equal(listener.close(1, "twice"), closed);
  await closed;
  assert.equal(await waiting, null);
  assert.equal(await listener.accept(), null);
  for (const { connection, native } of [first, second]) {
    const { closeCode, reason } = await native.closed;
    assert.deepEqual([closeCode, reason], [0x100, "bye"]);
    assert.deepEqual(await connection.closed, { by: "us", code: 0x100, reason: "bye" });
    native.endpoint.close();
  }
  assert.deepEqual(listener.counts, { open: 0, handshakes: 0 });
});

Deno.test("close() ends connections that nobody accepted and handshakes, and leaves no timer", async () => {
  const listener = listenQuic(listenOptions({ onRefused: () => {} }));
  using socket = openSocket();
  await socket.send(await captureInitial(), listener.addr.port);
  const native = await connect(listener.addr.port);
  await eventually(() => listener.counts.open === 1, "the connection");
  assert.equal(listener.counts.handshakes, 1);
  await listener.close(7, "bye");
  assert.equal((await native.closed).closeCode, 7);
  assert.deepEqual(listener.counts, { open: 0, handshakes: 0 });
  native.endpoint.close();
});

Deno.test("close() has told the clients when it is done, even if the program exits then", async () => {
  const server = quicProgram(["exit"], ["--unstable-net"]).spawn();
  const lines = server.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const native = await connect(Number((await lines.read()).value));
  const { closeCode, reason } = await withDeadline(native.closed, "the close");
  assert.deepEqual([closeCode, reason], [0x100, "bye"]);
  await lines.cancel();
  await server.stderr.cancel();
  await server.status;
  native.endpoint.close();
});

/** One more connection with one request on it, from start to end. */
async function serveOne(listener: DenoQuicListener): Promise<void> {
  const { connection, native } = await connectTo(listener);
  await echoOnce(connection, native);
  native.close();
  await connection.closed;
  native.endpoint.close();
}

async function echoOnce(connection: QuicConnection, native: Deno.QuicConn): Promise<void> {
  const stream = await native.createBidirectionalStream();
  const writer = stream.writable.getWriter();
  await writer.write(HELLO);
  await writer.close();
  const { receive, send } = (await connection.acceptBidirectional())!;
  for (let bytes; (bytes = await receive.read()) !== null;) await send.write(bytes);
  await send.finish();
  assert.equal(await new Response(stream.readable).text(), "hello");
}

async function captureInitial(): Promise<Uint8Array> {
  const [initial] = await captureInitials(1);
  return initial!;
}

function readTestData(name: string): string {
  return Deno.readTextFileSync(new URL(`../testdata/${name}`, import.meta.url));
}
