import assert from "node:assert/strict";
import fc from "fast-check";
import { H3 } from "../../src/h3/errors.ts";
import { FRAME, type Frame } from "../../src/h3/frames.ts";
import {
  decodePriorityUpdate,
  DEFAULT_PRIORITY,
  parsePriority,
  type Priority,
  sendOrder,
} from "../../src/h3/priority.ts";
import { encodeVarints } from "../../src/h3/varint.ts";
import { concat } from "../_support/bytes.ts";
import { assertConnectionError, assertOnlyH3Error } from "./peer_support.ts";

const VALUES: readonly [value: string, urgency: number, incremental: boolean][] = [
  ["", 3, false],
  ["u=0", 0, false],
  ["u=7", 7, false],
  ["i", 3, true],
  ["u=5, i", 5, true],
  ["u=5,i", 5, true],
  ["u=5\t,\t i", 5, true],
  ["  u=1  ", 1, false],
  ["i=?1", 3, true],
  ["i=?0", 3, false],
  ['u=1;x;y="a, u=2", i;z=?1', 1, true],
  ["u=2;a;  b=1.5", 2, false],
  ["u=007", 7, false],
  ["u=-0", 0, false],
];
for (const [value, urgency, incremental] of VALUES) {
  Deno.test(`parsePriority() reads ${JSON.stringify(value)} as u=${urgency}, i=${incremental}`, () => {
    assert.deepEqual(parsePriority(value), { urgency, incremental });
  });
}

/** Each with `u=1` or `i` before or after: what is ignored must not take the rest with it. */
const IGNORED: readonly [value: string, urgency: number, incremental: boolean][] = [
  ["u=8, i", 3, true],
  ["u=-1, i", 3, true],
  ["u=3.0, i", 3, true],
  ["u=999999999999999, i", 3, true],
  ["u, i", 3, true],
  ['u="1", i', 3, true],
  ["u=a, i", 3, true],
  ["u=(1 2), i", 3, true],
  ["i=1, u=1", 1, false],
  ["i=yes, u=1", 1, false],
  ["u=0, u=2", 2, false],
  ["u=2, u=9", 3, false],
  ["i, i=?0, u=1", 1, false],
  ["x, u=1", 1, false],
  ["*a.b-c_9=:aGk=:, u=1", 1, false],
  ['x="quoted \\" \\\\ u=7", u=1', 1, false],
  ['x=(1 "a";p;q=?0   tok*/en ), u=1', 1, false],
  ["x=();p=1, u=1", 1, false],
  ["x=-1.25, y=?0, u=1", 1, false],
  ['x=@-12;y, z=%"%c3%bc", u=1', 1, false],
];
for (const [value, urgency, incremental] of IGNORED) {
  Deno.test(`parsePriority() ignores members of ${JSON.stringify(value)} that are unknown, out of range or of another type (RFC 9218 §4)`, () => {
    assert.deepEqual(parsePriority(value), { urgency, incremental });
  });
}

const NO_DICTIONARIES = [
  "u=1,",
  "u=1, x=@1.5",
  'u=1, x=%"%ff"',
  ",u=1",
  "u=1,,i",
  "u=1 i",
  "u=1;",
  "u= 1",
  "u =1",
  "U=1",
  "1",
  'u=1, "x"',
  'u=1, x="open',
  'u=1, x="\\a"',
  "u=1, x=(1",
  "u=1, x=(1,2)",
  "u=1, x=(1\t2)",
  "u=1, x=?2",
  "u=1, x=:a b:",
  "u=1, x=1.",
  "u=1, x=1.2345",
  "u=1, x=1234567890123456",
  "u=1, x=1234567890123.1",
  "u=1, x=é",
  "\tu=1",
];
for (const value of NO_DICTIONARIES) {
  Deno.test(`parsePriority() ignores ${JSON.stringify(value)} altogether: it is no dictionary (RFC 9651 §4.2)`, () => {
    assert.deepEqual(parsePriority(value), DEFAULT_PRIORITY);
  });
}

Deno.test("parsePriority() takes time in proportion to the length of a hostile value", () => {
  const started = performance.now();
  for (const part of ["(", "x;", "x=(1 1 ", 'a="\\"', "(1 ".repeat(3), " ", "1=1", ",\t "]) {
    for (const [before, after] of [["", ""], ["u=1, x=", "!"], ["x=(", "!"], ["u=1", "!"]]) {
      parsePriority(`${before}${part.repeat(20_000)}${after}`);
    }
  }
  // Quadratic time would be minutes; a loaded machine is no more than tens of times slower than a free one.
  assert.ok(performance.now() - started < 5_000);
});

