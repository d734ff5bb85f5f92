import assert from "node:assert/strict";
import type { Exchange } from "../../src/exchange.ts";
import { encodeFrame, encodeVarints, FRAME, STREAM } from "../../src/h3/mod.ts";
import { echo, readAll, serveH3 } from "../_support/h3_harness.ts";
import { type H3Peer, requestFields } from "../_support/h3_peer.ts";
import { settled } from "../_support/response_recorder.ts";
import { eventually } from "../_support/waiting.ts";

const { CONTROL, QPACK_ENCODER, QPACK_DECODER } = STREAM;

Deno.test("An HTTP/3 connection ends the requests in progress when it is closed for an error", async () => {
  const reasons: string[] = [];
  const reads: string[] = [];
  await using server = serveH3(async (exchange) => {
    exchange.signal.addEventListener("abort", () => reasons.push(exchange.signal.reason.name));
    await exchange.read();
    await exchange.read().then(() => reads.push("complete"), ({ name }) => reads.push(name));
  });
  const peer = server.connect();
  const requests = [1, 2, 3].map(() => peer.request({ method: "POST" }).data("some"));
  await eventually(() => server.inFlight.requests === 3, "three requests");

  peer.controlFrame(FRAME.DATA);

  assert.equal(await peer.closed(), "H3_FRAME_UNEXPECTED");
  await eventually(() => server.inFlight.requests === 0, "the end of the handlers");
  assert.deepEqual(reasons, Array(3).fill("DisconnectError"));
  assert.deepEqual(reads, Array(3).fill("DisconnectError"));
  assert.deepEqual(requests.map(({ complete }) => complete), [false, false, false]);
  assert.deepEqual(server.listener.counts(), { connections: 0, requests: 0, streams: 0 });
  assert.equal(server.take("disconnected").length, 3);
  server.take("connectionClosed");
});

Deno.test("An HTTP/3 connection that the server closes tells applications that the client is gone, and refuses nothing", async () => {
  await using server = serveH3(echo);
  const peer = server.connect();
  peer.request({ method: "POST", path: "/upload" }).data("half of it");
  peer.open().raw(Uint8Array.of(FRAME.HEADERS, 10)); // a head that does not go on
  await eventually(() => server.inFlight.requests === 1, "the upload");
  await settled();

  server.listener.abort();

  await server.listener.finished;
  await eventually(() => server.inFlight.requests === 0, "the end of the handler");
  const [report, ...more] = server.take("disconnected");
  assert.match(report!, /^POST https:\/\/localhost\/upload DisconnectError/);
  assert.deepEqual(more, []);
});

for (
  const { title, index } of [
    { title: "control", index: 0 },
    { title: "decoder", index: 2 },
  ]
) {
  Deno.test(`An HTTP/3 connection is closed with H3_CLOSED_CRITICAL_STREAM for a peer that stops our ${title} stream`, async () => {
    await using server = serveH3(echo);
    const peer = server.connect({ dynamic: true });
    assert.equal((await peer.get()).status, 200);

    peer.client.streams[index]!.inbox.onStop(0x100);
    // The transport tells when there is something to write.
    if (index === 0) server.listener.goaway();
    else {for (let i = 0; i < 3; i++) {
        peer.request({ fields: [["x-again", "x".repeat(40)]] }).finish();
      }}

    assert.equal(await peer.closed(), "H3_CLOSED_CRITICAL_STREAM");
    assert.match(server.take("connectionClosed").join(), /critical stream/);
  });
}

Deno.test("An HTTP/3 connection opens control, encoder and decoder stream, and sends SETTINGS first", async () => {
  await using server = serveH3(echo, { maxFieldSectionSize: 12_345 });
  const peer = server.connect({ settings: null });
  await peer.until(() => peer.client.streams.length === 3, "three streams");
  const types = peer.client.streams.map(({ inbox }) => inbox.bytes[0]);
  assert.deepEqual(types, [CONTROL, QPACK_ENCODER, QPACK_DECODER]);
  assert.equal(peer.client.streams[0]!.inbox.bytes[1], FRAME.SETTINGS);
  assert.deepEqual(peer.settings, {
    maxFieldSectionSize: 12_345,
    qpackMaxTableCapacity: 4096,
    qpackBlockedStreams: 16,
    enableConnectProtocol: true,
    enableDatagrams: false,
    webTransportSessions: 0,
  });
});

Deno.test("An HTTP/3 connection serves requests before it may open streams and before it knows SETTINGS", async () => {
  await using server = serveH3(echo);
  const peer = server.connect({ settings: null, serverStreams: 0 });
  assert.equal((await peer.get()).status, 200);
  assert.equal(peer.client.streams.length, 0);
  peer.client.allowStreams(3);
  await peer.until(() => peer.settings !== null, "SETTINGS");
});

