/**
 * WebTransport: beginnings of streams, capsules of a session, protocols, error codes.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeCapsule } from "../../../src/h3/capsule.ts";
import { H3, H3Error } from "../../../src/h3/errors.ts";
import { H3Connection, isGreaseId } from "../../../src/h3/mod.ts";
import { decodeVarint, encodeVarints, INCOMPLETE, varintLength } from "../../../src/h3/varint.ts";
import {
  applicationCode,
  httpCode,
  parseAvailableProtocols,
  serializeProtocol,
  type SessionEvent,
  SessionMachine,
} from "../../../src/webtransport/mod.ts";
import { concat } from "../../_support/bytes.ts";
import { REQUEST } from "../../h3/request_samples.ts";
import { SERVER } from "../connection_steps.ts";
import { attempt, type Target, target } from "../harness.ts";
import {
  ANY_BYTES,
  ANY_TEXT,
  CUTS,
  frameBytes,
  mostly,
  NUMBER,
  split,
  spoilt,
  textOf,
} from "../inputs.ts";

const [CLOSE, DRAIN] = [0x2843, 0x78ae];

/** A capsule of any kind, most of them as they should be. */
const CAPSULE = fc.oneof(
  ANY_BYTES.map((value) => encodeCapsule(0, value)),
  fc.constant(encodeCapsule(DRAIN, new Uint8Array(0))),
  fc.tuple(mostly([0x21, 0x190b4d3d, 0x190b4d3f], NUMBER), ANY_BYTES)
    .map(([type, value]) => frameBytes(type, value)),
  fc.tuple(fc.nat(0xffffffff), ANY_TEXT).map(([code, reason]) =>
    new SessionMachine().close(code, reason).capsule
  ),
  fc.tuple(fc.constantFrom(CLOSE, DRAIN, 0x190b4d3e), ANY_BYTES)
    .map(([type, value]) => frameBytes(type, value)),
);

/** What a session says, and with what error it ends. */
function play(
  chunks: readonly Uint8Array[],
): { readonly events: SessionEvent[]; readonly error: H3Error | null } {
  const machine = new SessionMachine();
  const events: SessionEvent[] = [];
  const read = () => {
    for (let event = machine.next(); event !== null; event = machine.next()) events.push(event);
  };
  const error = attempt(() => {
    for (const chunk of chunks) {
      machine.receive(chunk);
      read();
    }
    machine.finish();
    read();
  }, H3Error);
  machine.receive(REQUEST);
  machine.finish();
  assert.equal(machine.next(), null, "it was over");
  return { events, error: error ?? null };
}

const session = target({
  name: "webtransport-session",
  invariant:
    "SessionMachine gives the same events in any split, closes or fails exactly once, and throws only H3_MESSAGE_ERROR of the stream",
  outcomes: ["closed", "ended", "broken", "truncated"],
  inputs: fc.tuple(spoilt(fc.array(CAPSULE, { maxLength: 4 }).map(concat)), CUTS),
  check([bytes, cuts]) {
    const each = play(Array.from(bytes, (byte) => Uint8Array.of(byte)));
    const parts = play(split(bytes, cuts));
    assert.equal(parts.error?.message, each.error?.message);
    assert.deepEqual(parts.events, each.events);
    const closes = each.events.filter(({ type }) => type === "close").length;
    if (each.error !== null) {
      assert.deepEqual([each.error.code, each.error.scope, closes], [
        H3.MESSAGE_ERROR,
        "stream",
        0,
      ]);
      return each.error.message.endsWith("ends inside one") ? "truncated" : "broken";
    }
    const last = each.events.at(-1);
    assert.ok(closes === 1 && last?.type === "close");
    assert.ok(new TextEncoder().encode(last.reason).length <= 1024);
    return last.code === 0 && last.reason === "" ? "ended" : "closed";
  },
});

/** What a stream begins with: signal or type, and an id. */
const START = spoilt(
  fc.tuple(
    mostly(["4041", "4054", "80000041", "80000054"], fc.constantFrom("c000000000000041", "41")),
    mostly([0, 4, 8, 64, 396, 2 ** 30], NUMBER),
    ANY_BYTES,
  ).map(([start, id, rest]) => concat([Uint8Array.fromHex(start), encodeVarints(id), rest])),
);

/** The session and the rest, by reading it all at once; a string when there is none. @param limit Of sessions. */
function reference(
  bytes: Uint8Array,
  signal: number,
  limit: number,
): { id: number; rest: number[] } | string {
  const type = decodeVarint(bytes, 0);
  if (type === INCOMPLETE) return "incomplete";
  if (type !== signal) return "other";
  const at = varintLength(bytes[0]!);
  const id = decodeVarint(bytes, at);
  if (id === INCOMPLETE) return "incomplete";
  return id % 4 === 0 && id / 4 < limit
    ? { id, rest: [...bytes.subarray(at + varintLength(bytes[at]!))] }
    : "refused";
}

