import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeCapsule, H3, H3Error } from "../../src/h3/mod.ts";
import { encodeVarints } from "../../src/h3/varint.ts";
import {
  MAX_CAPSULE_DATAGRAM_BYTES,
  MAX_CLOSE_REASON_BYTES,
} from "../../src/webtransport/limits.ts";
import { type SessionEvent, SessionMachine } from "../../src/webtransport/mod.ts";
import { concat } from "../_support/bytes.ts";
import { splits } from "../h3/peer_support.ts";

const [DATAGRAM, CLOSE, DRAIN] = [0x00, 0x2843, 0x78ae];

/** What a session says, and the end that is last. */
function play(chunks: readonly Uint8Array[], fin = false): SessionEvent[] {
  const machine = new SessionMachine();
  const events = chunks.flatMap((chunk) => receive(machine, chunk));
  return fin ? [...events, ...finish(machine)] : events;
}

/** All that a machine makes of a chunk. */
function receive(machine: SessionMachine, chunk: Uint8Array): SessionEvent[] {
  machine.receive(chunk);
  return drain(machine);
}

/** All that it makes of FIN. */
function finish(machine: SessionMachine): SessionEvent[] {
  machine.finish();
  return drain(machine);
}

function drain(machine: SessionMachine): SessionEvent[] {
  const events: SessionEvent[] = [];
  for (let event = machine.next(); event !== null; event = machine.next()) events.push(event);
  return events;
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function closeValue(code: number, reason: Uint8Array): Uint8Array {
  const value = new Uint8Array(4 + reason.length);
  new DataView(value.buffer).setUint32(0, code);
  value.set(reason, 4);
  return value;
}

const READ: readonly {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly events: readonly SessionEvent[];
}[] = [
  { name: "nothing", bytes: new Uint8Array(0), events: [] },
  {
    name: "a datagram (RFC 9297 §3.5)",
    bytes: encodeCapsule(DATAGRAM, utf8("abc")),
    events: [{ type: "datagram", payload: utf8("abc") }],
  },
  {
    name: "an empty datagram",
    bytes: encodeCapsule(DATAGRAM, utf8("")),
    events: [{ type: "datagram", payload: utf8("") }],
  },
  {
    name: "the largest datagram, but none that is larger (RFC 9297 §3.5)",
    bytes: concat([
      encodeCapsule(DATAGRAM, new Uint8Array(MAX_CAPSULE_DATAGRAM_BYTES + 1)),
      encodeCapsule(DATAGRAM, new Uint8Array(MAX_CAPSULE_DATAGRAM_BYTES)),
    ]),
    events: [{ type: "datagram", payload: new Uint8Array(MAX_CAPSULE_DATAGRAM_BYTES) }],
  },
  { name: "a drain (§4.7)", bytes: encodeCapsule(DRAIN, utf8("")), events: [{ type: "drain" }] },
  {
    name: "a close (§6)",
    bytes: encodeCapsule(CLOSE, closeValue(0xfffffffe, utf8("b\u00fcy, \u{1f600}"))),
    events: [{ type: "close", code: 0xfffffffe, reason: "b\u00fcy, \u{1f600}" }],
  },
  {
    name: "a close without reason",
    bytes: encodeCapsule(CLOSE, closeValue(7, utf8(""))),
    events: [{ type: "close", code: 7, reason: "" }],
  },
  {
    name: "a close with the longest reason, and a byte order mark in it",
    bytes: encodeCapsule(CLOSE, closeValue(0, utf8("\ufeff" + "x".repeat(1021)))),
    events: [{ type: "close", code: 0, reason: "\ufeff" + "x".repeat(1021) }],
  },
  {
    name: "capsules in forms longer than needed",
    bytes: Uint8Array.fromHex("c000000000000000" + "4001" + "61" + "c0000000000078ae" + "80000000"),
    events: [{ type: "datagram", payload: utf8("a") }, { type: "drain" }],
  },
  {
    name: "what is among unknown capsules (RFC 9297 §3.2)",
    bytes: concat([
      encodeCapsule(0x21, utf8("xx")),
      encodeCapsule(DRAIN, utf8("")),
      encodeCapsule(0xffffff, utf8("")),
      encodeCapsule(DATAGRAM, utf8("a")),
      encodeCapsule(Number.MAX_SAFE_INTEGER, utf8("x".repeat(2000))),
    ]),
    events: [{ type: "drain" }, { type: "datagram", payload: utf8("a") }],
  },
  {
    name: "nothing in capsules of flow control, which is off (§5.1)",
    bytes: concat(
      [0x190b4d3d, 0x190b4d3f, 0x190b4d40, 0x190b4d41, 0x190b4d43, 0x190b4d44]
        .map((type) => encodeCapsule(type, encodeVarints(5))),
    ),
    events: [],
  },
  {
    name: "nothing after a close, not even what is not allowed",
    bytes: concat([
      encodeCapsule(CLOSE, closeValue(1, utf8("x"))),
      encodeCapsule(DRAIN, utf8("x")),
      Uint8Array.fromHex("00ff"),
    ]),
    events: [{ type: "close", code: 1, reason: "x" }],
  },
];
for (const { name, bytes, events } of READ) {
  Deno.test(`SessionMachine reads ${name}, wherever it is cut`, () => {
    for (const split of splits(bytes)) assert.deepEqual(play(split.chunks), events, split.name);
  });
}

const REFUSED: readonly [what: string, bytes: Uint8Array, message: string][] = [
  [
    "a close without code",
    encodeCapsule(CLOSE, utf8("")),
    "a close capsule of 0 bytes, expected 4 to 1028",
  ],
  [
    "a close with half a code",
    encodeCapsule(CLOSE, utf8("abc")),
    "a close capsule of 3 bytes, expected 4 to 1028",
  ],
  [
    "a close whose reason is too long (§6)",
    encodeCapsule(CLOSE, closeValue(0, utf8("x".repeat(1025)))),
    "a close capsule of 1029 bytes, expected 4 to 1028",
  ],
  [
    "a close of more bytes than there can be, before they come",
    concat([encodeVarints(CLOSE), Uint8Array.fromHex("ffffffffffffffff")]),
    "a close capsule of 9007199254740991 bytes, expected 4 to 1028",
  ],
  [
    "a close whose reason is not UTF-8 (§6)",
    encodeCapsule(CLOSE, closeValue(0, Uint8Array.of(0x61, 0xff))),
    "the reason of the close is not UTF-8",
  ],
  [
    "a close whose reason ends inside a character",
    encodeCapsule(CLOSE, closeValue(0, Uint8Array.of(0xe2, 0x82))),
    "the reason of the close is not UTF-8",
  ],
  [
    "a close whose reason has a surrogate",
    encodeCapsule(CLOSE, closeValue(0, Uint8Array.of(0xed, 0xa0, 0x80))),
    "the reason of the close is not UTF-8",
  ],
  [
    "a drain with content (§4.7)",
    encodeCapsule(DRAIN, utf8("x")),
    "a drain capsule of 1 bytes, expected none",
  ],
  [
    "WT_MAX_STREAM_DATA (§5.4)",
    encodeCapsule(0x190b4d3e, encodeVarints(0, 5)),
    "a capsule of type 0x190b4d3e, as QUIC itself limits streams",
  ],
  [
    "WT_STREAM_DATA_BLOCKED (§5.4)",
    encodeCapsule(0x190b4d42, encodeVarints(0, 5)),
    "a capsule of type 0x190b4d42, as QUIC itself limits streams",
  ],
];
for (const [what, bytes, message] of REFUSED) {
  Deno.test(`SessionMachine refuses ${what} with H3_MESSAGE_ERROR of the stream, wherever it is cut, and is silent then`, () => {
    for (const { name, chunks } of splits(bytes)) {
      const machine = new SessionMachine();
      assert.throws(() => chunks.forEach((chunk) => receive(machine, chunk)), {
        name: "H3Error",
        code: H3.MESSAGE_ERROR,
        scope: "stream",
        status: null,
        message: `Cannot accept the capsules of a session: ${message}`,
      }, name);
      assert.deepEqual(receive(machine, encodeCapsule(DRAIN, utf8(""))), [], name);
      assert.deepEqual(finish(machine), [], name);
    }
  });
}

Deno.test("SessionMachine.finish() is a close with code 0 and no reason (§6)", () => {
  const close = { type: "close", code: 0, reason: "" };
  assert.deepEqual(play([], true), [close]);
  assert.deepEqual(play([encodeCapsule(DRAIN, utf8("")), encodeCapsule(0x21, utf8("x"))], true), [
    { type: "drain" },
    close,
  ]);
});

Deno.test("SessionMachine.finish() adds nothing after a close, and nothing a second time", () => {
  const machine = new SessionMachine();
  receive(machine, encodeCapsule(CLOSE, closeValue(1, utf8(""))));
  assert.deepEqual(finish(machine), []);
  const other = new SessionMachine();
  assert.equal(finish(other).length, 1);
  assert.deepEqual(finish(other), []);
  assert.deepEqual(receive(other, encodeCapsule(DRAIN, utf8(""))), []);
});

Deno.test("SessionMachine.finish() refuses a truncated capsule of any kind with H3_MESSAGE_ERROR (RFC 9297 §3.3)", () => {
  const capsules = [
    encodeCapsule(DATAGRAM, utf8("abc")),
    encodeCapsule(CLOSE, closeValue(1, utf8("ab"))),
    encodeCapsule(0x40_0021, utf8("abc")),
  ];
  for (const capsule of capsules) {
    for (let end = 1; end < capsule.length; end++) {
      const machine = new SessionMachine();
      assert.deepEqual(receive(machine, capsule.slice(0, end)), []);
      assert.throws(() => finish(machine), { code: H3.MESSAGE_ERROR, scope: "stream" });
      assert.deepEqual(finish(machine), [], "it was said");
    }
  }
});

Deno.test("SessionMachine keeps datagrams apart from the bytes they came with", () => {
  const bytes = concat([encodeCapsule(DATAGRAM, utf8("abc")), new Uint8Array(60_000)]);
  const [event] = play([bytes]);
  assert.ok(event?.type === "datagram");
  assert.equal(event.payload.buffer.byteLength, 3);
});

Deno.test("SessionMachine holds nothing of a large capsule", () => {
  const machine = new SessionMachine();
  receive(machine, encodeVarints(0x21, 2 ** 40));
  for (let count = 0; count < 100; count++) {
    assert.deepEqual(receive(machine, new Uint8Array(65_536)), []);
  }
  assert.throws(() => finish(machine), H3Error);
});

Deno.test("SessionMachine has all capsules charged that do nothing, except the first", () => {
  const useless = [
    encodeCapsule(0x1234, utf8("")),
    encodeCapsule(0x1234, utf8("xx")),
    encodeCapsule(0x190b4d3f, encodeVarints(5)), // of flow control
    encodeCapsule(DRAIN, utf8("")),
    encodeCapsule(DATAGRAM, utf8("")),
    encodeCapsule(DATAGRAM, new Uint8Array(MAX_CAPSULE_DATAGRAM_BYTES + 1)),
  ];
  const datagram = encodeCapsule(DATAGRAM, utf8("x"));
  for (const first of useless) {
    let charged = 0;
    const machine = new SessionMachine(() => charged++);
    receive(machine, concat([datagram, first, datagram]));
    assert.equal(charged, 0);
    receive(machine, concat([datagram, ...useless, datagram]));
    assert.equal(charged, useless.length);
    receive(machine, encodeCapsule(CLOSE, closeValue(0, utf8(""))));
    assert.equal(charged, useless.length);
  }
});

Deno.test("SessionMachine.next() gives the events before a capsule that is broken, and reads no further than asked", () => {
  let charged = 0;
  const machine = new SessionMachine(() => charged++);
  machine.receive(concat([
    encodeCapsule(DATAGRAM, utf8("a")),
    encodeCapsule(DRAIN, utf8("")),
    encodeCapsule(DRAIN, utf8("")),
    encodeCapsule(DRAIN, utf8("x")),
  ]));
  assert.deepEqual(machine.next(), { type: "datagram", payload: utf8("a") });
  assert.deepEqual([machine.next(), charged], [{ type: "drain" }, 0]);
  assert.deepEqual([machine.next(), charged], [{ type: "drain" }, 1]);
  assert.throws(() => machine.next(), { code: H3.MESSAGE_ERROR });
  assert.equal(machine.next(), null);
});

Deno.test("SessionMachine.next() throws what the charge for a capsule does, and is silent then", () => {
  const error = new Error("too many");
  const machine = new SessionMachine(() => {
    throw error;
  });
  const empty = encodeCapsule(DRAIN, utf8(""));
  assert.throws(() => receive(machine, concat([empty, empty])), error);
  assert.deepEqual(receive(machine, empty), []);
});

Deno.test("SessionMachine.close() writes code and reason, and cuts the reason at a character (§6)", () => {
  const reasons: [reason: string, sent: string][] = [
    ["", ""],
    ["bye", "bye"],
    ["x".repeat(1024), "x".repeat(1024)],
    ["x".repeat(1025), "x".repeat(1024)],
    ["x".repeat(1023) + "\u00fc", "x".repeat(1023)],
    ["\u{1f600}".repeat(300), "\u{1f600}".repeat(256)],
    ["x" + "\u20ac".repeat(400), "x" + "\u20ac".repeat(341)],
    ["a\ud800b", "a\ufffdb"],
  ];
  for (const [reason, sent] of reasons) {
    for (const code of [0, 1, 0x80000000, 0xffffffff]) {
      const close = new SessionMachine().close(code, reason);
      assert.deepEqual(close.capsule, encodeCapsule(CLOSE, closeValue(code, utf8(sent))));
      assert.deepEqual(play([close.capsule]), [{ type: "close", code, reason: sent }]);
      assert.equal(close.reason, sent);
    }
  }
});

Deno.test("SessionMachine.close() refuses a code that is no integer of 32 bits", () => {
  for (const code of [-1, 0.5, 2 ** 32, NaN, Infinity]) {
    const machine = new SessionMachine();
    assert.throws(() => machine.close(code, ""), {
      name: "RangeError",
      message: `Cannot close the session with code ${code}: expected an integer from 0 to 2^32 - 1`,
    });
    assert.equal(finish(machine).length, 1, "the session goes on");
  }
});

Deno.test("SessionMachine.close() ends what is read, too", () => {
  const machine = new SessionMachine();
  receive(machine, encodeVarints(DATAGRAM, 2));
  machine.close(0, "");
  assert.deepEqual(receive(machine, encodeCapsule(DRAIN, utf8("x"))), []);
  assert.deepEqual(finish(machine), []);
});

Deno.test("SessionMachine.drain() is a drain to the other side, and the session goes on (§4.7)", () => {
  const machine = new SessionMachine();
  assert.deepEqual(machine.drain(), Uint8Array.fromHex("800078ae" + "00"));
  assert.deepEqual(play([machine.drain()]), [{ type: "drain" }]);
  assert.equal(receive(machine, machine.drain()).length, 1);
});

/** Capsules that are allowed, of all kinds. */
const CAPSULE: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 20 }).map((value) => encodeCapsule(DATAGRAM, value)),
  fc.constant(encodeCapsule(DRAIN, utf8(""))),
  fc.tuple(fc.nat(2 ** 20), fc.uint8Array({ maxLength: 20 }))
    .filter(([type]) => ![DATAGRAM, CLOSE, DRAIN].includes(type))
    .map(([type, value]) => encodeCapsule(type, value)),
  fc.tuple(fc.nat(0xffffffff), fc.string({ unit: "grapheme", maxLength: 9 }))
    .map(([code, reason]) => encodeCapsule(CLOSE, closeValue(code, utf8(reason)))),
);

