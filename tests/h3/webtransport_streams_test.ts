/** Streams of WebTransport sessions among those of HTTP/3 (draft-ietf-webtrans-http3 §4, §4.2 and §4.3). */

import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeDatagram } from "../../src/h3/datagram.ts";
import { H3 } from "../../src/h3/errors.ts";
import { encodeFrame, FRAME } from "../../src/h3/frames.ts";
import { ODDITY_BURST, OVERHEAD_ALLOWANCE_BYTES, OVERHEAD_RATIO } from "../../src/h3/limits.ts";
import type { H3Connection, RequestEvent } from "../../src/h3/mod.ts";
import { STREAM } from "../../src/h3/unidirectional.ts";
import { encodeVarints } from "../../src/h3/varint.ts";
import { concat } from "../_support/bytes.ts";
import { assertConnectionError, EMPTY_SETTINGS, newConnection, splits } from "./peer_support.ts";
import { BLOCKED, CONNECT, REQUEST, TRAILERS } from "./request_samples.ts";
import { data, grease } from "./request_support.ts";

const CONTENT = new TextEncoder().encode("content");

/** Forms of an integer that is 2 bytes long at least, by their bytes. */
function formsOf(hex: string): readonly string[] {
  return [`40${hex}`, `800000${hex}`, `c0000000000000${hex}`];
}

/** What a stream begins with after its signal, and the session it says. */
const SESSIONS: readonly [hex: string, sessionId: number][] = [
  ["00", 0],
  ["04", 4],
  ["4000", 0],
  ["c000000000000008", 8],
  ["bffffffc", 0x3fff_fffc],
  ["c01ffffffffffffc", Number.MAX_SAFE_INTEGER - 3],
];

/** Every form of `signal` before every session. */
function startsWith(signal: string): { readonly start: Uint8Array; readonly sessionId: number }[] {
  return formsOf(signal).flatMap((form) =>
    SESSIONS.map(([hex, sessionId]) => ({ start: Uint8Array.fromHex(form + hex), sessionId }))
  );
}

/** No ids of streams in both directions of the client, and one that no integer here can hold. */
const NO_SESSIONS = ["01", "02", "03", "4005", "ffffffffffffffff", "fffffffffffffffc"];

/** @param maxRequestStreams Any session may come by default. */
function newServer(maxRequestStreams = Infinity): H3Connection {
  return newConnection({
    webTransportSessions: 1,
    enableConnectProtocol: true,
    enableDatagrams: true,
    maxRequestStreams,
  });
}

/** What comes of chunks on a new stream in both directions; what follows the start is passed by. */
function request(
  chunks: readonly Uint8Array[],
  fin: boolean,
  connection = newServer(),
): RequestEvent[] {
  const stream = connection.request(0);
  const events: RequestEvent[] = [];
  for (const chunk of chunks) {
    const last = events.at(-1);
    if (last?.type === "webtransport") {
      events[0] = { ...last, rest: concat([last.rest, chunk]) };
    } else {
      stream.receive(chunk, 0);
      for (let event = stream.next(); event !== null; event = stream.next()) events.push(event);
    }
  }
  if (!fin) return events;
  stream.finish();
  for (let event = stream.next(); event !== null; event = stream.next()) events.push(event);
  return events;
}

Deno.test("RequestStream leaves a stream of a session to it, in any form and wherever its bytes are cut (§4.3)", () => {
  for (const { start, sessionId } of startsWith("41")) {
    for (const rest of [CONTENT, new Uint8Array(0)]) {
      const expected = [{ type: "webtransport", sessionId, rest }];
      for (const { name, chunks } of splits(concat([start, rest]))) {
        for (const fin of [true, false]) {
          assert.deepEqual(request(chunks, fin), expected, `${start.toHex()} ${name}`);
        }
      }
    }
  }
});

