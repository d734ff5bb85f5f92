/** What clients send in the tests of request streams, and what comes of it. */

import type { FieldList } from "../../src/fields.ts";
import { encodeFrame, FRAME } from "../../src/h3/frames.ts";
import type { HeadEvent } from "../../src/h3/request_stream.ts";
import { headers, type PlainEvent } from "./request_support.ts";

/** Header section of a request. */
export const LINES: FieldList = [
  [":method", "POST"],
  [":scheme", "https"],
  [":authority", "a.test"],
  [":path", "/x"],
  ["accept", "*/*"],
];

/** {@link LINES} as a frame. */
export const REQUEST = headers(LINES);

/** What {@link REQUEST} gives. */
export const HEAD: HeadEvent = {
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

/** Trailers as a frame. */
export const TRAILERS = headers([["x-sum", "1"]]);

/** A plain CONNECT as a frame. */
export const CONNECT = headers([[":method", "CONNECT"], [":authority", "a.test:443"]]);

/** What {@link CONNECT} gives. */
export const CONNECT_HEAD: HeadEvent = {
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

/** The last event. */
export const END: PlainEvent = { type: "end" };

/** Event of content. */
export function text(text: string): PlainEvent {
  return { type: "data", text };
}

/** Event of trailers. */
export function trailers(fields: FieldList): PlainEvent {
  return { type: "trailers", fields };
}

/** {@link REQUEST} that declares a length. */
export function declaring(length: string): Uint8Array {
  return headers([...LINES, ["content-length", length]]);
}

/** What {@link declaring} gives. */
export function declared(contentLength: number): PlainEvent {
  const fields = [...HEAD.head.fields, ["content-length", String(contentLength)] as const];
  return { ...HEAD, head: { ...HEAD.head, fields }, contentLength };
}

/** Set Dynamic Table Capacity 220, Insert `accept: b` by static name reference. */
export const INSERT = Uint8Array.of(0x3f, 0xbd, 0x01, 0xdd, 0x01, 0x62);

/** HEADERS whose section needs that insert: Required Insert Count 1, the entry, then static and literal lines. */
export function blockedHeaders(...rest: number[]): Uint8Array {
  return encodeFrame(FRAME.HEADERS, Uint8Array.of(0x02, 0x00, ...rest));
}

/** GET https /, authority `a`, then the dynamic entry. */
export const BLOCKED = blockedHeaders(0xd1, 0xd7, 0xc1, 0x50, 0x01, 0x61, 0x80);

/** What {@link BLOCKED} gives once unblocked. */
export const UNBLOCKED_HEAD: HeadEvent = {
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