const UPDATES: readonly [id: number, value: string, priority: Priority][] = [
  [0, "", DEFAULT_PRIORITY],
  [4, "u=1, i", { urgency: 1, incremental: true }],
  [396, "u=0", { urgency: 0, incremental: false }],
  [8, "u=1,,", DEFAULT_PRIORITY],
  [8, 'u=1, x="\u00e9"', DEFAULT_PRIORITY],
];
for (const [streamId, value, priority] of UPDATES) {
  Deno.test(`decodePriorityUpdate() reads ${JSON.stringify(value)} for stream ${streamId}`, () => {
    assert.deepEqual(decodePriorityUpdate(update(streamId, value), 100), { streamId, priority });
  });
}

const REFUSED: readonly [why: string, frame: Frame, code: number][] = [
  ["a unidirectional stream of the client", update(2, "u=1"), H3.ID_ERROR],
  ["a bidirectional stream of the server", update(1, "u=1"), H3.ID_ERROR],
  ["a unidirectional stream of the server", update(3, "u=1"), H3.ID_ERROR],
  ["a request stream beyond the limit", update(400, "u=1"), H3.ID_ERROR],
  ["a wrong stream with a malformed value", update(2, "U"), H3.ID_ERROR],
  ["a push, which nobody promised", update(0, "u=1", FRAME.PRIORITY_UPDATE_PUSH), H3.ID_ERROR],
  ["no id", { type: FRAME.PRIORITY_UPDATE_REQUEST, payload: new Uint8Array(0) }, H3.FRAME_ERROR],
  [
    "half an id",
    { type: FRAME.PRIORITY_UPDATE_PUSH, payload: Uint8Array.of(0x40) },
    H3.FRAME_ERROR,
  ],
];
for (const [why, frame, code] of REFUSED) {
  Deno.test(`decodePriorityUpdate() refuses ${why} (RFC 9218 §7.2)`, () => {
    assertConnectionError(() => decodePriorityUpdate(frame, 100), code);
  });
}

Deno.test("sendOrder() puts urgency first, then responses of no use in parts in their order, then shared ones", () => {
  const expected: readonly [Priority, id: number][] = [
    [{ urgency: 0, incremental: false }, 8],
    [{ urgency: 0, incremental: true }, 0],
    [{ urgency: 2, incremental: false }, 0],
    [{ urgency: 2, incremental: false }, 4],
    [{ urgency: 2, incremental: false }, 4_000_000_000],
    [{ urgency: 2, incremental: true }, 0],
    [{ urgency: 3, incremental: false }, 0],
    [{ urgency: 7, incremental: false }, 0],
    [{ urgency: 7, incremental: true }, 0],
  ];
  const orders = expected.map(([priority, id]) => sendOrder(priority, id));
  assert.deepEqual(orders, orders.toSorted((a, b) => b - a));
  assert.equal(new Set(orders).size, orders.length);
});

Deno.test("sendOrder() gives incremental responses of one urgency the same order, so that they share", () => {
  const priority = { urgency: 5, incremental: true };
  assert.equal(sendOrder(priority, 0), sendOrder(priority, 400));
});

Deno.test("sendOrder() leaves responses alone that nobody gave a priority", () => {
  assert.equal(sendOrder(DEFAULT_PRIORITY, 0), 0);
  assert.equal(sendOrder(DEFAULT_PRIORITY, 8), 0);
  assert.notEqual(sendOrder(parsePriority("u=3"), 8), 0);
});

Deno.test("property: sendOrder() fits 32 bits, and urgency decides between any two streams", () => {
  const priority = fc.record({ urgency: fc.nat(7), incremental: fc.boolean() });
  const id = fc.maxSafeNat().map((n) => Math.floor(n / 4) * 4);
  fc.assert(fc.property(priority, id, priority, id, (a, idA, b, idB) => {
    const [first, second] = [sendOrder(a, idA), sendOrder(b, idB)];
    assert.equal(first, first | 0);
    if (a.urgency < b.urgency) assert.ok(first > second);
  }));
});

Deno.test("property: parsePriority() gives a valid priority for any text, decodePriorityUpdate() throws only H3Error", () => {
  const printable = fc.string({ unit: "binary-ascii" });
  const members = fc.array(
    fc.constantFrom("u=1", "i", ",", " ", ";", "x=", "(", ")", '"', "?1", "1.5"),
  );
  fc.assert(fc.property(fc.oneof(printable, members.map((parts) => parts.join(""))), (value) => {
    const { urgency, incremental } = parsePriority(value);
    assert.ok(Number.isInteger(urgency) && urgency >= 0 && urgency <= 7);
    assert.equal(typeof incremental, "boolean");
  }));
  fc.assert(fc.property(fc.uint8Array(), fc.boolean(), (payload, push) => {
    const type = push ? FRAME.PRIORITY_UPDATE_PUSH : FRAME.PRIORITY_UPDATE_REQUEST;
    assertOnlyH3Error(() => decodePriorityUpdate({ type, payload }, 100));
  }));
});

function update(id: number, value: string, type: number = FRAME.PRIORITY_UPDATE_REQUEST): Frame {
  return { type, payload: concat([encodeVarints(id), new TextEncoder().encode(value)]) };
}
