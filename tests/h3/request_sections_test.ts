import assert from "node:assert/strict";
import { H3, H3Error } from "../../src/h3/errors.ts";
import { encodeFrame, FRAME } from "../../src/h3/frames.ts";
import { RequestStream } from "../../src/h3/request_stream.ts";
import { encodeVarints } from "../../src/h3/varint.ts";
import {
  BLOCKED,
  blockedHeaders,
  END,
  HEAD,
  INSERT,
  LINES,
  REQUEST,
  text,
  TRAILERS,
  trailers,
  UNBLOCKED_HEAD,
} from "./request_samples.ts";
import {
  assertH3Error,
  assertMalformed,
  data,
  drain,
  headers,
  newContext,
  receiveAll,
} from "./request_support.ts";

Deno.test("RequestStream refuses a malformed head for the stream only", () => {
  const frame = headers(LINES.slice(1));
  assertMalformed(() => drain(receiveAll([frame])), `pseudo-header field ":method" is missing`);
});

Deno.test("RequestStream refuses malformed trailers for the stream only", () => {
  const frame = headers([[":path", "/"]]);
  assertMalformed(
    () => drain(receiveAll([REQUEST, frame])),
    `pseudo-header field ":path" is in a trailer section`,
  );
});

for (const [which, before] of [["head", []], ["trailer section", [REQUEST]]] as const) {
  Deno.test(`RequestStream refuses a ${which} that QPACK cannot decode, for the connection (RFC 9204 §2.2)`, () => {
    const frame = encodeFrame(FRAME.HEADERS, Uint8Array.of(0, 0, 0xff, 0x80, 0x01));
    assert.throws(() => drain(receiveAll([...before, frame])), {
      code: H3.DECOMPRESSION_FAILED,
      scope: "connection",
      status: null,
    });
  });

  Deno.test(`RequestStream refuses an empty ${which}, which QPACK cannot decode (RFC 9204 §4.5.1)`, () => {
    const stream = receiveAll([...before, encodeFrame(FRAME.HEADERS, new Uint8Array(0))]);
    assert.throws(() => drain(stream), { code: H3.DECOMPRESSION_FAILED, scope: "connection" });
  });

  Deno.test(`RequestStream refuses a ${which} larger than the limit with 431 (RFC 9114 §4.2.2)`, () => {
    const large = headers([...LINES, ["x-large", "x".repeat(150)]]);
    const context = newContext({ maxFieldSectionSize: 300 });
    assert.throws(() => drain(receiveAll([...before, large], context)), {
      code: H3.EXCESSIVE_LOAD,
      scope: "stream",
      status: 431,
    });
  });

  Deno.test(`RequestStream refuses a ${which} larger than the limit by its frame header`, () => {
    const context = newContext({ maxFieldSectionSize: 300 });
    const stream = receiveAll([...before, encodeVarints(FRAME.HEADERS, 301)], context, false);
    assertH3Error(() => drain(stream), {
      code: H3.EXCESSIVE_LOAD,
      scope: "stream",
      status: 431,
      message: "Cannot accept a HEADERS frame of 301 bytes: the limit is 300",
    });
  });
}

Deno.test("RequestStream waits for a HEADERS frame of exactly the limit", () => {
  const context = newContext({ maxFieldSectionSize: 300 });
  assert.deepEqual(drain(receiveAll([encodeVarints(FRAME.HEADERS, 300)], context, false)), []);
});

// Sections that wait for the encoder stream

Deno.test("RequestStream keeps a blocked head, and what comes after it, until it is unblocked (RFC 9204 §2.2.1)", () => {
  const context = newContext();
  const stream = receiveAll([BLOCKED], context, false);
  assert.deepEqual(drain(stream), []);
  assert.equal(stream.blocked, true);
  stream.receive(data("abc"), 0);
  stream.receive(TRAILERS, 0);
  stream.finish();
  assert.deepEqual(drain(stream), []);
  assert.deepEqual(context.decoder.receive(INSERT), [0]);
  assert.deepEqual(drain(stream), []);
  stream.unblock();
  assert.equal(stream.blocked, false);
  assert.deepEqual(drain(stream), [UNBLOCKED_HEAD, text("abc"), trailers([["x-sum", "1"]]), END]);
  assert.deepEqual(context.decoder.take(), Uint8Array.of(0x80)); // Section Acknowledgment
});

