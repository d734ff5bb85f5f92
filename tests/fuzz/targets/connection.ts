/**
 * The machine of an HTTP/3 connection: legal sequences, and legal ones with an illegal end.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { FieldList } from "../../../src/fields.ts";
import { H3, H3Error } from "../../../src/h3/errors.ts";
import { encodeFrame, FRAME } from "../../../src/h3/frames.ts";
import { encodeVarints } from "../../../src/h3/varint.ts";
import { concat } from "../../_support/bytes.ts";
import { REQUEST, TRAILERS } from "../../h3/request_samples.ts";
import { ConnectionModel } from "../connection_model.ts";
import { type Action, SERVER } from "../connection_steps.ts";
import { attempt, type Target, target } from "../harness.ts";
import { frameBytes } from "../inputs.ts";

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
  "a stream of a session beyond what the client may open": [
    H3.ID_ERROR,
    (m) => feed(m, encodeVarints(0x41, 2 ** 40)),
  ],
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

/** The targets of this file. */
export const CONNECTION_TARGETS: readonly Target[] = [legal, illegal];
