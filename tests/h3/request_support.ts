/** What the tests of requests share. */

import assert from "node:assert/strict";
import type { FieldList } from "../../src/fields.ts";
import { Budget } from "../../src/h3/budget.ts";
import { H3, H3Error } from "../../src/h3/errors.ts";
import { encodeFrame, FRAME } from "../../src/h3/frames.ts";
import type { Priority } from "../../src/h3/priority.ts";
import type { RequestContext } from "../../src/h3/request_context.ts";
import { type RequestEvent, RequestStream } from "../../src/h3/request_stream.ts";
import { QPACKDecoder, QPACKEncoder } from "../../src/qpack/mod.ts";

/** What an {@link H3Error} is expected to be. */
export interface Expected {
  readonly code: number;
  readonly scope: "connection" | "stream";
  readonly status: number | null;
  /** The whole message. */
  readonly message: string;
}

/** Checks that `act` throws exactly the expected error. */
export function assertH3Error(act: () => unknown, expected: Expected): void {
  assert.throws(act, (error) => {
    assert.ok(error instanceof H3Error, String(error));
    const { code, scope, status, message } = error;
    assert.deepEqual({ code, scope, status, message }, expected);
    return true;
  });
}

/** Checks that `act` refuses a malformed request: H3_MESSAGE_ERROR, the stream only, status 400. */
export function assertMalformed(act: () => unknown, why: string): void {
  assertH3Error(act, {
    code: H3.MESSAGE_ERROR,
    scope: "stream",
    status: 400,
    message: `Cannot accept the request: ${why}`,
  });
}

/** A connection's share of request streams, with what tests want to see and set. */
export interface TestContext extends RequestContext {
  /** Answers of `updatedPriority`. */
  readonly priorities: Map<number, Priority>;
  /** Ids given to `forget`. */
  readonly forgotten: number[];
}

/** A context with a dynamic table of 4096 bytes, other than `options` says. */
export function newContext(
  options: {
    maxFieldSectionSize?: number;
    enableConnectProtocol?: boolean;
    capacity?: number;
    webTransport?: boolean;
  } = {},
): TestContext {
  const {
    maxFieldSectionSize = 65_536,
    enableConnectProtocol = false,
    capacity = 4096,
    webTransport = false,
  } = options;
  const priorities = new Map<number, Priority>();
  const forgotten: number[] = [];
  return {
    decoder: new QPACKDecoder({
      maxTableCapacity: capacity,
      maxBlockedStreams: capacity === 0 ? 0 : 2,
      maxFieldSectionSize,
      maxNameLength: 256,
      maxValueLength: 65_536,
    }),
    encoder: new QPACKEncoder({ maxTableCapacity: 0, maxBacklog: 0 }),
    budget: new Budget(),
    maxFieldSectionSize,
    enableConnectProtocol,
    webTransport,
    priorities,
    forgotten,
    streamLimit: () => Infinity,
    updatedPriority: (id) => priorities.get(id) ?? null,
    forget: (id) => void forgotten.push(id),
  };
}

const client = new QPACKEncoder({ maxTableCapacity: 0, maxBacklog: 0 });

/** HEADERS frame of a client that does without dynamic table. */
export function headers(lines: FieldList): Uint8Array {
  return encodeFrame(FRAME.HEADERS, client.encode(0, lines));
}

/** DATA frame. */
export function data(content: string): Uint8Array {
  return encodeFrame(FRAME.DATA, new TextEncoder().encode(content));
}

/** A frame of a type that is reserved for nothing (RFC 9114 §7.2.8). */
export function grease(length = 0): Uint8Array {
  return encodeFrame(0x21, new Uint8Array(length));
}

/** A request stream that is given `chunks`, and FIN unless `fin` is false. */
export function receiveAll(
  chunks: readonly Uint8Array[],
  context: RequestContext = newContext(),
  fin = true,
): RequestStream {
  const stream = new RequestStream(0, context);
  for (const chunk of chunks) stream.receive(chunk, 0);
  if (fin) stream.finish();
  return stream;
}

/** An event with content as text. */
export type PlainEvent =
  | Exclude<RequestEvent, { type: "data" }>
  | { readonly type: "data"; readonly text: string };

/** The events there are now; parts of content that follow each other are one. */
export function drain(stream: RequestStream): PlainEvent[] {
  const events: PlainEvent[] = [];
  for (let event = stream.next(); event !== null; event = stream.next()) {
    if (event.type === "data") assert.ok(event.bytes.length > 0);
    events.push(plainEvent(event));
  }
  return merge(events);
}

/** An event as {@link PlainEvent}. */
export function plainEvent(event: RequestEvent): PlainEvent {
  if (event.type !== "data") return event;
  return { type: "data", text: new TextDecoder("latin1").decode(event.bytes) };
}

/** Joins parts of content that follow each other. */
export function merge(events: readonly PlainEvent[]): PlainEvent[] {
  const merged: PlainEvent[] = [];
  for (const event of events) {
    const last = merged.at(-1);
    if (event.type === "data" && last?.type === "data") {
      merged[merged.length - 1] = { type: "data", text: last.text + event.text };
    } else merged.push(event);
  }
  return merged;
}
