import assert from "node:assert/strict";
import { encodeFrame, encodeVarints, FRAME, STREAM } from "../../src/h3/mod.ts";
import type { FakeOutbox } from "../_support/fake_quic.ts";
import { echo, serveH3 } from "../_support/h3_harness.ts";
import { controlStart, type H3Peer } from "../_support/h3_peer.ts";
import { settled } from "../_support/response_recorder.ts";

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
  ...[
    { title: "GOAWAY", type: FRAME.GOAWAY, payload: encodeVarints(0) },
    { title: "MAX_PUSH_ID", type: FRAME.MAX_PUSH_ID, payload: encodeVarints(0) },
    {
      title: "PRIORITY_UPDATE of requests to come",
      type: FRAME.PRIORITY_UPDATE_REQUEST,
      payload: priorityUpdate(0),
    },
  ].map(({ title, type, payload }): HostilePeer => ({
    name: `that floods its control stream with ${title}`,
    code: "H3_EXCESSIVE_LOAD",
    act: (peer) => repeat(1_100, () => peer.controlFrame(type, payload)),
  })),
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
    assert.ok(reports[0]!.startsWith(`127.0.0.1:50000 ${code}: `), reports[0]);
    assert.ok(peer.client.end!.reason.length > 0, "the peer is told why");

    assert.equal((await inProgress.data("on").finish().response()).text, "lives on");
    assert.equal((await other.get()).status, 200);
    await other.untilIdle();
    assert.deepEqual(server.listener.counts(), { connections: 1, requests: 0, streams: 0 });
    assert.equal(server.inFlight.requests, 0);
  });
}
