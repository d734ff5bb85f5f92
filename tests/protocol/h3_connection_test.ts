import assert from "node:assert/strict";
import type { Exchange } from "../../src/exchange.ts";
import { encodeFrame, encodeVarints, FRAME, STREAM } from "../../src/h3/mod.ts";
import type { FakeOutbox } from "../_support/fake_quic.ts";
import { answer, echo, readAll, serveH3 } from "../_support/h3_harness.ts";
import { controlStart, H3Peer, requestFields } from "../_support/h3_peer.ts";
import { settled } from "../_support/response_recorder.ts";
import { eventually } from "../_support/waiting.ts";

const { CONTROL, PUSH, QPACK_ENCODER, QPACK_DECODER } = STREAM;

/** A peer that breaks a rule of the connection, and the code it is told. */
interface HostilePeer {
  /** What it does; ends the name of the test. */
  readonly name: string;
  /** Code of the CONNECTION_CLOSE. */
  readonly code: string;
  /** Does it. */
  readonly act: (peer: H3Peer) => unknown;
  /** Whether it opens no control stream by itself. */
  readonly silent?: boolean;
}

function settings(...pairs: number[]): Uint8Array {
  return Uint8Array.of(CONTROL, ...encodeFrame(FRAME.SETTINGS, encodeVarints(...pairs)));
}

function priorityUpdate(streamId: number, value = "u=1"): Uint8Array {
  return Uint8Array.of(...encodeVarints(streamId), ...new TextEncoder().encode(value));
}

