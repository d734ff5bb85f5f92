import assert from "node:assert/strict";
import fc from "fast-check";
import type { FieldList } from "../../src/fields.ts";
import { H3 } from "../../src/h3/errors.ts";
import { encodeFrame, FRAME, FrameReader } from "../../src/h3/frames.ts";
import type { H3Connection } from "../../src/h3/connection.ts";
import { isGreaseId } from "../../src/h3/grease.ts";
import { MAX_FIELD_NAME_BYTES, MAX_FIELD_VALUE_BYTES, ODDITY_BURST } from "../../src/h3/limits.ts";
import { decodeSettings } from "../../src/h3/settings.ts";
import { STREAM } from "../../src/h3/unidirectional.ts";
import { decodeVarint, encodeVarints, varintLength } from "../../src/h3/varint.ts";
import { QPACKEncoder } from "../../src/qpack/mod.ts";
import { concat } from "../_support/bytes.ts";
import {
  assertConnectionError,
  assertOnlyH3Error,
  frame,
  newConnection,
  openControl,
  priorityUpdate,
} from "./peer_support.ts";

/** GET / of "a" over https, from the static table of QPACK. */
const SECTION = Uint8Array.of(0x00, 0x00, 0xd1, 0xd7, 0x50, 0x01, 0x61, 0xc1);
const GET = encodeFrame(FRAME.HEADERS, SECTION);

/** The same as field lines. */
const REQUEST: FieldList = [
  [":method", "GET"],
  [":scheme", "https"],
  [":authority", "a"],
  [":path", "/"],
];

Deno.test("H3Connection begins its three streams with their types, and SETTINGS first (RFC 9114 §6.2.1)", () => {
  const { control, encoder, decoder } = newConnection().streamStarts;
  assert.equal(control[0], STREAM.CONTROL);
  assert.deepEqual(encoder, encodeVarints(STREAM.QPACK_ENCODER));
  assert.deepEqual(decoder, encodeVarints(STREAM.QPACK_DECODER));
  const frames = readFrames(control.subarray(1));
  assert.deepEqual(frames.map(({ type }) => isGreaseId(type) ? "grease" : type), [
    FRAME.SETTINGS,
    "grease",
  ]);
  assert.deepEqual(decodeSettings(frames[0]!.payload), {
    maxFieldSectionSize: 65_536,
    qpackMaxTableCapacity: 4096,
    qpackBlockedStreams: 16,
    enableConnectProtocol: false,
    enableDatagrams: false,
    webTransportSessions: 0,
  });
});

Deno.test("H3Connection offers extended CONNECT and datagrams only when they are enabled", () => {
  const { control } =
    newConnection({ enableConnectProtocol: true, enableDatagrams: true }).streamStarts;
  const settings = decodeSettings(readFrames(control.subarray(1))[0]!.payload);
  assert.deepEqual([settings.enableConnectProtocol, settings.enableDatagrams], [true, true]);
});

Deno.test("H3Connection offers WebTransport with its number of sessions, and with 0 nothing of it", () => {
  const settingsOf = (webTransportSessions: number) => {
    const { control } = newConnection({ webTransportSessions, enableDatagrams: true }).streamStarts;
    return readFrames(control.subarray(1))[0]!.payload;
  };
  assert.equal(decodeSettings(settingsOf(0)).webTransportSessions, 0);
  assert.equal(decodeSettings(settingsOf(7)).webTransportSessions, 7);
  const offer = encodeVarints(0x2b603742, 1, 0xc671706a, 7, 0x14e9cd29, 7).toHex();
  assert.ok(settingsOf(7).toHex().includes(offer));
});

Deno.test("H3Connection sends other reserved identifiers for another random number", () => {
  const types = new Set<number>();
  const settings = new Set<number>();
  for (const random of [0, 0.3, 0.999]) {
    const { control } = newConnection({ random }).streamStarts;
    const [first, second] = readFrames(control.subarray(1));
    for (const id of readSettingIds(first!.payload).filter(isGreaseId)) settings.add(id);
    types.add(second!.type);
  }
  assert.deepEqual([types.size, settings.size], [3, 3]);
});

Deno.test("H3Connection knows the client's settings once they came", () => {
  const connection = newConnection();
  const before = connection.peerSettings;
  openControl(connection, frame(FRAME.SETTINGS, 0x01, 100, 0x07, 2));
  const { qpackMaxTableCapacity, qpackBlockedStreams } = connection.peerSettings!;
  assert.deepEqual([before, qpackMaxTableCapacity, qpackBlockedStreams], [null, 100, 2]);
});

