import assert from "node:assert/strict";
import type { FieldList, PeerLimits, QPACKEncoder } from "../../src/qpack/mod.ts";
import { MAX_OPEN_SECTIONS } from "../../src/qpack/open_sections.ts";
import { assertRefused, decodeNow, fromHex, makeDecoder, makeEncoder, toHex } from "./support.ts";

const PEER: PeerLimits = { maxTableCapacity: 4096, maxBlockedStreams: 16 };

function makeConfigured(peer: Partial<PeerLimits> = {}, options = {}): QPACKEncoder {
  const encoder = makeEncoder(options);
  encoder.configure({ ...PEER, ...peer });
  return encoder;
}

const STATIC = [
  { name: "a static line by its index", field: [":status", "200"], hex: "d9" },
  {
    name: "a static line with an index beyond the prefix",
    field: ["x-frame-options", "deny"],
    hex: "ff22",
  },
  {
    name: "a static name with another value",
    field: [":status", "418"],
    hex: "5f09" + "0334" + "3138",
  },
  {
    name: "a value that Huffman makes shorter",
    field: ["server", "gzip"],
    hex: "5f4d" + "839bd9ab",
  },
  {
    name: "a value that Huffman makes no shorter as it is",
    field: ["server", "XX"],
    hex: "5f4d" + "025858",
  },
  { name: "an unknown name", field: ["x-y", "z"], hex: "23" + "782d79" + "017a" },
  {
    name: "an unknown name with Huffman",
    field: ["custom-key", ""],
    hex: "2f01" + "25a849e95ba97d7f" + "00",
  },
  { name: "an empty value", field: ["server", ""], hex: "ff1d" },
];
for (const { name, field, hex } of STATIC) {
  Deno.test(`QPACKEncoder.encode() writes ${name}`, () => {
    assert.equal(toHex(makeEncoder().encode(0, [field as [string, string]])), "0000" + hex);
  });
}

const GUARDED = [
  { field: ["authorization", "Basic YTpi"], first: 0x7f },
  { field: ["proxy-authorization", "Basic YTpi"], first: 0x3f },
  { field: ["set-cookie", "a=0123456789012345678901234567890123456789"], first: 0x7e },
  { field: ["cookie", "a=01234567890123456"], first: 0x75 },
] as const;
for (const { field, first } of GUARDED) {
  Deno.test(`QPACKEncoder.encode() writes ${field[0]} of ${field[1].length} bytes as a never-indexed literal each time`, () => {
    const encoder = makeConfigured();
    for (let round = 0; round < 4; round++) {
      assert.equal(encoder.encode(0, [field])[2], first);
      assert.equal(encoder.take(), null);
    }
  });
}

Deno.test("QPACKEncoder.encode() indexes a cookie of 20 bytes that comes again", () => {
  const encoder = makeConfigured();
  const fields: FieldList = [["cookie", "a=012345678901234567"]];
  encoder.encode(0, fields);
  assert.equal(encoder.encode(4, fields).length, 3);
});

Deno.test("QPACKEncoder uses the static table only before configure(), and sends no instructions", () => {
  const encoder = makeEncoder();
  for (let round = 0; round < 4; round++) {
    assert.equal(toHex(encoder.encode(0, [["server", "gzip"]])), "00005f4d839bd9ab");
    assert.equal(encoder.take(), null);
  }
});

const TABLELESS = {
  "the peer allows no table": makeConfigured({ maxTableCapacity: 0 }),
  "we want no table": makeConfigured({}, { maxTableCapacity: 0 }),
};
for (const [name, encoder] of Object.entries(TABLELESS)) {
  Deno.test(`QPACKEncoder inserts nothing and sends no instructions when ${name}`, () => {
    for (let round = 0; round < 4; round++) {
      assert.equal(toHex(encoder.encode(0, [["server", "gzip"]])), "00005f4d839bd9ab");
      assert.equal(encoder.take(), null);
    }
  });
}