type Start = { id: number; rest: number[] } | string | null;

/** What a stream of the client turns out to be after `chunks`; `null` when that is not known or nothing special. */
type Open = (connection: H3Connection, chunks: readonly Uint8Array[]) => Start;

const openRequest: Open = (connection, chunks) => {
  const stream = connection.request(0);
  let found: { id: number; rest: number[] } | null = null;
  for (const chunk of chunks) {
    if (found === null) stream.receive(chunk.slice(), 0);
    else found.rest.push(...chunk);
    const event = stream.next();
    if (event?.type !== "webtransport") continue;
    found = { id: event.sessionId, rest: [...event.rest] };
  }
  return found;
};

const openUnidirectional: Open = (connection, chunks) => {
  const stream = connection.unidirectional(2);
  const late: number[] = [];
  for (const chunk of chunks) {
    if (stream.webTransport === null) stream.receive(chunk.slice(), 0);
    else late.push(...chunk);
  }
  if (stream.webTransport === null) return null;
  assert.equal(stream.discard, false);
  const { sessionId, rest } = stream.webTransport;
  return { id: sessionId, rest: [...rest, ...late] };
};

const streams = target({
  name: "webtransport-streams",
  invariant:
    "a stream is left to the session that it begins with, in any split, and to none when WebTransport was not offered; an id that cannot be is H3_ID_ERROR",
  outcomes: ["session", "other", "incomplete", "refused"],
  inputs: fc.tuple(START, CUTS, fc.boolean()),
  check([bytes, cuts, both]) {
    const open = both ? openRequest : openUnidirectional;
    const { maxRequestStreams } = SERVER;
    const expected = both
      ? reference(bytes, 0x41, maxRequestStreams + 1) // after the stream itself
      : reference(bytes, 0x54, maxRequestStreams);
    const play = (webTransportSessions: number) =>
      attempt(
        () => open(new H3Connection({ ...SERVER, webTransportSessions }), split(bytes, cuts)),
        H3Error,
      );
    const found = play(1);
    const without = play(0);
    assert.ok(without === null || without instanceof H3Error);
    if (typeof expected === "object") return (assert.deepEqual(found, expected), "session");
    if (expected === "refused") {
      assert.ok(found instanceof H3Error);
      assert.deepEqual([found.code, found.scope], [H3.ID_ERROR, "connection"]);
    } else if (expected === "incomplete") assert.equal(found, null);
    else assert.ok(found === null || found instanceof H3Error);
    return expected;
  },
});

const protocols = target({
  name: "webtransport-protocols",
  invariant:
    "parseAvailableProtocols() throws nothing, and what it reads comes through serializeProtocol() alone and in a list",
  outcomes: ["protocols", "nothing"],
  inputs: fc.oneof(
    ANY_TEXT,
    textOf('"a"', '"b c"', '"\\""', ",", ", ", ";", "; x", '=%"%c3%bc"', "=@1", "=?0", '"', "\\"),
    fc.array(textOf('"a"', '"\\\\"', ";x", ";y=1.5"), { maxLength: 3 }).map((all) =>
      all.join(", ")
    ),
  ),
  check(value) {
    const protocols = parseAvailableProtocols(value);
    if (protocols.length === 0) return "nothing";
    assert.ok(protocols.every((protocol) => /^[ -~]*$/.test(protocol)));
    const written = protocols.map(serializeProtocol);
    assert.deepEqual(written.flatMap(parseAvailableProtocols), protocols);
    assert.deepEqual(parseAvailableProtocols(written.join(",")), protocols);
    return "protocols";
  },
});

const [FIRST, LAST] = [0x52e4a40fa8db, 0x52e5ac983162];

const codes = target({
  name: "webtransport-codes",
  invariant:
    "applicationCode() has a code of 32 bits for all of the range that is not reserved, which httpCode() undoes, and for nothing else",
  outcomes: ["code", "reserved", "outside"],
  inputs: fc.oneof(
    NUMBER,
    fc.integer({ min: FIRST - 3, max: LAST + 3 }),
    fc.nat(2 ** 27).map((index) => 0x1f * (Math.floor(FIRST / 0x1f) + index) + 0x21),
  ),
  corpus: [FIRST, LAST, FIRST - 1, LAST + 1],
  check(http) {
    const code = applicationCode(http);
    if (http < FIRST || http > LAST) return (assert.equal(code, null), "outside");
    if (isGreaseId(http)) return (assert.equal(code, null), "reserved");
    assert.ok(code !== null && Number.isInteger(code) && code >= 0 && code < 2 ** 32);
    assert.equal(httpCode(code), http);
    return "code";
  },
});

/** The targets of this file. */
export const WEBTRANSPORT_TARGETS: readonly Target[] = [session, streams, protocols, codes];
