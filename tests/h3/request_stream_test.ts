import assert from "node:assert/strict";
import fc from "fast-check";
import type { FieldList } from "../../src/fields.ts";
import { H3, H3Error } from "../../src/h3/errors.ts";
import { encodeFrame, FRAME } from "../../src/h3/frames.ts";
import { type HeadEvent, RequestStream } from "../../src/h3/request_stream.ts";
import { encodeVarints } from "../../src/h3/varint.ts";
import { QPACKEncoder } from "../../src/qpack/mod.ts";
import { concat } from "../_support/bytes.ts";
import {
  assertH3Error,
  assertMalformed,
  data,
  drain,
  grease,
  headers,
  newContext,
  type PlainEvent,
  receiveAll,
} from "./request_support.ts";

const LINES: FieldList = [
  [":method", "POST"],
  [":scheme", "https"],
  [":authority", "a.test"],
  [":path", "/x"],
  ["accept", "*/*"],
];

const REQUEST = headers(LINES);

const HEAD: HeadEvent = {
  type: "head",
  head: {
    method: "POST",
    scheme: "https",
    authority: "a.test",
    target: "/x",
    httpVersion: "3",
    fields: [["host", "a.test"], ["accept", "*/*"]],
    protocol: null,
  },
  contentLength: null,
};

const TRAILERS = headers([["x-sum", "1"]]);

const CONNECT = headers([[":method", "CONNECT"], [":authority", "a.test:443"]]);

/** What {@link CONNECT} gives. */
const CONNECT_HEAD: HeadEvent = {
  type: "head",
  head: {
    ...HEAD.head,
    method: "CONNECT",
    authority: "a.test:443",
    target: "a.test:443",
    fields: [["host", "a.test:443"]],
  },
  contentLength: null,
};

const END: PlainEvent = { type: "end" };

function text(text: string): PlainEvent {
  return { type: "data", text };
}

function trailers(fields: FieldList): PlainEvent {
  return { type: "trailers", fields };
}

function declaring(length: string): Uint8Array {
  return headers([...LINES, ["content-length", length]]);
}

function declared(contentLength: number): PlainEvent {
  const fields = [...HEAD.head.fields, ["content-length", String(contentLength)] as const];
  return { ...HEAD, head: { ...HEAD.head, fields }, contentLength };
}

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

/** Joins parts of content that follow each other. */
function merge(events: readonly PlainEvent[]): PlainEvent[] {
  const merged: PlainEvent[] = [];
  for (const event of events) {
    const last = merged.at(-1);
    if (event.type === "data" && last?.type === "data") {
      merged[merged.length - 1] = text(last.text + event.text);
    } else merged.push(event);
  }
  return merged;
}

function unexpected(name: string, expected: string) {
  return {
    code: H3.FRAME_UNEXPECTED,
    scope: "connection",
    status: null,
    message: `Cannot accept a ${name} frame on a request stream: expected ${expected}`,
  } as const;
}

const AFTER_TRAILERS = "nothing after the trailers";

const ONLY_DATA = "only DATA after a CONNECT";

/** Rows: which order the client breaks, its frames, the connection error. */
const UNEXPECTED: readonly [
  rule: string,
  frames: Uint8Array[],
  error: ReturnType<typeof unexpected>,
][] = [
  ["DATA before HEADERS (RFC 9114 §4.1)", [data("a")], unexpected("DATA", "HEADERS")],
  ["empty DATA before HEADERS (RFC 9114 §4.1)", [data("")], unexpected("DATA", "HEADERS")],
  [
    "DATA after trailers (RFC 9114 §4.1)",
    [REQUEST, TRAILERS, data("a")],
    unexpected("DATA", AFTER_TRAILERS),
  ],
  [
    "a second trailer section (RFC 9114 §4.1)",
    [REQUEST, TRAILERS, TRAILERS],
    unexpected("HEADERS", AFTER_TRAILERS),
  ],
  [
    "trailers after a CONNECT (RFC 9114 §4.4)",
    [CONNECT, data("a"), TRAILERS],
    unexpected("HEADERS", ONLY_DATA),
  ],
];

for (const [rule, frames, error] of UNEXPECTED) {
  Deno.test(`RequestStream refuses ${rule} with H3_FRAME_UNEXPECTED`, () => {
    assertH3Error(() => drain(receiveAll(frames)), error);
  });
}

/** Rows: what of the state table, its frames, what is expected then. */
const STATES: readonly [state: string, frames: Uint8Array[], expected: string][] = [
  ["before HEADERS", [], "HEADERS"],
  ["after HEADERS", [REQUEST], "DATA or HEADERS"],
  ["after trailers", [REQUEST, TRAILERS], AFTER_TRAILERS],
  ["after CONNECT", [CONNECT], ONLY_DATA],
];