Deno.test("H3Connection uses the dynamic table only after the client allowed it (RFC 9204 §3.2.3)", () => {
  const connection = newConnection();
  assert.deepEqual(sendThrice(connection), { insertions: false, references: false });
  openControl(connection, frame(FRAME.SETTINGS, 0x01, 4096, 0x07, 16));
  assert.deepEqual(sendThrice(connection), { insertions: true, references: true });
});

Deno.test("H3Connection blocks no stream of a client that did not allow it (RFC 9204 §2.1.2)", () => {
  const connection = newConnection();
  openControl(connection, frame(FRAME.SETTINGS, 0x01, 4096));
  assert.deepEqual(sendThrice(connection), { insertions: true, references: false });
});

Deno.test("H3Connection cancels a blocked request on its decoder stream (RFC 9204 §2.2.2.2)", () => {
  const connection = newConnection();
  const request = connection.request(4);
  request.receive(encodeFrame(FRAME.HEADERS, Uint8Array.fromHex("020080")), 0);
  request.next();
  assert.ok(request.blocked);
  request.reset(H3.REQUEST_CANCELLED);
  assert.deepEqual(connection.takeDecoder(), Uint8Array.of(0x44));
  assert.equal(connection.takeDecoder(), null);
});

Deno.test("H3Connection says goodbye in two steps, never with a larger id (RFC 9114 §5.2)", () => {
  const connection = newConnection();
  connection.request(0);
  connection.goaway(false);
  connection.goaway(false);
  assert.equal(connection.takeControl()?.toHex(), "0708fffffffffffffffc");
  assert.equal(connection.takeControl(), null);
  connection.request(4);
  assert.ok(connection.accepts(8));
  connection.goaway(true);
  connection.goaway(true);
  connection.goaway(false);
  assert.deepEqual(connection.takeControl(), frame(FRAME.GOAWAY, 8));
  assert.equal(connection.takeControl(), null);
  assert.deepEqual([0, 4, 8, 12].map((id) => connection.accepts(id)), [true, true, false, false]);
});

Deno.test("H3Connection says goodbye at once, to a client without requests", () => {
  const connection = newConnection();
  connection.goaway(false);
  connection.goaway(true);
  assert.deepEqual(
    connection.takeControl(),
    concat([Uint8Array.fromHex("0708fffffffffffffffc"), frame(FRAME.GOAWAY, 0)]),
  );
  assert.equal(connection.accepts(0), false);
});

Deno.test("H3Connection says goodbye with the highest id that came, also when streams come out of order", () => {
  const connection = newConnection();
  for (const id of [4, 8, 0]) connection.request(id);
  connection.goaway(true);
  assert.deepEqual(connection.takeControl(), frame(FRAME.GOAWAY, 12));
});

Deno.test("H3Connection refuses nothing before its GOAWAY", () => {
  assert.ok(newConnection().accepts(Number.MAX_SAFE_INTEGER));
});

Deno.test("H3Connection sends no frame on its control stream but SETTINGS, a reserved one and GOAWAY (RFC 9114 §7.2)", () => {
  const connection = newConnection({ enableConnectProtocol: true, enableDatagrams: true });
  const control = openControl(connection, frame(FRAME.SETTINGS, 0x01, 4096, 0x07, 16, 0x33, 1));
  control.receive(frame(FRAME.MAX_PUSH_ID, 100), 0);
  control.receive(priorityUpdate(FRAME.PRIORITY_UPDATE_REQUEST, 0, "u=1"), 0);
  control.receive(frame(FRAME.GOAWAY, 0), 0);
  assert.equal(connection.takeControl(), null);
  connection.goaway(false);
  connection.goaway(true);
  const sent = [connection.streamStarts.control.subarray(1), connection.takeControl()!];
  const types = readFrames(concat(sent)).map(({ type }) => isGreaseId(type) ? "reserved" : type);
  assert.deepEqual(types, [FRAME.SETTINGS, "reserved", FRAME.GOAWAY, FRAME.GOAWAY]);
});

Deno.test("H3Connection makes nothing of the code of a reset, known or not (RFC 9114 §8)", () => {
  const connection = newConnection();
  for (const [index, code] of [0, H3.NO_ERROR, H3.REQUEST_CANCELLED, 0x21, 2 ** 53 - 1].entries()) {
    const request = connection.request(index * 4);
    request.receive(GET, 0);
    assert.equal(request.next()?.type, "head");
    request.reset(code);
    assert.equal(request.next(), null);
    request.close();
    const stream = connection.unidirectional(14);
    stream.receive(encodeVarints(0x21), 0);
    stream.reset(code);
  }
  assert.equal(connection.openRequests, 0);
});