Deno.test("QPACKEncoder.configure() refuses a second call", () => {
  const encoder = makeConfigured();
  assert.throws(() => encoder.configure(PEER), /Cannot configure a QPACK encoder twice/);
});

Deno.test("QPACKEncoder sets the smaller capacity of both sides, once, with the first insertion", () => {
  const encoder = makeConfigured({ maxTableCapacity: 1000 }, { maxTableCapacity: 100 });
  encoder.encode(0, [[":status", "200"]]);
  assert.equal(encoder.take(), null);
  encoder.encode(0, [["server", "a"]]);
  assert.equal(toHex(encoder.take()), "3f45" + "ff1d0161");
  const other = makeConfigured({ maxTableCapacity: 100 }, { maxTableCapacity: 1000 });
  other.encode(0, [["server", "a"]]);
  assert.equal(toHex(other.take()), "3f45" + "ff1d0161");
});

Deno.test("QPACKEncoder inserts a stable line at once and any other line when it comes again", () => {
  const encoder = makeConfigured();
  assert.equal(toHex(encoder.encode(0, [["server", "a"]])), "028010");
  assert.equal(encoder.encode(0, [["x-id", "1"]])[0], 0);
  assert.equal(encoder.encode(0, [["x-id", "2"]])[0], 0);
  assert.equal(toHex(encoder.encode(0, [["x-id", "1"]])), "038010");
});

Deno.test("QPACKEncoder inserts by static name, by dynamic name, and by literal name", () => {
  const encoder = makeConfigured();
  encoder.encode(0, [["server", "a"]]);
  encoder.encode(0, [["via", "a"]]);
  encoder.encode(0, [["server", "b"]]);
  encoder.encode(0, [["via", "b"]]);
  assert.equal(
    toHex(encoder.take()),
    "3fe11f" + "ff1d0161" + "43766961" + "0161" + "ff1d0162" + "81" + "0162",
  );
});

Deno.test("QPACKEncoder refers to a dynamic name where the value is not worth an entry", () => {
  const encoder = makeConfigured();
  encoder.encode(0, [["via", "a"]]);
  encoder.receive(fromHex("80"));
  const secret = "b".repeat(3000);
  assert.equal(toHex(encoder.encode(0, [["via", secret]]))!.slice(0, 6), "020040");
});

Deno.test("QPACKEncoder refers to new entries behind the Base and to old ones before it", () => {
  const encoder = makeConfigured();
  assert.equal(toHex(encoder.encode(0, [["server", "a"], ["server", "b"]])), "0381" + "10" + "11");
  assert.equal(
    toHex(encoder.encode(0, [["server", "a"], ["server", "c"], ["server", "b"]])),
    "0480" + "81" + "10" + "80",
  );
  assert.equal(toHex(encoder.encode(0, [["server", "a"]])), "0202" + "82");
});

Deno.test("QPACKEncoder blocks no more streams than the peer allows, and any number of sections on one", () => {
  const encoder = makeConfigured({ maxBlockedStreams: 2 });
  const fields: FieldList = [["server", "a"]];
  const uses = (streamId: number) => encoder.encode(streamId, fields)[0] !== 0;
  assert.deepEqual([0, 4, 8, 0, 4, 8].map(uses), [true, true, false, true, true, false]);
  encoder.receive(fromHex("40"));
  assert.deepEqual([8, 12].map(uses), [true, false]);
  encoder.receive(fromHex("01"));
  assert.deepEqual([12, 16, 20, 24].map(uses), [true, true, true, true]);
});

Deno.test("QPACKEncoder blocks no stream when the peer allows none, and uses what was acknowledged", () => {
  const encoder = makeConfigured({ maxBlockedStreams: 0 });
  const fields: FieldList = [["server", "a"]];
  assert.equal(toHex(encoder.encode(0, fields)), "00005f4d0161");
  assert.equal(toHex(encoder.encode(0, fields)), "00005f4d0161");
  encoder.receive(fromHex("01"));
  assert.equal(toHex(encoder.encode(0, fields)), "020080");
});