const HOSTILE: readonly HostilePeer[] = [
  // Control stream
  {
    name: "whose first control frame is not SETTINGS",
    code: "H3_MISSING_SETTINGS",
    silent: true,
    act: (peer) => peer.controlFrame(FRAME.GOAWAY, encodeVarints(0)),
  },
  {
    name: "whose control stream begins with a frame of a reserved type",
    code: "H3_MISSING_SETTINGS",
    silent: true,
    act: (peer) => peer.controlFrame(0x21),
  },
  {
    name: "that sends SETTINGS twice",
    code: "H3_FRAME_UNEXPECTED",
    act: (peer) => peer.controlFrame(FRAME.SETTINGS),
  },
  {
    name: "that opens a second control stream",
    code: "H3_STREAM_CREATION_ERROR",
    act: (peer) => peer.unidirectional(controlStart()),
  },
  {
    name: "that ends its control stream",
    code: "H3_CLOSED_CRITICAL_STREAM",
    act: (peer) => peer.control.finish(),
  },
  {
    name: "that resets its control stream",
    code: "H3_CLOSED_CRITICAL_STREAM",
    act: (peer) => resetLater(peer.control),
  },
  ...[
    { type: FRAME.DATA, title: "DATA" },
    { type: FRAME.HEADERS, title: "HEADERS" },
    { type: FRAME.PUSH_PROMISE, title: "PUSH_PROMISE" },
    { type: 0x02, title: "the reserved PRIORITY of HTTP/2" },
    { type: 0x06, title: "the reserved PING of HTTP/2" },
    { type: 0x08, title: "the reserved WINDOW_UPDATE of HTTP/2" },
    { type: 0x09, title: "the reserved CONTINUATION of HTTP/2" },
  ].map(({ type, title }): HostilePeer => ({
    name: `that sends ${title} on its control stream`,
    code: "H3_FRAME_UNEXPECTED",
    act: (peer) => peer.controlFrame(type, new Uint8Array(4)),
  })),
  {
    name: "whose SETTINGS are larger than anybody needs",
    code: "H3_EXCESSIVE_LOAD",
    silent: true,
    act: (peer) => peer.controlFrame(FRAME.SETTINGS, new Uint8Array(100_000)),
  },
  {
    name: "whose SETTINGS repeat an identifier",
    code: "H3_SETTINGS_ERROR",
    silent: true,
    act: (peer) => peer.unidirectional(settings(0x06, 1000, 0x06, 1000)),
  },
  {
    name: "whose SETTINGS have a setting of HTTP/2",
    code: "H3_SETTINGS_ERROR",
    silent: true,
    act: (peer) => peer.unidirectional(settings(0x02, 1)),
  },
  {
    name: "whose SETTINGS end inside a setting",
    code: "H3_FRAME_ERROR",
    silent: true,
    act: (peer) => peer.unidirectional(settings(0x06)),
  },
  {
    name: "whose GOAWAY is longer than its id",
    code: "H3_FRAME_ERROR",
    act: (peer) => peer.controlFrame(FRAME.GOAWAY, Uint8Array.of(0, 0)),
  },
  {
    name: "whose GOAWAY has no id",
    code: "H3_FRAME_ERROR",
    act: (peer) => peer.controlFrame(FRAME.GOAWAY),
  },
  {
    name: "whose GOAWAY grows",
    code: "H3_ID_ERROR",
    act(peer) {
      peer.controlFrame(FRAME.GOAWAY, encodeVarints(4));
      peer.controlFrame(FRAME.GOAWAY, encodeVarints(8));
    },
  },
  {
    name: "whose MAX_PUSH_ID shrinks",
    code: "H3_ID_ERROR",
    act(peer) {
      peer.controlFrame(FRAME.MAX_PUSH_ID, encodeVarints(8));
      peer.controlFrame(FRAME.MAX_PUSH_ID, encodeVarints(4));
    },
  },
  {
    name: "that cancels a push nobody promised",
    code: "H3_ID_ERROR",
    act: (peer) => peer.controlFrame(FRAME.CANCEL_PUSH, encodeVarints(0)),
  },
  {
    name: "whose PRIORITY_UPDATE is about no request stream",
    code: "H3_ID_ERROR",
    act: (peer) => peer.controlFrame(FRAME.PRIORITY_UPDATE_REQUEST, priorityUpdate(2)),
  },
  {
    name: "whose PRIORITY_UPDATE is about a stream beyond its limit",
    code: "H3_ID_ERROR",
    act: (peer) => peer.controlFrame(FRAME.PRIORITY_UPDATE_REQUEST, priorityUpdate(4 * 100_000)),
  },
  {
    name: "whose PRIORITY_UPDATE is about a push",
    code: "H3_ID_ERROR",
    act: (peer) => peer.controlFrame(FRAME.PRIORITY_UPDATE_PUSH, priorityUpdate(0)),
  },
  {
    name: "whose PRIORITY_UPDATE has no id",
    code: "H3_FRAME_ERROR",
    act: (peer) => peer.controlFrame(FRAME.PRIORITY_UPDATE_REQUEST),
  },
  {
    name: "that floods its control stream with unknown frames",
    code: "H3_EXCESSIVE_LOAD",
    act: (peer) => repeat(1_100, () => peer.controlFrame(0x21)),
  },
  // QPACK streams
  {
    name: "whose encoder stream sets a capacity beyond the limit",
    code: "QPACK_ENCODER_STREAM_ERROR",
    act: (peer) => peer.encoderStream.write(Uint8Array.of(0x3f, 0xff, 0xff, 0x7f)),
  },
  {
    name: "whose encoder stream duplicates an entry that is not there",
    code: "QPACK_ENCODER_STREAM_ERROR",
    act: (peer) => peer.encoderStream.write(Uint8Array.of(0x00)),
  },
  {
    name: "that ends its encoder stream",
    code: "H3_CLOSED_CRITICAL_STREAM",
    act: (peer) => peer.encoderStream.finish(),
  },
  {
    name: "that resets its encoder stream",
    code: "H3_CLOSED_CRITICAL_STREAM",
    act: (peer) => resetLater(peer.encoderStream),
  },
  {
    name: "that opens a second encoder stream",
    code: "H3_STREAM_CREATION_ERROR",
    act: (peer) => repeat(2, () => peer.unidirectional(Uint8Array.of(QPACK_ENCODER))),
  },
  {
    name: "whose decoder stream acknowledges what was not sent",
    code: "QPACK_DECODER_STREAM_ERROR",
    act: (peer) => peer.decoderStream.write(Uint8Array.of(0x80)),
  },
  {
    name: "whose decoder stream increments by nothing",
    code: "QPACK_DECODER_STREAM_ERROR",
    act: (peer) => peer.decoderStream.write(Uint8Array.of(0x00)),
  },
  {
    name: "that ends its decoder stream",
    code: "H3_CLOSED_CRITICAL_STREAM",
    act: (peer) => peer.decoderStream.finish(),
  },
  {
    name: "that resets its decoder stream",
    code: "H3_CLOSED_CRITICAL_STREAM",
    act: (peer) => resetLater(peer.decoderStream),
  },
  {
    name: "that opens a second decoder stream",
    code: "H3_STREAM_CREATION_ERROR",
    act: (peer) => repeat(2, () => peer.unidirectional(Uint8Array.of(QPACK_DECODER))),
  },
  // Other unidirectional streams
  {
    name: "that opens a push stream",
    code: "H3_STREAM_CREATION_ERROR",
    act: (peer) => peer.unidirectional(Uint8Array.of(PUSH, 0)),
  },
  {
    name: "that floods it with unidirectional streams of unknown types",
    code: "H3_EXCESSIVE_LOAD",
    act: (peer) => repeat(1_100, () => peer.unidirectional(encodeVarints(0x21))),
  },
  // Request streams
  {
    name: "whose request begins with DATA",
    code: "H3_FRAME_UNEXPECTED",
    act: (peer) => peer.open().data("early"),
  },
  ...[
    { type: FRAME.SETTINGS, title: "SETTINGS" },
    { type: FRAME.GOAWAY, title: "GOAWAY" },
    { type: FRAME.MAX_PUSH_ID, title: "MAX_PUSH_ID" },
    { type: FRAME.CANCEL_PUSH, title: "CANCEL_PUSH" },
    { type: FRAME.PUSH_PROMISE, title: "PUSH_PROMISE" },
    { type: FRAME.PRIORITY_UPDATE_REQUEST, title: "PRIORITY_UPDATE" },
    { type: 0x06, title: "the reserved PING of HTTP/2" },
  ].map(({ type, title }): HostilePeer => ({
    name: `that sends ${title} on a request stream`,
    code: "H3_FRAME_UNEXPECTED",
    act: (peer) => peer.request({ method: "POST" }).frame(type, Uint8Array.of(0)),
  })),
  {
    name: "that sends DATA after the trailers",
    code: "H3_FRAME_UNEXPECTED",
    act: (peer) => peer.request({ method: "POST" }).headers([["a", "b"]]).data("late"),
  },
  {
    name: "that sends trailers twice",
    code: "H3_FRAME_UNEXPECTED",
    act: (peer) => peer.request({ method: "POST" }).headers([["a", "b"]]).headers([["a", "b"]]),
  },
  {
    name: "whose request ends inside its HEADERS frame",
    code: "H3_FRAME_ERROR",
    act: (peer) => peer.open().raw(Uint8Array.of(FRAME.HEADERS, 10, 0)).finish(),
  },
  {
    name: "whose request ends inside a DATA frame",
    code: "H3_FRAME_ERROR",
    act: (peer) => peer.request({ method: "POST" }).raw(Uint8Array.of(FRAME.DATA, 10, 1)).finish(),
  },
  {
    name: "whose field section cannot be decoded",
    code: "QPACK_DECOMPRESSION_FAILED",
    act: (peer) => peer.open().frame(FRAME.HEADERS, Uint8Array.of(0, 0, 0xff, 0xff, 0xff)),
  },
  {
    name: "whose field section refers to an entry that cannot come",
    code: "QPACK_DECOMPRESSION_FAILED",
    act: (peer) => peer.open().frame(FRAME.HEADERS, Uint8Array.of(0xff, 0xff, 0x7f, 0, 0x80)),
  },
  {
    name: "whose request is an endless sequence of unknown frames",
    code: "H3_EXCESSIVE_LOAD",
    act: (peer) => flood(peer, 0x21),
  },
  {
    name: "whose request is one endless unknown frame",
    code: "H3_EXCESSIVE_LOAD",
    act(peer) {
      const request = peer.request({ method: "POST" });
      request.raw(encodeVarints(0x21, 2 ** 40));
      for (let i = 0; i < 200; i++) request.raw(new Uint8Array(65_536));
    },
  },
  {
    name: "whose request is an endless sequence of empty DATA frames",
    code: "H3_EXCESSIVE_LOAD",
    act: (peer) => flood(peer, FRAME.DATA),
  },
  {
    name: "that resets request after request",
    code: "H3_EXCESSIVE_LOAD",
    act: (peer) => repeat(1_100, () => peer.request({ method: "POST" }).stream.reset(0x10c)),
  },
];