Deno.test("RequestStream tells of a session as soon as its id is there, before any content", () => {
  const stream = newServer().request(0);
  stream.receive(Uint8Array.fromHex("40"), 0);
  assert.equal(stream.next(), null);
  stream.receive(Uint8Array.fromHex("41"), 0);
  assert.equal(stream.next(), null);
  stream.receive(Uint8Array.fromHex("08"), 0);
  assert.deepEqual(stream.next(), { type: "webtransport", sessionId: 8, rest: new Uint8Array(0) });
});

Deno.test("RequestStream gives all that came before it was asked, in one piece", () => {
  const bytes = concat([Uint8Array.fromHex("404108"), CONTENT]);
  for (const { name, chunks } of splits(bytes)) {
    const stream = newServer().request(0);
    for (const chunk of chunks) stream.receive(chunk, 0);
    assert.deepEqual(stream.next(), { type: "webtransport", sessionId: 8, rest: CONTENT }, name);
    assert.equal(stream.next(), null);
  }
});

Deno.test("RequestStream copies nothing of what comes with the session id", () => {
  const bytes = concat([Uint8Array.fromHex("404100"), CONTENT]);
  const [event] = request([bytes], false);
  assert.ok(event?.type === "webtransport");
  assert.equal(event.rest.buffer, bytes.buffer);
});

Deno.test("RequestStream is out of a stream of a session: no further event, no instruction for QPACK, forgotten when closed", () => {
  const connection = newServer();
  const stream = connection.request(0);
  stream.receive(Uint8Array.fromHex("404100"), 0);
  assert.equal(stream.next()?.type, "webtransport");
  stream.finish();
  assert.equal(stream.next(), null);
  stream.reset(0);
  assert.equal(connection.openRequests, 1);
  stream.close();
  assert.equal(connection.openRequests, 0);
  assert.equal(connection.takeDecoder(), null);
});

/** What comes before a signal that begins no stream. */
const MISPLACED: readonly [after: string, before: Uint8Array][] = [
  ["an unknown frame", grease(3)],
  ["an empty unknown frame", grease()],
  ["the head", REQUEST],
  ["content", concat([REQUEST, data("x")])],
  ["an unknown frame amid content", concat([REQUEST, data("x"), grease()])],
  ["trailers", concat([REQUEST, TRAILERS])],
  ["the data of a CONNECT", concat([CONNECT, data("x")])],
];
for (const [after, before] of MISPLACED) {
  Deno.test(`RequestStream refuses the signal after ${after} with H3_FRAME_ERROR (§4.3)`, () => {
    for (const { name, chunks } of splits(concat([before, Uint8Array.fromHex("404100")]))) {
      assertConnectionError(() => request(chunks, false), H3.FRAME_ERROR, name);
    }
  });
}

Deno.test("RequestStream refuses the signal after a field section that was blocked with H3_FRAME_ERROR", () => {
  const connection = newServer();
  const stream = connection.request(0);
  stream.receive(concat([BLOCKED, Uint8Array.fromHex("404100")]), 0);
  assert.equal(stream.next(), null);
  assert.ok(stream.blocked);
  const encoder = connection.unidirectional(2);
  encoder.receive(Uint8Array.fromHex("02" + "3fe101" + "41610131"), 0);
  stream.unblock();
  assert.equal(stream.next()?.type, "head");
  assertConnectionError(() => stream.next(), H3.FRAME_ERROR);
});

for (const hex of NO_SESSIONS) {
  Deno.test(`RequestStream refuses session id ${hex} with H3_ID_ERROR (§4)`, () => {
    for (const form of formsOf("41")) {
      for (const { name, chunks } of splits(Uint8Array.fromHex(form + hex))) {
        assertConnectionError(() => request(chunks, false), H3.ID_ERROR, name);
      }
    }
  });
}

Deno.test("RequestStream refuses FIN inside signal or session id with H3_FRAME_ERROR (RFC 9114 §7.1)", () => {
  for (const start of ["40", "4041", "404140", "4041c0000000000000"]) {
    for (const { name, chunks } of splits(Uint8Array.fromHex(start))) {
      assertConnectionError(() => request(chunks, true), H3.FRAME_ERROR, `${start} ${name}`);
    }
  }
});

