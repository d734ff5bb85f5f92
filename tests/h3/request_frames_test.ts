import assert from "node:assert/strict";
import type { FieldList } from "../../src/fields.ts";
import { H3 } from "../../src/h3/errors.ts";
import { encodeFrame, FRAME } from "../../src/h3/frames.ts";
import { CONNECT, END, HEAD, LINES, REQUEST, TRAILERS } from "./request_samples.ts";
import {
  assertH3Error,
  assertMalformed,
  data,
  drain,
  grease,
  headers,
  newContext,
  receiveAll,
} from "./request_support.ts";

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