Deno.test("property: SessionMachine gives the same events in any split", () => {
  const cuts = fc.array(fc.nat(100), { maxLength: 8 });
  fc.assert(fc.property(fc.array(CAPSULE, { maxLength: 6 }), cuts, (capsules, cuts) => {
    const bytes = concat(capsules);
    const points = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length];
    points.sort((a, b) => a - b);
    const chunks = points.slice(1).map((end, index) => bytes.slice(points[index], end));
    const whole = play([bytes], true);
    assert.deepEqual(play(chunks, true), whole);
    assert.equal(whole.filter(({ type }) => type === "close").length, 1);
    assert.equal(whole.at(-1)!.type, "close");
  }));
});

Deno.test("property: what SessionMachine.close() is given comes to the other side, as far as there is room", () => {
  const reason = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({ unit: "binary", minLength: 900, maxLength: 1200 }),
  );
  fc.assert(fc.property(fc.nat(0xffffffff), reason, (code, reason) => {
    const close = new SessionMachine().close(code, reason);
    const [event] = play([close.capsule]);
    assert.ok(event?.type === "close");
    assert.equal(event.code, code);
    assert.equal(event.reason, close.reason);
    assert.ok(reason.toWellFormed().startsWith(event.reason));
    const size = utf8(event.reason).length;
    const cut = event.reason.length < reason.length;
    assert.ok(cut ? size > MAX_CLOSE_REASON_BYTES - 4 : size === utf8(reason).length);
    assert.ok(size <= MAX_CLOSE_REASON_BYTES);
  }));
});