Deno.test("RequestStream takes the signal for an unknown frame when WebTransport was not offered", () => {
  const connection = newConnection();
  const frame = encodeFrame(0x41, Uint8Array.of(1, 2, 3));
  for (const bytes of [concat([frame, REQUEST]), concat([REQUEST, frame])]) {
    for (const { name, chunks } of splits(bytes)) {
      const types = request(chunks, true, connection).map(({ type }) => type);
      assert.deepEqual(types, ["head", "end"], name);
    }
  }
});

Deno.test("ControlStream refuses the signal after SETTINGS with H3_FRAME_ERROR (§4.3), before it with H3_MISSING_SETTINGS", () => {
  const signal = Uint8Array.fromHex("404100");
  const cases = [[EMPTY_SETTINGS, H3.FRAME_ERROR], [new Uint8Array(0), H3.MISSING_SETTINGS]];
  for (const [before, code] of cases as [Uint8Array, number][]) {
    const bytes = concat([encodeVarints(STREAM.CONTROL), before, signal]);
    for (const { name, chunks } of splits(bytes)) {
      const control = newServer().unidirectional(2);
      assertConnectionError(
        () => chunks.forEach((chunk) => control.receive(chunk, 0)),
        code,
        name,
      );
    }
  }
});

Deno.test("ControlStream takes the signal for an unknown frame when WebTransport was not offered", () => {
  const control = newConnection().unidirectional(2);
  const frame = encodeFrame(0x41, Uint8Array.of(1));
  const bytes = concat([encodeVarints(STREAM.CONTROL), EMPTY_SETTINGS, frame]);
  assert.equal(control.receive(bytes, 0).length, 1);
});

Deno.test("UnidirectionalStream leaves a stream of a session to it, in any form and wherever its bytes are cut (§4.2)", () => {
  for (const { start, sessionId } of startsWith("54")) {
    for (const { name, chunks } of splits(concat([start, CONTENT]))) {
      const stream = newServer().unidirectional(2);
      const parts: Uint8Array[] = [];
      for (const chunk of chunks) {
        if (stream.webTransport !== null) parts.push(chunk);
        else assert.deepEqual(stream.receive(chunk, 0), []);
        assert.equal(stream.discard, false);
      }
      assert.equal(stream.webTransport?.sessionId, sessionId, name);
      assert.deepEqual(concat([stream.webTransport.rest, ...parts]), CONTENT, name);
      stream.finish(); // all of this stream is the session's, and its end, too
      stream.reset(0);
    }
  }
});

Deno.test("UnidirectionalStream tells of a session as soon as its id is there, before any content", () => {
  const stream = newServer().unidirectional(2);
  for (const byte of [0x40, 0x54]) {
    stream.receive(Uint8Array.of(byte), 0);
    assert.equal(stream.webTransport, null);
  }
  stream.receive(Uint8Array.of(8), 0);
  assert.deepEqual(stream.webTransport, { sessionId: 8, rest: new Uint8Array(0) });
});

for (const hex of NO_SESSIONS) {
  Deno.test(`UnidirectionalStream refuses session id ${hex} with H3_ID_ERROR (§4)`, () => {
    for (const form of formsOf("54")) {
      for (const { name, chunks } of splits(Uint8Array.fromHex(form + hex))) {
        const stream = newServer().unidirectional(2);
        assertConnectionError(
          () => chunks.forEach((chunk) => stream.receive(chunk, 0)),
          H3.ID_ERROR,
          name,
        );
      }
    }
  });
}