Deno.test("H3Connection knows the requests that were not closed", () => {
  const connection = newConnection();
  const [first, second] = [connection.request(0), connection.request(4)];
  assert.equal(connection.openRequests, 2);
  first.close();
  first.close();
  second.close();
  assert.equal(connection.openRequests, 0);
});

Deno.test("H3Connection has one budget for all its streams", () => {
  const connection = newConnection();
  const control = openControl(connection);
  for (let count = 0; count < ODDITY_BURST; count++) control.receive(frame(0x21), 0);
  assertConnectionError(
    () => connection.unidirectional(6).receive(encodeVarints(0x21), 0),
    H3.EXCESSIVE_LOAD,
  );
  const request = connection.request(0);
  request.receive(GET, 0);
  assertConnectionError(() => request.reset(H3.REQUEST_CANCELLED), H3.EXCESSIVE_LOAD);
});

Deno.test("H3Connection refuses a field section that QPACK refuses with QPACK_DECOMPRESSION_FAILED", () => {
  const request = newConnection().request(0);
  request.receive(encodeFrame(FRAME.HEADERS, Uint8Array.of(0x00, 0x00, 0xff, 0xff, 0x7f)), 0);
  assertConnectionError(() => request.next(), H3.DECOMPRESSION_FAILED);
});

const TOO_LONG = [
  { what: "name", limit: MAX_FIELD_NAME_BYTES, line: (length: number) => ["a".repeat(length), ""] },
  {
    what: "value",
    limit: MAX_FIELD_VALUE_BYTES,
    line: (length: number) => ["a", "b".repeat(length)],
  },
] as const;
for (const { what, limit, line } of TOO_LONG) {
  Deno.test(`H3Connection takes a field ${what} of ${limit} bytes, and answers a longer one with 431`, () => {
    const connection = newConnection({ maxFieldSectionSize: 1_000_000 });
    const encoder = new QPACKEncoder({ maxTableCapacity: 0, maxBacklog: 0 });
    const head = (id: number, length: number) => {
      const request = connection.request(id);
      const lines = [...REQUEST, line(length) as [string, string]];
      request.receive(encodeFrame(FRAME.HEADERS, encoder.encode(id, lines)), 0);
      return request.next();
    };
    assert.equal(head(0, limit)?.type, "head");
    assert.throws(() => head(4, limit + 1), { name: "H3Error", scope: "stream", status: 431 });
  });
}

Deno.test("property: H3Connection throws nothing but H3Error, whatever comes on its streams in whatever order", () => {
  const chunk = fc.record({
    stream: fc.nat(5),
    bytes: fc.oneof(
      fc.uint8Array({ maxLength: 20 }),
      fc.constantFrom(
        encodeVarints(0),
        frame(FRAME.SETTINGS),
        encodeVarints(2),
        encodeVarints(3),
        GET,
      ),
    ),
  });
  fc.assert(fc.property(fc.array(chunk), (chunks) => {
    const connection = newConnection();
    const requests = [0, 4].map((id) => connection.request(id));
    const streams = [2, 6, 10, 14].map((id) => connection.unidirectional(id));
    assertOnlyH3Error(() => {
      for (const { stream, bytes } of chunks) {
        if (stream > 1) streams[stream - 2]!.receive(bytes.slice(), 0);
        else {
          requests[stream]!.receive(bytes.slice(), 0);
          while (requests[stream]!.next() !== null);
        }
      }
    });
    for (const request of requests) request.close();
    assert.equal(connection.openRequests, 0);
  }));
});

/** What of the dynamic table three equal responses use. */
function sendThrice(connection: H3Connection): { insertions: boolean; references: boolean } {
  const sent = [0, 4, 8].map((id) =>
    connection.request(id).encodeHead(200, [["x-custom", "a long enough value"]])
  );
  // A field section begins with the number of insertions it needs (RFC 9204 §4.5.1).
  const needs = sent.map((bytes) => readFrames(bytes)[0]!.payload[0] !== 0);
  return { insertions: connection.takeEncoder() !== null, references: needs.includes(true) };
}

function readSettingIds(payload: Uint8Array): number[] {
  const integers: number[] = [];
  for (let offset = 0; offset < payload.length; offset += varintLength(payload[offset]!)) {
    integers.push(decodeVarint(payload, offset));
  }
  return integers.filter((_, index) => index % 2 === 0);
}

function readFrames(bytes: Uint8Array): { type: number; payload: Uint8Array }[] {
  const reader = new FrameReader({ admit: () => "whole" });
  reader.receive(bytes);
  const frames = [];
  for (let frame = reader.next(); frame !== null; frame = reader.next()) frames.push(frame);
  reader.finish();
  return frames;
}