/** Frames of control streams, and PUSH_PROMISE, which only servers send: RFC 9114 §7.2, RFC 9218 §7.2. */
const MISPLACED = [
  "CANCEL_PUSH",
  "SETTINGS",
  "PUSH_PROMISE",
  "GOAWAY",
  "MAX_PUSH_ID",
  "PRIORITY_UPDATE_REQUEST",
  "PRIORITY_UPDATE_PUSH",
] as const;

for (const name of MISPLACED) {
  for (const [state, frames, expected] of STATES) {
    Deno.test(`RequestStream refuses ${name} ${state} with H3_FRAME_UNEXPECTED (RFC 9114 §7.2)`, () => {
      const frame = encodeFrame(FRAME[name], Uint8Array.of(0));
      assertH3Error(() => drain(receiveAll([...frames, frame])), unexpected(name, expected));
    });
  }
}

for (const type of [0x02, 0x06, 0x08, 0x09]) {
  const name = `0x${type.toString(16)}`;
  Deno.test(`RequestStream refuses frame type ${name} of HTTP/2 with H3_FRAME_UNEXPECTED (RFC 9114 §7.2.8)`, () => {
    assertH3Error(() => drain(receiveAll([REQUEST, encodeFrame(type, new Uint8Array(0))])), {
      code: H3.FRAME_UNEXPECTED,
      scope: "connection",
      status: null,
      message: `Cannot accept a frame of type ${name}: the type is reserved by HTTP/2`,
    });
  });
}

for (
  const [circumstance, frames] of [["at once", []], ["after unknown frames", [grease(2)]]] as const
) {
  Deno.test(`RequestStream refuses FIN ${circumstance} with H3_REQUEST_INCOMPLETE, for the stream (RFC 9114 §4.1)`, () => {
    assertH3Error(() => drain(receiveAll(frames)), {
      code: H3.REQUEST_INCOMPLETE,
      scope: "stream",
      status: 400,
      message: "Cannot read the request: the stream ended before its HEADERS frame",
    });
  });
}

Deno.test("RequestStream refuses FIN at every point inside a frame with H3_FRAME_ERROR (RFC 9114 §7.1)", () => {
  for (const frame of [REQUEST, TRAILERS, data("x".repeat(70)), grease(9)]) {
    const before = frame === REQUEST ? [] : [REQUEST];
    for (let cut = 1; cut < frame.length; cut++) {
      assertH3Error(() => drain(receiveAll([...before, frame.subarray(0, cut)])), {
        code: H3.FRAME_ERROR,
        scope: "connection",
        status: null,
        message: "Cannot read the stream: it ends inside a frame",
      });
    }
  }
});

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

// Field sections

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

// Floods

Deno.test("RequestStream charges unknown frames to the connection's budget (RFC 9114 §10.5)", () => {
  const stream = receiveAll([REQUEST, ...Array<Uint8Array>(1_001).fill(grease())]);
  assertH3Error(() => drain(stream), {
    code: H3.EXCESSIVE_LOAD,
    scope: "connection",
    status: null,
    message: "Cannot go on: too many unknown frames and the like",
  });
});

Deno.test("RequestStream charges empty DATA frames to the connection's budget (RFC 9114 §10.5)", () => {
  const empty = Array<Uint8Array>(1_000).fill(data(""));
  assert.deepEqual(drain(receiveAll([REQUEST, ...empty])), [HEAD, END]);
  assertH3Error(() => drain(receiveAll([REQUEST, ...empty, data("")])), {
    code: H3.EXCESSIVE_LOAD,
    scope: "connection",
    status: null,
    message: "Cannot go on: too many empty DATA frames and the like",
  });
});

Deno.test("RequestStream charges resets to the connection's budget (CVE-2023-44487)", () => {
  const context = newContext();
  const reset = () => receiveAll([REQUEST], context, false).reset(H3.REQUEST_CANCELLED);
  for (let count = 0; count < 1_000; count++) reset();
  assertH3Error(reset, {
    code: H3.EXCESSIVE_LOAD,
    scope: "connection",
    status: null,
    message: "Cannot go on: too many resets and the like",
  });
});

Deno.test("RequestStream counts bytes, and content and fields as useful", () => {
  const mebibyte = new Uint8Array(1024 * 1024);
  const useful = newContext();
  const stream = receiveAll([REQUEST], useful, false);
  for (let count = 0; count < 20; count++) {
    stream.receive(encodeFrame(FRAME.DATA, mebibyte), 0);
    while (stream.next() !== null);
  }
  const useless = receiveAll([REQUEST], newContext(), false);
  assert.throws(() => {
    for (let count = 0; count < 20; count++) useless.receive(encodeFrame(0x21, mebibyte), 0);
  }, { code: H3.EXCESSIVE_LOAD, scope: "connection" });
});

// Sections that wait for the encoder stream