Deno.test("RequestStream passes content on before blocked trailers, which come later", () => {
  const context = newContext();
  const stream = receiveAll([REQUEST, data("abc"), blockedHeaders(0x80)], context);
  assert.deepEqual(drain(stream), [HEAD, text("abc")]);
  assert.equal(stream.blocked, true);
  context.decoder.receive(INSERT);
  stream.unblock();
  assert.deepEqual(drain(stream), [trailers([["accept", "b"]]), END]);
});

Deno.test("RequestStream judges a blocked head when it is unblocked", () => {
  const context = newContext();
  const stream = receiveAll([blockedHeaders(0xd1, 0x80)], context);
  assert.deepEqual(drain(stream), []);
  context.decoder.receive(INSERT);
  stream.unblock();
  assertMalformed(() => drain(stream), `pseudo-header field ":scheme" is missing`);
});

Deno.test("RequestStream refuses one blocked section too many for the connection (RFC 9204 §2.1.2)", () => {
  const context = newContext();
  for (const id of [0, 4]) {
    const stream = new RequestStream(id, context);
    stream.receive(BLOCKED, 0);
    assert.deepEqual(drain(stream), []);
  }
  const third = new RequestStream(8, context);
  third.receive(BLOCKED, 0);
  assert.throws(() => third.next(), { code: H3.DECOMPRESSION_FAILED, scope: "connection" });
});

// Stream Cancellation

/** Rows: how reading stopped, what is done to a stream 4, whether its encoder is told. */
const CANCELLED: readonly [how: string, act: (stream: RequestStream) => void, told: boolean][] = [
  ["before anything came", (stream) => stream.close(), true],
  ["after the head, closed", (stream) => {
    stream.receive(REQUEST, 0);
    drain(stream);
    stream.close();
  }, true],
  ["after the head, reset", (stream) => {
    stream.receive(REQUEST, 0);
    drain(stream);
    stream.reset(H3.REQUEST_CANCELLED);
    stream.close();
  }, true],
  ["while blocked, reset", (stream) => {
    stream.receive(BLOCKED, 0);
    drain(stream);
    stream.reset(H3.REQUEST_CANCELLED);
    stream.close();
  }, true],
  ["while blocked, closed", (stream) => {
    stream.receive(BLOCKED, 0);
    drain(stream);
    stream.close();
  }, true],
  ["with FIN there but sections not decoded", (stream) => {
    stream.receive(REQUEST, 0);
    stream.finish();
    stream.close();
  }, true],
  ["because the head is malformed", (stream) => {
    stream.receive(headers([]), 0);
    assert.throws(() => stream.next(), H3Error);
    stream.close();
  }, true],
  ["at the end", (stream) => {
    stream.receive(REQUEST, 0);
    stream.finish();
    drain(stream);
    stream.close();
  }, false],
];

for (const [how, act, told] of CANCELLED) {
  const outcome = told ? "sends one Stream Cancellation" : "sends no Stream Cancellation";
  Deno.test(`RequestStream given up ${how} ${outcome} (RFC 9204 §2.2.2.2)`, () => {
    const context = newContext();
    const stream = new RequestStream(4, context);
    act(stream);
    assert.deepEqual(context.decoder.take(), told ? Uint8Array.of(0x44) : null);
    assert.equal(context.decoder.blockedStreams, 0);
    assert.equal(stream.blocked, false);
    assert.deepEqual(context.forgotten, [4]);
    assert.equal(stream.next(), null);
    stream.close();
    stream.reset(0);
    assert.equal(context.decoder.take(), null);
    assert.deepEqual(context.forgotten, [4]);
  });
}

Deno.test("RequestStream sends no Stream Cancellation without a table (RFC 9204 §4.4.2)", () => {
  const context = newContext({ capacity: 0 });
  receiveAll([REQUEST], context, false).close();
  assert.equal(context.decoder.take(), null);
  assert.deepEqual(context.forgotten, [0]);
});
