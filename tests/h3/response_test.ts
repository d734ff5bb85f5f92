import assert from "node:assert/strict";
import fc from "fast-check";
import type { Field, FieldList } from "../../src/fields.ts";
import { encodeFrame, FRAME, type Frame, FrameReader } from "../../src/h3/frames.ts";
import { RequestStream } from "../../src/h3/request_stream.ts";
import {
  dataFrameHeader,
  encodeHead,
  encodeResponse,
  encodeTrailers,
} from "../../src/h3/response.ts";
import { QPACKDecoder, QPACKEncoder } from "../../src/qpack/mod.ts";
import { concat } from "../_support/bytes.ts";
import { newContext } from "./request_support.ts";

const encoder = new QPACKEncoder({ maxTableCapacity: 0, maxBacklog: 0 });

/** Frames as a client reads them. */
function framesOf(bytes: Uint8Array): Frame[] {
  const reader = new FrameReader({ admit: () => "whole" });
  reader.receive(bytes);
  const frames: Frame[] = [];
  for (let frame = reader.next(); frame !== null; frame = reader.next()) frames.push(frame);
  reader.finish();
  return frames;
}

/** Field lines of a HEADERS frame. */
function linesOf({ type, payload }: Frame): Field[] | null {
  assert.equal(type, FRAME.HEADERS);
  const decoder = new QPACKDecoder({
    maxTableCapacity: 0,
    maxBlockedStreams: 0,
    maxFieldSectionSize: 65_536,
    maxNameLength: 256,
    maxValueLength: 65_536,
  });
  return decoder.decode(0, payload);
}

function head(status: number, fields: FieldList): Field[] | null {
  const [frame, ...rest] = framesOf(encodeHead(encoder, 0, status, fields));
  assert.deepEqual(rest, []);
  return linesOf(frame!);
}

Deno.test("encodeHead() is a HEADERS frame with :status first, then the fields in order (RFC 9114 §4.3.2)", () => {
  const fields: FieldList = [["content-type", "text/plain"], ["set-cookie", "a"], [
    "set-cookie",
    "b",
  ]];
  assert.deepEqual(head(200, fields), [[":status", "200"], ...fields]);
});

for (const status of [100, 102, 103, 199, 200, 204, 304, 404, 431, 500, 599]) {
  Deno.test(`encodeHead() sends status ${status}`, () => {
    assert.deepEqual(head(status, []), [[":status", String(status)]]);
  });
}

for (const status of [101, 0, 99, 600, -200, 200.5, NaN, Infinity]) {
  Deno.test(`encodeHead() refuses status ${status}${status === 101 ? " (RFC 9114 §4.5)" : ""}`, () => {
    assert.throws(() => encodeHead(encoder, 0, status, []), {
      name: "RangeError",
      message: `Cannot send status ${status}: expected a whole number from 100 to 599, but 101`,
    });
  });
}

for (
  const name of ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"]
) {
  Deno.test(`encodeHead() and encodeTrailers() leave out ${name}, in any case (RFC 9114 §4.2)`, () => {
    const fields: FieldList = [["a", "1"], [name, "x"], [name.toUpperCase(), "x"], ["b", "2"]];
    assert.deepEqual(head(200, fields), [[":status", "200"], ["a", "1"], ["b", "2"]]);
    const [frame] = framesOf(encodeTrailers(encoder, 0, fields));
    assert.deepEqual(linesOf(frame!), [["a", "1"], ["b", "2"]]);
  });
}

Deno.test("encodeHead() makes names lower-case and leaves values alone (RFC 9114 §4.2)", () => {
  assert.deepEqual(head(200, [["X-Powered-By", "Deno"], ["eTag", '"A"']]), [
    [":status", "200"],
    ["x-powered-by", "Deno"],
    ["etag", '"A"'],
  ]);
});

Deno.test("encodeHead() leaves the list it is given alone", () => {
  const fields: FieldList = Object.freeze([Object.freeze(["Upgrade", "x"] as const)]);
  head(200, fields);
  assert.deepEqual(fields, [["Upgrade", "x"]]);
});

Deno.test("encodeTrailers() is a HEADERS frame without :status (RFC 9114 §4.3)", () => {
  const [frame, ...rest] = framesOf(encodeTrailers(encoder, 0, [["X-Sum", "1"]]));
  assert.deepEqual(linesOf(frame!), [["x-sum", "1"]]);
  assert.deepEqual(rest, []);
});

for (const length of [0, 1, 63, 64, 16_383, 16_384, 100_000]) {
  Deno.test(`dataFrameHeader() begins a DATA frame of ${length} bytes`, () => {
    const content = new Uint8Array(length).fill(7);
    const frame = encodeFrame(FRAME.DATA, content);
    assert.deepEqual(concat([dataFrameHeader(length), content]), frame);
    assert.deepEqual(framesOf(frame), [{ type: FRAME.DATA, payload: content }]);
  });
}

Deno.test("encodeResponse() is encodeHead() and a DATA frame in one array", () => {
  const fields: FieldList = [["A", "1"], ["upgrade", "x"]];
  for (const length of [1, 63, 64, 20_000]) {
    const content = new Uint8Array(length).fill(7);
    const head = encodeHead(encoder, 0, 200, fields);
    assert.deepEqual(
      encodeResponse(encoder, 0, 200, fields, content),
      concat([head, encodeFrame(FRAME.DATA, content)]),
    );
  }
});

Deno.test("encodeResponse() has no DATA frame without content", () => {
  const frames = framesOf(encodeResponse(encoder, 0, 204, [], new Uint8Array(0)));
  assert.deepEqual(frames.map(({ type }) => type), [FRAME.HEADERS]);
});

Deno.test("RequestStream encodes for its own stream (RFC 9204 §2.1)", () => {
  const ids: number[] = [];
  const encode = (id: number, fields: FieldList) => {
    ids.push(id);
    return encoder.encode(id, fields);
  };
  const spy = Object.assign(Object.create(encoder) as QPACKEncoder, { encode });
  const stream = new RequestStream(8, { ...newContext(), encoder: spy });
  assert.deepEqual(stream.encodeHead(200, [["a", "1"]]), encodeHead(encoder, 0, 200, [["a", "1"]]));
  assert.deepEqual(stream.encodeTrailers([["a", "1"]]), encodeTrailers(encoder, 0, [["a", "1"]]));
  assert.deepEqual(
    stream.encodeResponse(200, [["a", "1"]], Uint8Array.of(1)),
    encodeResponse(encoder, 0, 200, [["a", "1"]], Uint8Array.of(1)),
  );
  assert.deepEqual(ids, [8, 8, 8]);
});

Deno.test("encodeHead() and a client agree on any fields", () => {
  const name = fc.stringMatching(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,12}$/);
  const value = fc.array(fc.integer({ min: 0x21, max: 0xff }), { maxLength: 12 })
    .map((codes) => String.fromCharCode(...codes));
  fc.assert(fc.property(fc.array(fc.tuple(name, value), { maxLength: 8 }), (fields) => {
    const expected = fields.map(([name, value]) => [name.toLowerCase(), value])
      .filter(([name]) => name !== "upgrade" && name !== "connection");
    assert.deepEqual(head(200, fields), [[":status", "200"], ...expected]);
  }));
});
