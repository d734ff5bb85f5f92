/**
 * The machine of an HTTP/3 connection: legal sequences, legal ones with an illegal end, and sequences of anything.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { FieldList } from "../../../src/fields.ts";
import { H3, H3Error } from "../../../src/h3/errors.ts";
import { encodeFrame, FRAME } from "../../../src/h3/frames.ts";
import { QPACK_ENCODER_BACKLOG_BYTES } from "../../../src/h3/limits.ts";
import { H3Connection, type RequestStream } from "../../../src/h3/mod.ts";
import { encodeVarints } from "../../../src/h3/varint.ts";
import { concat } from "../../_support/bytes.ts";
import { BLOCKED, REQUEST, TRAILERS } from "../../h3/request_samples.ts";
import { ConnectionModel } from "../connection_model.ts";
import { type Action, SERVER } from "../connection_steps.ts";
import { attempt, type Target, target } from "../harness.ts";
import { ANY_BYTES, frameBytes, mostly, NUMBER } from "../inputs.ts";

/** Lines that come again, so that both tables are used; each name once. */
const FIELDS: fc.Arbitrary<FieldList> = fc.uniqueArray(
  fc.tuple(
    fc.constantFrom("server", "accept", "via", "x-id", "etag"),
    fc.constantFrom("a", "bb", "", "hypercorn", "x".repeat(50)),
  ),
  { maxLength: 4, selector: ([name]) => name },
);

const STREAM = fc.nat(30);
const LENGTH = fc.oneof(fc.nat(8), fc.nat(200));

function step<T extends object>(
  what: Action["do"],
  members: { [K in keyof T]: fc.Arbitrary<T[K]> },
) {
  const record = fc.record({ do: fc.constant(what), ...members }, { noNullPrototype: true });
  return record as unknown as fc.Arbitrary<Action>;
}

