/**
 * Requests of HTTP/3: header and trailer sections, cookies, lengths, priorities.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { type Field, type FieldList, isFieldName } from "../../../src/fields.ts";
import { parseContentLength } from "../../../src/h3/content_length.ts";
import { H3, H3Error } from "../../../src/h3/errors.ts";
import { FRAME } from "../../../src/h3/frames.ts";
import { decodePriorityUpdate, parsePriority, sendOrder } from "../../../src/h3/priority.ts";
import { type DecodedHead, readRequestHead } from "../../../src/h3/request_head.ts";
import { readTrailers } from "../../../src/h3/trailers.ts";
import { decodeVarint, encodeVarints, varintLength } from "../../../src/h3/varint.ts";
import { concat } from "../../_support/bytes.ts";
import { attempt, type Target, target } from "../harness.ts";
import { ANY_BYTES, ANY_TEXT, LATIN1, mostly, NUMBER, textOf } from "../inputs.ts";

const METHOD = mostly(["GET", "OPTIONS", "CONNECT"], LATIN1);
const AUTHORITY = mostly(["a.test", "a.test:443", "[::1]"], textOf(..."ab.:[]@/%#? \x80", "%41"));
const PATH = mostly(["/", "/a?b", "*"], textOf(..."/?#*%:@ ab\\\x7f\xff", ".."));

/** Lines of a request that is complete, now and then with wrong values or a line less. */
const PSEUDO: fc.Arbitrary<Field[]> = fc.tuple(METHOD, AUTHORITY, PATH, fc.nat(20)).map(
  ([method, authority, path, lost]) => {
    const lines: Field[] = [[":method", method], [":authority", authority]];
    if (method !== "CONNECT" || lost > 10) lines.push([":scheme", "https"], [":path", path]);
    return lines.filter((_, index) => index !== lost);
  },
);

const LINE: fc.Arbitrary<Field> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(fc.constantFrom("cookie", "accept", "x-a"), textOf("a", "b=1")),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constant("content-length"), textOf("1", "1", ",", " ", "x")),
  },
  { weight: 1, arbitrary: fc.tuple(fc.constant("host"), AUTHORITY) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom("te", "upgrade", "X", ":path", ":protocol", ":x"), LATIN1),
  },
  { weight: 1, arbitrary: fc.tuple(LATIN1, LATIN1) },
);

const LINES = fc.tuple(PSEUDO, fc.array(LINE, { maxLength: 5 })).map(([pseudo, lines]) => [
  ...pseudo,
  ...lines,
]);

/** A value that leaves the server for an application: no control characters, no blanks around it. */
// deno-lint-ignore no-control-regex -- control characters are what must not be there
const BAD_VALUE = /[\x00-\x08\x0a-\x1f\x7f]|^[ \t]|[ \t]$|[^\x00-\xff]/;

/** Two parts of a program that read this head understand the same request. */
function checkHead({ head, contentLength }: DecodedHead, lines: FieldList): void {
  const { method, authority, target, fields } = head;
  assert.ok(isFieldName(method));
  for (const [name, value] of fields) {
    assert.ok(isFieldName(name) && name === name.toLowerCase(), name);
    // Crumbs may be empty, and are joined by a semicolon and a space (RFC 9114 §4.2.1).
    assert.doesNotMatch(name === "cookie" ? value.trim() : value, BAD_VALUE);
  }
  assert.deepEqual(fields.filter(([name]) => name === "host"), [["host", authority]]);
  const lengths = fields.filter(([name]) => name === "content-length");
  assert.ok(lengths.length <= 1);
  if (lengths[0]) assert.equal(Number(lengths[0][1]), contentLength);
  const cookies = lines.filter(([name]) => name === "cookie").map(([, value]) => value);
  const joined = fields.filter(([name]) => name === "cookie").map(([, value]) => value);
  assert.deepEqual(joined, cookies.length === 0 ? [] : [cookies.join("; ")]);
  if (!target.startsWith("/")) return assert.ok(target === "*" || target === authority);
  const url = new URL(`https://${authority}${target}`);
  assert.equal(url.username + url.password + url.hash, "");
}

const heads = target({
  name: "request-heads",
  invariant:
    "readRequestHead() throws only H3_MESSAGE_ERROR for the stream with 400, and what it accepts has one host, one length, one cookie line and no byte that could split it",
  outcomes: ["accepted", "refused"],
  inputs: fc.tuple(LINES, fc.boolean()),
  check([lines, extended]) {
    const decoded = attempt(() => readRequestHead(lines, extended), H3Error);
    if (decoded instanceof H3Error) return refused(decoded);
    checkHead(decoded, lines);
    return "accepted";
  },
});