/** Set Dynamic Table Capacity 220, Insert `accept: b` by static name reference. */
const INSERT = Uint8Array.of(0x3f, 0xbd, 0x01, 0xdd, 0x01, 0x62);

/** HEADERS whose section needs that insert: Required Insert Count 1, the entry, then static and literal lines. */
function blockedHeaders(...rest: number[]): Uint8Array {
  return encodeFrame(FRAME.HEADERS, Uint8Array.of(0x02, 0x00, ...rest));
}

/** GET https /, authority `a`, then the dynamic entry. */
const BLOCKED = blockedHeaders(0xd1, 0xd7, 0xc1, 0x50, 0x01, 0x61, 0x80);

const UNBLOCKED_HEAD: HeadEvent = {
  type: "head",
  head: {
    ...HEAD.head,
    method: "GET",
    authority: "a",
    target: "/",
    fields: [["host", "a"], ["accept", "b"]],
  },
  contentLength: null,
};

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

// Extended CONNECT

Deno.test("RequestStream takes an extended CONNECT for a tunnel once that is enabled (RFC 9220 §3)", () => {
  const lines: FieldList = [
    [":method", "CONNECT"],
    [":protocol", "websocket"],
    ...LINES.slice(1),
  ];
  const stream = receiveAll(
    [headers(lines), data("abc"), TRAILERS],
    newContext({
      enableConnectProtocol: true,
    }),
  );
  const event = stream.next();
  assert.equal(event?.type === "head" && event.head.protocol, "websocket");
  assert.equal(stream.next()?.type, "data");
  assertH3Error(() => stream.next(), unexpected("HEADERS", ONLY_DATA));
  assertMalformed(
    () => drain(receiveAll([headers(lines)])),
    `pseudo-header field ":protocol" is not defined for requests`,
  );
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

// Properties

const CLIENT = new QPACKEncoder({ maxTableCapacity: 0, maxBacklog: 0 });

/** Frames of all sorts, most of them legal. */
const FRAMES = fc.array(
  fc.oneof(
    fc.constantFrom(REQUEST, TRAILERS, CONNECT, BLOCKED, declaring("2"), data(""), grease(3)),
    fc.string({ maxLength: 9 }).map(data),
    fc.tuple(fc.constantFrom(0, 1, 3, 5, 9, 0x21), fc.uint8Array({ maxLength: 5 }))
      .map(([type, payload]) => encodeFrame(type, payload)),
    fc.uint8Array({ maxLength: 9 }).map((value) =>
      encodeFrame(
        FRAME.HEADERS,
        CLIENT.encode(0, [...LINES, ["x", String.fromCharCode(...value)]]),
      )
    ),
  ),
  { maxLength: 5 },
).map((frames) => concat([REQUEST, ...frames]));

/** Events, and the error that ended them. */
function outcome(chunks: readonly Uint8Array[]): unknown[] {
  const stream = new RequestStream(0, newContext());
  const events: PlainEvent[] = [];
  const read = () => {
    for (let event = stream.next(); event !== null; event = stream.next()) {
      events.push(
        event.type === "data" ? text(new TextDecoder("latin1").decode(event.bytes)) : event,
      );
    }
  };
  try {
    for (const chunk of chunks) {
      stream.receive(chunk, 0);
      read();
    }
    stream.finish();
    read();
  } catch (error) {
    assert.ok(error instanceof H3Error, String(error));
    return [...merge(events), error.code, error.scope, error.status, error.message];
  }
  return merge(events);
}

/** `bytes` cut at all `cuts` that lie in it. */
function split(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const points = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length];
  points.sort((a, b) => a - b);
  return points.slice(1).map((end, index) => bytes.subarray(points[index], end));
}

Deno.test("RequestStream gives the same events and error in any split", () => {
  fc.assert(
    fc.property(FRAMES, fc.array(fc.nat(400), { maxLength: 8 }), (bytes, cuts) => {
      assert.deepEqual(plain(outcome(split(bytes, cuts))), plain(outcome([bytes])));
    }),
    { numRuns: 1_000 },
  );
});

/**
 * Content may be cut short by an error in the chunk where it is noticed, so only what must be equal is compared:
 * everything but the content before an error.
 */
function plain(outcome: unknown[]): unknown[] {
  const failed = outcome.some((entry) => typeof entry === "number");
  return failed ? outcome.filter((entry) => (entry as PlainEvent)?.type !== "data") : outcome;
}

Deno.test("RequestStream throws nothing but H3Error, whatever the bytes", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.uint8Array({ maxLength: 40 }).map((section) => encodeFrame(FRAME.HEADERS, section)),
    fc.uint8Array({ maxLength: 40 }).map((rest) => concat([REQUEST, rest])),
  );
  fc.assert(
    fc.property(bytes, fc.array(fc.nat(60), { maxLength: 4 }), (bytes, cuts) => {
      outcome(split(bytes, cuts));
    }),
    { numRuns: 3_000 },
  );
});