/** A reset takes what was not read along, and so the type of a stream that has just begun. */
async function resetLater(stream: FakeOutbox): Promise<void> {
  await settled();
  stream.reset(0x100);
}

function repeat(times: number, act: () => void): void {
  for (let i = 0; i < times; i++) act();
}

function flood(peer: H3Peer, type: number): void {
  const request = peer.request({ method: "POST" });
  repeat(1_100, () => request.frame(type));
}

for (const { name, code, act, silent } of HOSTILE) {
  Deno.test(`An HTTP/3 connection is closed with ${code} for a peer ${name}`, async () => {
    await using server = serveH3(echo);
    const other = server.connect();
    const inProgress = other.request({ method: "POST" }).data("lives ");
    const peer = server.connect(silent ? { settings: null } : {});

    await act(peer);

    assert.equal(await peer.closed(), code);
    const reports = server.take("connectionClosed");
    assert.equal(reports.length, 1);
    assert.ok(reports[0]!.startsWith(`127.0.0.1 port 50000 ${code}: `), reports[0]);
    assert.ok(peer.client.end!.reason.length > 0, "the peer is told why");

    assert.equal((await inProgress.data("on").finish().response()).text, "lives on");
    assert.equal((await other.get()).status, 200);
    await other.untilIdle();
    assert.deepEqual(server.listener.counts(), { connections: 1, requests: 0, streams: 0 });
    assert.equal(server.inFlight.requests, 0);
  });
}

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
    enableConnectProtocol: false,
    enableDatagrams: false,
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
  peer.unidirectional(settings(0x21 + 0x1f * 7, 99));
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
  const { title, end, report } of [
    {
      title: "closed by the peer",
      end: (peer: H3Peer) => peer.client.close(0x100, "done"),
      report: [],
    },
    {
      title: "lost by the transport, which is reported",
      end: (peer: H3Peer) => peer.client.fail("timed out"),
      report: ["127.0.0.1 port 50000 timed out"],
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
    assert.deepEqual(server.take("connectionClosed"), report);
    assert.equal(server.take("disconnected").length, 3);
    assert.deepEqual(server.listener.counts(), { connections: 0, requests: 0, streams: 0 });
  });
}