const ACTION: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 5,
    arbitrary: step("request", { fields: FIELDS, content: fc.array(fc.nat(40), { maxLength: 3 }) }),
  },
  { weight: 2, arbitrary: step("trailers", { stream: STREAM, fields: FIELDS }) },
  { weight: 1, arbitrary: step("unknown frame", { stream: STREAM, length: LENGTH }) },
  { weight: 1, arbitrary: step("unknown stream", { length: LENGTH }) },
  { weight: 1, arbitrary: step("session stream", { both: fc.boolean(), length: LENGTH }) },
  {
    weight: 2,
    arbitrary: step("prioritize", {
      stream: STREAM,
      priority: fc.record({ urgency: fc.nat(7), incremental: fc.boolean() }, {
        noNullPrototype: true,
      }),
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom<Action>({ do: "goaway" }, { do: "allow pushes" }) },
  { weight: 2, arbitrary: step("finish", { stream: STREAM }) },
  { weight: 1, arbitrary: step("reset", { stream: STREAM }) },
  { weight: 12, arbitrary: step("deliver", { stream: STREAM, length: LENGTH }) },
  { weight: 5, arbitrary: step("respond", { stream: STREAM, fields: FIELDS }) },
  { weight: 5, arbitrary: step("reply", { length: LENGTH }) },
  { weight: 1, arbitrary: step("leave", { final: fc.boolean() }) },
);

const ACTIONS = fc.array(ACTION, { maxLength: 60, size: "max" });

const legal = target({
  name: "connection-legal",
  invariant:
    "H3Connection refuses nothing of a client that keeps the rules, and every request and response is read as it was sent",
  outcomes: ["with answers", "without"],
  inputs: ACTIONS,
  check(actions) {
    const model = new ConnectionModel();
    for (const action of actions) model.act(action);
    model.settle();
    return model.answered > 0 ? "with answers" : "without";
  },
});

/** What breaks a rule, whatever came before, and the code that RFC 9114, 9204 or 9218 has for it. */
const ILLEGAL: Readonly<Record<string, [code: number, act: (model: ConnectionModel) => void]>> = {
  "SETTINGS again": [H3.FRAME_UNEXPECTED, (m) => m.sendUp(0, frameBytes(FRAME.SETTINGS, NOTHING))],
  "DATA on control": [H3.FRAME_UNEXPECTED, (m) => m.sendUp(0, frameBytes(FRAME.DATA, NOTHING))],
  "HEADERS on control": [
    H3.FRAME_UNEXPECTED,
    (m) => m.sendUp(0, frameBytes(FRAME.HEADERS, NOTHING)),
  ],
  "a frame of HTTP/2": [H3.FRAME_UNEXPECTED, (m) => m.sendUp(0, frameBytes(0x06, NOTHING))],
  "GOAWAY that grows": [H3.ID_ERROR, (m) => {
    m.sendUp(0, idFrame(FRAME.GOAWAY, 0));
    m.sendUp(0, idFrame(FRAME.GOAWAY, 4));
  }],
  "MAX_PUSH_ID that shrinks": [H3.ID_ERROR, (m) => {
    m.sendUp(0, idFrame(FRAME.MAX_PUSH_ID, 9_999));
    m.sendUp(0, idFrame(FRAME.MAX_PUSH_ID, 9_998));
  }],
  "CANCEL_PUSH": [H3.ID_ERROR, (m) => m.sendUp(0, idFrame(FRAME.CANCEL_PUSH, 0))],
  "GOAWAY of two integers": [
    H3.FRAME_ERROR,
    (m) => m.sendUp(0, encodeFrame(FRAME.GOAWAY, Uint8Array.of(0, 0))),
  ],
  "a priority of a stream to come": [
    H3.ID_ERROR,
    (m) => m.sendUp(0, idFrame(FRAME.PRIORITY_UPDATE_REQUEST, 4_000)),
  ],
  "a priority of a push": [H3.ID_ERROR, (m) => m.sendUp(0, idFrame(FRAME.PRIORITY_UPDATE_PUSH, 0))],
  "a huge control frame": [
    H3.EXCESSIVE_LOAD,
    (m) => m.sendUp(0, frameBytes(FRAME.PRIORITY_UPDATE_REQUEST, NOTHING, 100_000)),
  ],
  "FIN on control": [H3.CLOSED_CRITICAL_STREAM, (m) => m.endUp(0, "finish")],
  "a reset of the encoder stream": [H3.CLOSED_CRITICAL_STREAM, (m) => m.endUp(1, "reset")],
  "FIN on the decoder stream": [H3.CLOSED_CRITICAL_STREAM, (m) => m.endUp(2, "finish")],
  "a second control stream": [
    H3.STREAM_CREATION_ERROR,
    (m) => m.endUp(0, openAgain(m, 0x00)),
  ],
  "a push stream": [H3.STREAM_CREATION_ERROR, (m) => m.endUp(0, openAgain(m, 0x01))],
  "a capacity beyond the limit": [
    H3.ENCODER_STREAM_ERROR,
    (m) => m.sendUp(1, Uint8Array.of(0x3f, 0xff, 0x7f)),
  ],
  "a duplicate of what was never there": [
    H3.ENCODER_STREAM_ERROR,
    (m) => m.sendUp(1, Uint8Array.of(0x1f, 0xff, 0x7f)),
  ],
  "an acknowledgement of nothing": [
    H3.DECODER_STREAM_ERROR,
    (m) => m.sendUp(2, Uint8Array.of(0xff, 0xff, 0x7f)),
  ],
  "an increment of 0": [H3.DECODER_STREAM_ERROR, (m) => m.sendUp(2, Uint8Array.of(0x00))],
  "an increment beyond all inserts": [
    H3.DECODER_STREAM_ERROR,
    (m) => m.sendUp(2, Uint8Array.of(0x3f, 0xff, 0x7f)),
  ],
  "DATA before HEADERS": [H3.FRAME_UNEXPECTED, (m) => feed(m, frameBytes(FRAME.DATA, NOTHING))],
  "PUSH_PROMISE": [H3.FRAME_UNEXPECTED, (m) => feed(m, frameBytes(FRAME.PUSH_PROMISE, NOTHING))],
  "SETTINGS of a request": [
    H3.FRAME_UNEXPECTED,
    (m) => feed(m, frameBytes(FRAME.SETTINGS, NOTHING)),
  ],
  "DATA after trailers": [
    H3.FRAME_UNEXPECTED,
    (m) => feed(m, concat([REQUEST, TRAILERS, frameBytes(FRAME.DATA, NOTHING)])),
  ],
  "the signal of a session on control": [
    H3.FRAME_ERROR,
    (m) => m.sendUp(0, encodeVarints(0x41, 0)),
  ],
  "the signal of a session after a request": [
    H3.FRAME_ERROR,
    (m) => feed(m, concat([REQUEST, encodeVarints(0x41, 0)])),
  ],
  "the signal of a session after an unknown frame": [
    H3.FRAME_ERROR,
    (m) => feed(m, concat([frameBytes(0x21, NOTHING), encodeVarints(0x41, 0)])),
  ],
  "a stream of a session that cannot be": [H3.ID_ERROR, (m) => feed(m, encodeVarints(0x41, 2))],
  "a unidirectional stream of a session that cannot be": [
    H3.ID_ERROR,
    (m) => void m.server.unidirectional(4_002).receive(encodeVarints(0x54, 2), 0),
  ],
  "FIN inside a frame": [H3.FRAME_ERROR, (m) => feed(m, REQUEST.slice(0, -1))],
  "FIN before HEADERS": [H3.REQUEST_INCOMPLETE, (m) => feed(m, NOTHING)],
  "a section that is none": [
    H3.DECOMPRESSION_FAILED,
    (m) => feed(m, encodeFrame(FRAME.HEADERS, Uint8Array.of(0x00))),
  ],
  "a section without method": [
    H3.MESSAGE_ERROR,
    (m) => feed(m, encodeFrame(FRAME.HEADERS, Uint8Array.of(0x00, 0x00, 0xd7))),
  ],
  "a section beyond the limit": [
    H3.EXCESSIVE_LOAD,
    (m) => feed(m, frameBytes(FRAME.HEADERS, NOTHING, SERVER.maxFieldSectionSize + 1)),
  ],
};

const NOTHING = new Uint8Array(0);

function idFrame(type: number, id: number): Uint8Array {
  return encodeFrame(type, encodeVarints(id));
}

function openAgain(model: ConnectionModel, type: number): never {
  model.server.unidirectional(4_002).receive(encodeVarints(type), 0);
  throw new Error(`Another stream of type ${type} was accepted`);
}

/** Reads everything of a new request, FIN included; afterwards, whatever was thrown, nothing more comes out. */
function feed(model: ConnectionModel, bytes: Uint8Array): void {
  const stream = model.openOther();
  try {
    stream.receive(bytes, 0);
    stream.finish();
    while (stream.next() !== null) { /* all events */ }
  } finally {
    stream.close();
    assert.equal(stream.next(), null);
  }
}

const illegal = target({
  name: "connection-illegal",
  invariant:
    "H3Connection refuses what breaks a rule with the code of the RFC, whatever legal sequence came before",
  outcomes: ["connection", "stream"],
  inputs: fc.tuple(ACTIONS, fc.constantFrom(...Object.keys(ILLEGAL))),
  check([actions, name]) {
    const model = new ConnectionModel();
    for (const action of actions) model.act(action);
    model.sendUp(0, NOTHING); // these critical streams are there now
    model.sendUp(1, NOTHING);
    model.sendUp(2, NOTHING);
    const [code, act] = ILLEGAL[name]!;
    const error = attempt(() => act(model), H3Error);
    assert.ok(error instanceof H3Error, "it was accepted");
    assert.equal(error.code, code, error.message);
    assert.doesNotThrow(() => [model.server.takeEncoder(), model.server.takeDecoder()]);
    // The fault of one stream is none of the others.
    if (error.scope === "stream") model.settle();
    return error.scope;
  },
});

const FRAME_TYPE = mostly([0, 1, 3, 4, 5, 6, 7, 0xd, 0x21, 0x41, 0xf0700, 0xf0701], NUMBER);
const FRAME_BYTES = fc.tuple(FRAME_TYPE, fc.uint8Array({ maxLength: 12 }), fc.nat(20))
  .map(([type, payload, length]) => frameBytes(type, payload, length > 12 ? undefined : length));
const INSTRUCTIONS = fc.array(
  fc.constantFrom(0x00, 0x01, 0x02, 0x10, 0x21, 0x3f, 0x41, 0x61, 0x80, 0x81, 0xc0, 0xff),
  { maxLength: 12 },
).map((bytes) => Uint8Array.from(bytes));
const SECTION = INSTRUCTIONS.map((bytes) => encodeFrame(FRAME.HEADERS, bytes));
const START = fc.constantFrom(
  Uint8Array.of(0x00, 0x04, 0x00),
  Uint8Array.of(0x02, 0x3f, 0xe1, 0x01, 0x41, 0x61, 0x01, 0x31),
  Uint8Array.of(0x03),
  Uint8Array.of(0x40, 0x41, 0x00),
  Uint8Array.of(0x40, 0x54, 0x04, 0x61),
  REQUEST,
  BLOCKED,
);

/** Bytes for any stream; ids below 12 are unidirectional, the others requests. */
const PUT = fc.record({
  id: fc.nat(20),
  bytes: fc.oneof(ANY_BYTES, FRAME_BYTES, INSTRUCTIONS, SECTION, START, START),
  end: mostly(["", "", "", ""], fc.constantFrom("finish", "reset", "close", "answer", "goaway")),
});

const hostile = target({
  name: "connection-hostile",
  invariant:
    "H3Connection throws only H3Error with a registered code, keeps within its limits of blocked streams and waiting bytes, and is silent on a stream after its error",
  outcomes: ["accepted", "stream", "connection"],
  inputs: fc.array(PUT, { maxLength: 25, size: "max" }),
  check(puts) {
    const connection = new HostileConnection();
    for (const put of puts) {
      const error = attempt(() => connection.put(put), H3Error);
      connection.check();
      if (!(error instanceof H3Error)) continue;
      assert.ok(CODES.has(error.code), String(error.code));
      if (error.scope === "connection") return "connection";
      assert.ok(STREAM_CODES.has(error.code), error.message);
      connection.close(put.id);
    }
    return connection.failed ? "stream" : "accepted";
  },
});

const CODES: ReadonlySet<number> = new Set(Object.values(H3));
const STREAM_CODES: ReadonlySet<number> = new Set([
  H3.MESSAGE_ERROR,
  H3.REQUEST_INCOMPLETE,
  H3.EXCESSIVE_LOAD,
]);

/** So few streams may be blocked that chance gets beyond. */
const NARROW = { ...SERVER, qpackBlockedStreams: 1 };

/** A connection that anything is put into. */
class HostileConnection {
  failed = false;
  readonly #connection = new H3Connection(NARROW);
  readonly #requests = new Map<number, RequestStream>();
  readonly #others = new Map<number, ReturnType<H3Connection["unidirectional"]>>();
  readonly #gone = new Set<number>();
  #received = 0;
  #sent = 0;

  put({ id, bytes, end }: { id: number; bytes: Uint8Array; end: string }): void {
    if (this.#gone.has(id)) return;
    this.#received += bytes.length + 8; // an end costs the client something, too
    if (end === "goaway") this.#connection.goaway(id % 2 === 0);
    if (id < 12) this.#putOther(id, bytes, end);
    else this.#putRequest(id, bytes, end);
  }

  /** The client, or an error, ended a request. */
  close(id: number): void {
    this.failed = true;
    const request = this.#requests.get(id)!;
    request.close();
    assert.equal(request.next(), null);
    this.#drop(id);
  }

  check(): void {
    const blocked = [...this.#requests.values()].filter((request) => request.blocked).length;
    assert.ok(blocked <= NARROW.qpackBlockedStreams);
    assert.equal(this.#connection.openRequests, this.#requests.size);
    assert.ok((this.#connection.takeEncoder()?.length ?? 0) <= QPACK_ENCODER_BACKLOG_BYTES);
    this.#sent += this.#connection.takeDecoder()?.length ?? 0;
    assert.ok(this.#sent <= 2 * this.#received, "acknowledgements grow with what came only");
  }

  #putOther(id: number, bytes: Uint8Array, end: string): void {
    const stream = this.#others.get(id) ?? this.#connection.unidirectional(id);
    this.#others.set(id, stream);
    for (const event of stream.receive(bytes.slice(), 0)) {
      if (event.type !== "unblocked") continue;
      const request = this.#requests.get(event.streamId);
      assert.ok(request?.blocked, "who is not there, or not blocked, cannot be unblocked");
      request.unblock();
      const error = attempt(() => this.#read(request), H3Error);
      if (error instanceof H3Error && error.scope === "connection") throw error;
      if (error instanceof H3Error) this.close(event.streamId);
    }
    if (end === "finish" || end === "reset") this.#gone.add(id);
    if (end === "finish") stream.finish();
    if (end === "reset") stream.reset(0);
  }

  #putRequest(id: number, bytes: Uint8Array, end: string): void {
    const request = this.#requests.get(id) ?? this.#connection.request(id);
    this.#requests.set(id, request);
    request.receive(bytes.slice(), 0);
    if (end === "finish") request.finish();
    if (end === "reset") request.reset(0);
    this.#read(request);
    if (end === "answer") request.encodeResponse(200, [["server", "x"], ["x", `${id}`]], "ok");
    if (end !== "close" && end !== "reset") return;
    request.close();
    this.#drop(id);
  }

  #read(request: RequestStream): void {
    while (request.next() !== null) { /* what it is does not matter here */ }
  }

  #drop(id: number): void {
    this.#requests.delete(id);
    this.#gone.add(id);
  }
}

/** The targets of this file. */
export const CONNECTION_TARGETS: readonly Target[] = [legal, illegal, hostile];