function refused({ code, scope, status, message }: H3Error): string {
  assert.deepEqual({ code, scope, status }, {
    code: H3.MESSAGE_ERROR,
    scope: "stream",
    status: 400,
  });
  assert.ok(message.length < 400, "a message does not grow with what a client sends");
  return "refused";
}

const trailers = target({
  name: "trailers",
  invariant:
    "readTrailers() throws only H3_MESSAGE_ERROR for the stream, and lets nothing through that an application could take for the head",
  outcomes: ["accepted", "refused"],
  inputs: fc.array(LINE, { maxLength: 4 }),
  check(lines) {
    const fields = attempt(() => readTrailers(lines), H3Error);
    if (fields instanceof H3Error) return refused(fields);
    for (const [name, value] of fields) {
      assert.ok(!/^(?::|host$|cookie$|content-length$|authorization$|te$|upgrade$)/.test(name));
      assert.doesNotMatch(value, BAD_VALUE);
    }
    return "accepted";
  },
});

const lengths = target({
  name: "content-length",
  invariant:
    "parseContentLength() throws only H3_MESSAGE_ERROR, and accepts only digits, alone or in a list of the same",
  outcomes: ["accepted", "refused"],
  inputs: fc.oneof(
    textOf("1", "1", "0", ",", " ", "\t", "+", "9007199254740992"),
    NUMBER.map(String),
    LATIN1,
  ),
  check(value) {
    const length = attempt(() => parseContentLength(value), H3Error);
    if (length instanceof H3Error) return refused(length);
    assert.ok(Number.isSafeInteger(length));
    assert.match(value, /^\s*\d+\s*(?:,\s*\d+\s*)*$/);
    assert.ok(value.split(",").every((member) => Number(member) === length));
    return "accepted";
  },
});

/** Dictionary members that are none of our business. */
const OTHER = fc.constantFrom(
  "a",
  "x=1",
  'b="u=1, \\" i"',
  "c;u=7",
  "d=(1 a;i);x",
  "e=:aGk=:",
  "f=-1.5",
);

const priorities = target({
  name: "priority",
  invariant:
    "parsePriority() reads u and i out of any dictionary, takes the default for anything else, and never throws",
  outcomes: ["written", "anything"],
  inputs: fc.tuple(
    fc.record({ urgency: fc.nat(7), incremental: fc.boolean() }, { noNullPrototype: true }),
    fc.array(OTHER, { maxLength: 3 }),
    fc.constantFrom(",", ", ", "\t ,"),
    fc.oneof(fc.constant(null), textOf(...'uia=?1;,(":-. \t*', '"', ")"), ANY_TEXT),
  ),
  check([priority, others, separator, anything]) {
    const { urgency, incremental } = parsePriority(anything ?? "");
    assert.ok(Number.isInteger(urgency) && urgency >= 0 && urgency <= 7);
    assert.equal(typeof incremental, "boolean");
    if (anything !== null) return "anything";
    const members = [...others, `u=${priority.urgency}`, ...priority.incremental ? ["i"] : []];
    assert.deepEqual(parsePriority(members.join(separator)), priority);
    assert.deepEqual(parsePriority(members.toReversed().join(separator)), priority);
    return "written";
  },
});

const priorityUpdates = target({
  name: "priority-update",
  invariant:
    "decodePriorityUpdate() accepts only request streams below the limit, throws only H3_FRAME_ERROR and H3_ID_ERROR, and its order fits 32 bits",
  outcomes: ["accepted", "no id", "wrong id"],
  inputs: fc.tuple(
    fc.constantFrom(FRAME.PRIORITY_UPDATE_REQUEST, FRAME.PRIORITY_UPDATE_PUSH),
    fc.oneof(ANY_BYTES, NUMBER.map((id) => concat([encodeVarints(id), Uint8Array.of(0x69)]))),
    NUMBER,
  ),
  check([type, payload, limit]) {
    const update = attempt(() => decodePriorityUpdate({ type, payload }, limit), H3Error);
    if (update instanceof H3Error) {
      assert.equal(update.scope, "connection");
      if (update.code === H3.FRAME_ERROR) return "no id";
      return (assert.equal(update.code, H3.ID_ERROR), "wrong id");
    }
    assert.equal(type, FRAME.PRIORITY_UPDATE_REQUEST);
    assert.equal(update.streamId, decodeVarint(payload, 0));
    assert.ok(update.streamId % 4 === 0 && update.streamId < 4 * limit);
    assert.ok(payload.length >= varintLength(payload[0]!));
    const order = sendOrder(update.priority, update.streamId);
    assert.equal(order, order | 0);
    return "accepted";
  },
});

/** The targets of this file. */
export const REQUEST_TARGETS: readonly Target[] = [
  heads,
  trailers,
  lengths,
  priorities,
  priorityUpdates,
];