Deno.test("QPACKEncoder counts a stream as blocking until its last section is acknowledged", () => {
  const encoder = makeConfigured({ maxBlockedStreams: 1 });
  encoder.encode(0, [["server", "a"]]);
  encoder.encode(0, [["server", "b"]]);
  encoder.receive(fromHex("80"));
  assert.equal(encoder.encode(4, [["server", "b"]])[0], 0);
  assert.notEqual(encoder.encode(4, [["server", "a"]])[0], 0);
  encoder.receive(fromHex("80"));
  assert.notEqual(encoder.encode(4, [["server", "b"]])[0], 0);
});

/** Fills a table of three entries, so that each insertion has to evict one. */
function makeFull(): QPACKEncoder {
  const encoder = makeConfigured({ maxTableCapacity: 3 * 36 });
  for (const value of ["a", "b", "c"]) encoder.encode(0, [["via", value]]);
  encoder.take();
  return encoder;
}

Deno.test("QPACKEncoder evicts no entry that has not arrived for sure", () => {
  const encoder = makeFull();
  encoder.receive(fromHex("40"));
  encoder.encode(4, [["via", "d"]]);
  assert.equal(encoder.take(), null);
  encoder.receive(fromHex("01"));
  encoder.encode(4, [["via", "d"]]);
  assert.notEqual(encoder.take(), null);
});

Deno.test("QPACKEncoder evicts no entry that an open section refers to", () => {
  const encoder = makeFull();
  encoder.receive(fromHex("03"));
  encoder.encode(4, [["via", "d"]]);
  assert.equal(encoder.take(), null);
  encoder.receive(fromHex("80"));
  encoder.encode(4, [["via", "d"]]);
  assert.notEqual(encoder.take(), null);
});

Deno.test("QPACKEncoder evicts no entry that the section in progress refers to", () => {
  const encoder = makeConfigured({ maxTableCapacity: 100 });
  encoder.encode(0, [["via", "a"], ["via", "b"]]);
  encoder.receive(fromHex("80"));
  encoder.take();
  const section = encoder.encode(4, [["via", "b"], ["via", "a"], ["via", "c"], ["via", "d"]]);
  const decoder = makeDecoder({ maxTableCapacity: 100 });
  decoder.receive(fromHex("3f45" + "43766961" + "0161" + "80" + "0162"));
  const instructions = encoder.take();
  if (instructions !== null) decoder.receive(instructions);
  assert.deepEqual(decodeNow(decoder, 4, section), [
    ["via", "b"],
    ["via", "a"],
    ["via", "c"],
    ["via", "d"],
  ]);
});

Deno.test("QPACKEncoder duplicates an entry that drains instead of holding it", () => {
  const encoder = makeConfigured({ maxTableCapacity: 4 * 36 });
  for (const value of ["a", "b", "c", "d"]) {
    encoder.encode(0, [["via", value]]);
    encoder.receive(fromHex("80"));
  }
  encoder.take();
  assert.equal(toHex(encoder.encode(0, [["via", "a"]])), "0680" + "10");
  assert.equal(toHex(encoder.take()), "03");
  encoder.receive(fromHex("80"));
  assert.equal(toHex(encoder.encode(0, [["via", "a"]])), "0600" + "80");
  assert.equal(encoder.take(), null);
});

Deno.test("QPACKEncoder inserts nothing beyond maxBacklog, and goes on after take()", () => {
  const encoder = makeConfigured({}, { maxBacklog: 100 });
  encoder.encode(0, [["server", "a".repeat(30)]]);
  encoder.encode(0, [["server", "b".repeat(30)]]);
  assert.equal(encoder.encode(0, [["server", "b".repeat(30)]])[0], 0);
  assert((encoder.take()?.length ?? 0) <= 100);
  assert.notEqual(encoder.encode(0, [["server", "b".repeat(30)]])[0], 0);
});

Deno.test("QPACKEncoder inserts no line that takes more than half of the table", () => {
  const encoder = makeConfigured({ maxTableCapacity: 200 });
  encoder.encode(0, [["server", "a".repeat(63)]]);
  assert.equal(encoder.take(), null);
  encoder.encode(0, [["server", "a".repeat(62)]]);
  assert.notEqual(encoder.take(), null);
});