Deno.test("Streams and datagrams may be for as many requests as the client may open, and no more (RFC 9297 §2.1)", () => {
  const all = [
    (connection: H3Connection, id: number) => {
      const stream = connection.request(4);
      stream.receive(encodeVarints(0x41, id), 0);
      assert.equal(stream.next()?.type, "webtransport");
    },
    (connection: H3Connection, id: number) => {
      const stream = connection.unidirectional(2);
      stream.receive(encodeVarints(STREAM.WEBTRANSPORT, id), 0);
      assert.equal(stream.webTransport?.sessionId, id);
    },
    (connection: H3Connection, id: number) => {
      const { streamId, payload } = connection.datagram(encodeDatagram(id, CONTENT));
      assert.equal(streamId, id);
      assert.deepEqual(payload, CONTENT);
    },
  ];
  for (const arrive of all) {
    const connection = newServer(2);
    connection.request(0);
    connection.turnAway(4); // which may be over by now, so that there may be another one
    arrive(connection, 12);
    for (const id of [16, 2 ** 52]) {
      assertConnectionError(() => arrive(connection, id), H3.ID_ERROR);
    }
  }
});

Deno.test("UnidirectionalStream tolerates a stream that ends or is reset before its session is known, but not a flood of them", () => {
  const connection = newServer();
  const end = (how: "finish" | "reset") => {
    const stream = connection.unidirectional(2);
    stream.receive(Uint8Array.fromHex("405440"), 0);
    assert.equal(stream.webTransport, null);
    assert.equal(stream.discard, false);
    if (how === "finish") stream.finish();
    else stream.reset(0);
  };
  for (let count = 0; count < ODDITY_BURST; count++) end(count % 2 === 0 ? "finish" : "reset");
  assertConnectionError(() => end("finish"), H3.EXCESSIVE_LOAD);
  assertConnectionError(() => end("reset"), H3.EXCESSIVE_LOAD);
});

Deno.test("UnidirectionalStream knows only its own types when WebTransport was offered", () => {
  const connection = newServer();
  const stream = connection.unidirectional(2);
  stream.receive(encodeVarints(0x41, 0), 0); // a signal of other streams
  assert.equal(stream.discard, true);
  assert.equal(stream.webTransport, null);
});

/** Some bytes more than a connection may send for nothing. */
const EXCESSIVE = OVERHEAD_RATIO * OVERHEAD_ALLOWANCE_BYTES + 1;

/** Opens streams in one of the two ways until so many bytes were received. */
function openMany(open: (start: Uint8Array) => void, start: Uint8Array): void {
  for (let sent = 0; sent <= EXCESSIVE; sent += start.length) open(start);
}

for (const [what, rest] of [["content", 60_000], ["nothing else", 0]] as const) {
  Deno.test(`Streams of sessions with ${what} are of use, however many come, even in the longest form`, () => {
    const connection = newServer();
    const start = (signal: string) =>
      concat([Uint8Array.fromHex(`c0000000000000${signal}c000000000000000`), new Uint8Array(rest)]);
    openMany((bytes) => {
      const stream = connection.request(0);
      stream.receive(bytes, 0);
      assert.equal(stream.next()?.type, "webtransport");
      stream.close();
    }, start("41"));
    openMany((bytes) => connection.unidirectional(2).receive(bytes, 0), start("54"));
  });
}

Deno.test("property: any bytes after signal and session id come out as they are, however they are cut", () => {
  const cuts = fc.array(fc.nat(60), { maxLength: 5 });
  fc.assert(fc.property(fc.uint8Array(), fc.nat(2 ** 28), cuts, (rest, quarter, cuts) => {
    const sessionId = quarter * 4;
    const bytes = concat([encodeVarints(0x41, sessionId), rest]);
    const points = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length];
    points.sort((a, b) => a - b);
    const chunks = points.slice(1).map((end, index) => bytes.slice(points[index], end));
    assert.deepEqual(request(chunks, true), [{ type: "webtransport", sessionId, rest }]);
  }));
});

Deno.test("A request is read as ever when WebTransport was offered, and so are unknown frames and streams", () => {
  const frames = concat([grease(2), REQUEST, encodeFrame(FRAME.DATA, CONTENT), TRAILERS]);
  for (const { name, chunks } of splits(frames)) {
    const types = new Set(request(chunks, true).map(({ type }) => type));
    assert.deepEqual([...types], ["head", "data", "trailers", "end"], name);
  }
});