Deno.test("An HTTP/3 connection announces its end as soon as it may open its control stream", async () => {
  await using server = serveH3(echo);
  const peer = server.connect({ serverStreams: 0 });
  assert.equal((await peer.get()).status, 200);
  server.listener.goaway();
  peer.client.allowStreams(3);
  await peer.until(() => peer.goaways.length === 1, "GOAWAY");
});

Deno.test("An HTTP/3 connection ignores reserved frames, streams and settings", async () => {
  await using server = serveH3(echo);
  const peer = server.connect({ settings: null });
  peer.unidirectional(
    Uint8Array.of(CONTROL, ...encodeFrame(FRAME.SETTINGS, encodeVarints(0x21 + 0x1f * 7, 99))),
  );
  peer.unidirectional(Uint8Array.of(...encodeVarints(0x21 + 0x1f * 3), 1, 2, 3));
  const request = peer.open().frame(0x21, new Uint8Array(9)).headers(
    requestFields({ method: "POST" }),
  );
  request.frame(0x21 + 0x1f).data("in ").frame(0x40, new Uint8Array(70)).data("between");
  request.frame(0x21, new Uint8Array(3)).headers([["x-trailer", "1"]]).frame(0x21).finish();
  assert.equal((await request.response()).text, "in between");
  assert.equal(peer.over, false);
});

Deno.test("An HTTP/3 connection stops reading a unidirectional stream of an unknown type", async () => {
  await using server = serveH3(echo);
  const peer = server.connect();
  const stream = peer.unidirectional(encodeVarints(0x21));
  await peer.until(() => stream.stopped, "STOP_SENDING");
  assert.equal((await peer.get()).status, 200);
});

Deno.test("An HTTP/3 connection accepts a unidirectional stream that ends before its type is complete", async () => {
  await using server = serveH3(echo);
  const peer = server.connect();
  const stream = peer.unidirectional(Uint8Array.of(0x40)); // the first of two bytes
  stream.finish();
  assert.equal((await peer.get()).status, 200);
  await peer.untilIdle({ receiving: 1, pendingReads: 1 });
});

Deno.test("An HTTP/3 connection serves on when the peer announces that it will leave", async () => {
  await using server = serveH3(echo);
  const peer = server.connect();
  peer.controlFrame(FRAME.GOAWAY, encodeVarints(0));
  assert.equal((await peer.get()).status, 200);
});

for (
  const { title, end, disconnects } of [
    {
      title: "closed by the peer",
      end: (peer: H3Peer) => peer.client.close(0x100, "done"),
      disconnects: 3,
    },
    {
      title: "lost by the transport, which is reported",
      end: (peer: H3Peer) => peer.client.fail("timed out"),
      disconnects: 4,
    },
  ]
) {
  Deno.test(`An HTTP/3 connection that is ${title} aborts its requests once and leaves nothing`, async () => {
    const aborted: string[] = [];
    const failures: string[] = [];
    const caught = async (act: () => Promise<unknown>) => {
      await act().catch((error) => failures.push(error.name));
    };
    await using server = serveH3(async (exchange: Exchange) => {
      const gone = Promise.withResolvers<void>();
      exchange.signal.addEventListener("abort", () => {
        aborted.push(exchange.signal.reason.name);
        gone.resolve();
      });
      if (exchange.request.target === "/reads") await caught(() => readAll(exchange));
      if (exchange.request.target === "/streams") {
        await exchange.respond({ status: 200, fields: [] });
        while (!exchange.signal.aborted) {
          await caught(() => exchange.write(new Uint8Array(10_000)));
          await settled();
        }
      }
      await gone.promise;
      await caught(() => exchange.read());
      await caught(() => exchange.respond({ status: 200, fields: [] }));
    });
    const peer = server.connect({ sendWindow: 100_000 });
    for (const path of ["/reads", "/streams", "/waits"]) peer.request({ method: "POST", path });
    await peer.until(() => peer.client.live.pendingWrites > 0, "the full window");

    end(peer);

    await eventually(() => server.inFlight.requests === 0, "the end of the handlers");
    assert.deepEqual(aborted, Array(3).fill("DisconnectError"));
    assert.ok(failures.every((name) => name === "DisconnectError"), String(failures));
    assert.ok(failures.length >= 7, String(failures));
    assert.equal(server.take("disconnected").length, disconnects);
    assert.deepEqual(server.listener.counts(), { connections: 0, requests: 0, streams: 0 });
  });
}