Deno.test("QPACKEncoder does without references while too many sections are open", () => {
  const encoder = makeConfigured();
  const fields: FieldList = [["server", "a"]];
  for (let count = 0; count < MAX_OPEN_SECTIONS; count++) {
    assert.notEqual(encoder.encode(0, fields)[0], 0);
  }
  assert.equal(toHex(encoder.encode(0, fields)), "00005f4d0161");
  encoder.receive(fromHex("80"));
  assert.notEqual(encoder.encode(0, fields)[0], 0);
});

Deno.test("QPACKEncoder.cancel() ends the references of the section encoded last", () => {
  const encoder = makeFull();
  encoder.receive(fromHex("80 80 80"));
  encoder.encode(0, [["via", "b"]]);
  encoder.encode(4, [["via", "d"]]);
  assert.notEqual(encoder.take(), null);
  encoder.receive(fromHex("84"));
  encoder.encode(4, [["via", "e"]]);
  assert.equal(encoder.take(), null);
  encoder.cancel(0);
  encoder.encode(4, [["via", "e"]]);
  assert.notEqual(encoder.take(), null);
  assertRefused(() => encoder.receive(fromHex("80")), 0x202, /stream 0/);
});

Deno.test("QPACKEncoder.cancel() leaves what was sent on the stream before", () => {
  const encoder = makeConfigured();
  encoder.encode(0, [["server", "a"]]);
  encoder.encode(0, [[":status", "200"]]);
  encoder.cancel(0);
  encoder.receive(fromHex("80"));
  encoder.cancel(0);
  encoder.cancel(4);
});

Deno.test("QPACKEncoder.encode() matches an acknowledgment with a section that has references", () => {
  const encoder = makeConfigured();
  encoder.encode(0, [["server", "a"]]);
  encoder.encode(0, [[":status", "200"]]);
  encoder.encode(0, [["server", "a"]]);
  encoder.receive(fromHex("8080"));
  assertRefused(() => encoder.receive(fromHex("80")), 0x202, /stream 0/);
});

for (const field of [["server", "\u0100"], ["\u0100", "a"], ["via", "€"]] as const) {
  Deno.test(`QPACKEncoder.encode() refuses ${JSON.stringify(field)} and works on`, () => {
    const encoder = makeConfigured();
    for (let round = 0; round < 3; round++) {
      assert.throws(() => encoder.encode(0, [["server", "a"], field]), RangeError);
    }
    assert.equal(toHex(encoder.take()), "3fe11f" + "ff1d0161");
    assert.equal(toHex(encoder.encode(0, [["server", "a"]])), "0200" + "80");
  });
}

Deno.test("QPACKEncoder.encode() gives arrays that later calls do not touch", () => {
  const encoder = makeEncoder();
  const first = encoder.encode(0, [["server", "gzip"]]);
  encoder.encode(0, [["server", "a"], ["server", "b"]]);
  assert.equal(toHex(first), "00005f4d839bd9ab");
});

Deno.test("QPACKEncoder.encode() writes sections larger than its buffers", () => {
  const fields: FieldList = [["server", "\x01".repeat(40_000)], ["via", "a".repeat(20_000)]];
  assert.deepEqual(makeDecoder().decode(0, makeEncoder().encode(0, fields)), fields);
});

Deno.test("QPACKEncoder.take() gives instructions larger than its buffer, and starts anew", () => {
  const encoder = makeConfigured({ maxTableCapacity: 16_384 }, { maxTableCapacity: 16_384 });
  const decoder = makeDecoder({ maxTableCapacity: 16_384 });
  for (const letter of ["\x01", "\x02"]) {
    const fields: FieldList = [["via", letter.repeat(6000)]];
    const section = encoder.encode(0, fields);
    decoder.receive(encoder.take()!);
    assert.equal(encoder.take(), null);
    assert.equal(section.length, 3);
    assert.deepEqual(decoder.decode(0, section), fields);
  }
});
