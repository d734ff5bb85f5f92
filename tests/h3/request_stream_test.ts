import assert from "node:assert/strict";
import { RequestStream } from "../../src/h3/request_stream.ts";
import { concat } from "../_support/bytes.ts";
import {
  CONNECT,
  CONNECT_HEAD,
  declared,
  declaring,
  END,
  HEAD,
  LINES,
  REQUEST,
  text,
  TRAILERS,
  trailers,
} from "./request_samples.ts";
import {
  assertMalformed,
  data,
  drain,
  grease,
  headers,
  merge,
  newContext,
  type PlainEvent,
  receiveAll,
} from "./request_support.ts";

/** Rows: what the client sends before FIN, and what comes of it. */
const ACCEPTED: readonly [sent: string, frames: Uint8Array[], events: PlainEvent[]][] = [
  ["HEADERS", [REQUEST], [HEAD, END]],
  ["HEADERS, DATA", [REQUEST, data("abc")], [HEAD, text("abc"), END]],
  ["HEADERS, DATA, DATA", [REQUEST, data("abc"), data("d")], [HEAD, text("abcd"), END]],
  ["HEADERS, DATA of 300 bytes", [REQUEST, data("x".repeat(300))], [
    HEAD,
    text("x".repeat(300)),
    END,
  ]],
  ["HEADERS, empty DATA, DATA", [REQUEST, data(""), data("a")], [HEAD, text("a"), END]],
  ["HEADERS, trailers", [REQUEST, TRAILERS], [HEAD, trailers([["x-sum", "1"]]), END]],
  [
    "HEADERS, DATA, trailers",
    [REQUEST, data("abc"), TRAILERS],
    [HEAD, text("abc"), trailers([["x-sum", "1"]]), END],
  ],
  [
    "HEADERS, trailers that are dropped",
    [REQUEST, headers([["host", "b.test"]])],
    [HEAD, trailers([]), END],
  ],
  [
    "unknown frames anywhere (RFC 9114 §9)",
    [grease(), REQUEST, grease(3), data("a"), grease(), TRAILERS, grease(70)],
    [HEAD, text("a"), trailers([["x-sum", "1"]]), END],
  ],
  ["content as long as declared", [declaring("3"), data("ab"), data("c")], [
    declared(3),
    text("abc"),
    END,
  ]],
  ["no content, as declared", [declaring("0")], [declared(0), END]],
  ["CONNECT, DATA (RFC 9114 §4.4)", [CONNECT, data("abc")], [CONNECT_HEAD, text("abc"), END]],
  [
    "CONNECT with a content-length, which means nothing there",
    [
      headers([[":method", "CONNECT"], [":authority", "a.test:443"], ["content-length", "1"]]),
      data("abc"),
    ],
    [
      {
        ...CONNECT_HEAD,
        head: {
          ...CONNECT_HEAD.head,
          fields: [...CONNECT_HEAD.head.fields, ["content-length", "1"]],
        },
      },
      text("abc"),
      END,
    ],
  ],
];

for (const [sent, frames, events] of ACCEPTED) {
  const bytes = concat(frames);
  Deno.test(`RequestStream accepts ${sent}; whole, byte by byte and cut at every point`, () => {
    assert.deepEqual(drain(receiveAll([bytes])), events);
    assert.deepEqual(drain(receiveAll([...bytes].map((byte) => Uint8Array.of(byte)))), events);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const chunks = [bytes.slice(0, cut), bytes.slice(cut)];
      assert.deepEqual(drain(receiveAll(chunks)), events, `cut at ${cut}`);
      assert.deepEqual(drainBetween(chunks), events, `read and cut at ${cut}`);
    }
  });
}

/** Events of a stream that is read after every chunk. */
function drainBetween(chunks: readonly Uint8Array[]): PlainEvent[] {
  const stream = new RequestStream(0, newContext());
  const events: PlainEvent[] = [];
  for (const chunk of chunks) {
    stream.receive(chunk, 0);
    events.push(...drain(stream));
  }
  stream.finish();
  return merge([...events, ...drain(stream)]);
}

// Content-length

Deno.test("RequestStream refuses content beyond content-length before passing it on (RFC 9114 §4.1.2)", () => {
  const stream = receiveAll([declaring("3"), data("ab"), data("cd")], newContext(), false);
  assert.equal(stream.next()?.type, "head");
  assert.equal(stream.next()?.type, "data");
  assertMalformed(
    () => stream.next(),
    `field "content-length" declares 3 bytes of content, received more`,
  );
});

/** Rows: how content ends before its declared length. */
const SHORT: readonly [how: string, frames: Uint8Array[]][] = [
  ["FIN", [declaring("3"), data("ab")]],
  ["trailers", [declaring("3"), data("ab"), TRAILERS]],
];

for (const [how, frames] of SHORT) {
  Deno.test(`RequestStream refuses content that ends with ${how} short of content-length (RFC 9114 §4.1.2)`, () => {
    assertMalformed(
      () => drain(receiveAll(frames)),
      `field "content-length" declares 3 bytes of content, received only 2`,
    );
  });
}

// Priority

Deno.test("RequestStream has the default priority without a priority field (RFC 9218 §4)", () => {
  const stream = receiveAll([REQUEST]);
  assert.deepEqual(stream.priority, { urgency: 3, incremental: false });
  drain(stream);
  assert.deepEqual(stream.priority, { urgency: 3, incremental: false });
});

Deno.test("RequestStream has the priority of its priority field (RFC 9218 §5)", () => {
  const stream = receiveAll([headers([...LINES, ["priority", "u=1"], ["priority", "i"]])]);
  drain(stream);
  assert.deepEqual(stream.priority, { urgency: 1, incremental: true });
});

Deno.test("RequestStream prefers PRIORITY_UPDATE to the priority field, before and after it (RFC 9218 §7)", () => {
  const context = newContext();
  const stream = receiveAll([headers([...LINES, ["priority", "u=1"]])], context);
  context.priorities.set(0, { urgency: 7, incremental: false });
  drain(stream);
  assert.deepEqual(stream.priority, { urgency: 7, incremental: false });
  context.priorities.set(0, { urgency: 0, incremental: true });
  assert.deepEqual(stream.priority, { urgency: 0, incremental: true });
});

// Cost

Deno.test("RequestStream passes content on without copying it", () => {
  const bytes = concat([REQUEST, data("abc")]);
  const stream = receiveAll([bytes]);
  stream.next();
  const event = stream.next();
  assert.ok(event?.type === "data");
  assert.equal(event.bytes.buffer, bytes.buffer);
});
