import assert from "node:assert/strict";
import { assertRefused, concat, cuts, decodeNow, fromHex, makeDecoder } from "./support.ts";

const REFUSED = [
  {
    name: "a capacity above the limit",
    hex: "3fe21f",
    message: /capacity 4097 exceeds the limit of 4096/,
  },
  {
    name: "an insertion before any capacity",
    hex: "41610131",
    message: /entry of at least 32 bytes exceeds the capacity of 0/,
  },
  {
    name: "an entry larger than the capacity",
    hex: "3f01 4161 00",
    message: /at least 33 bytes exceeds the capacity of 32/,
  },
  {
    name: "a name that leaves no room",
    hex: "3f02 42 6161",
    message: /at least 34 bytes exceeds the capacity of 33/,
  },
  {
    name: "a static name that leaves no room",
    hex: "3f02 dc 00",
    message: /at least 39 bytes exceeds the capacity of 33/,
  },
  {
    name: "a value that leaves no room, before it arrives",
    hex: "3fe11f 4161 7fffff03",
    message: /exceeds the capacity of 4096/,
  },
  {
    name: "a Huffman-encoded value that cannot fit, before it arrives",
    hex: "3f21 4161 ff8101",
    message: /exceeds the capacity of 64/,
  },
  {
    name: "a Huffman-encoded value that is one byte too long",
    hex: "3f02 4161 811f",
    message: /at least 34 bytes exceeds the capacity of 33/,
  },
  {
    name: "a name above maxNameLength",
    hex: "3fe11f 5fe201",
    message: /a name of at least 257 bytes exceeds the limit of 256/,
  },
  { name: "a static index of 99", hex: "3fe11f ff24", message: /static table has no index 99/ },
  { name: "a name of no entry", hex: "3fe11f 80", message: /relative index 0 .* after 0 inserts/ },
  {
    name: "a duplicate of no entry",
    hex: "3fe11f 00",
    message: /relative index 0 .* after 0 inserts/,
  },
  {
    name: "a name of an evicted entry",
    hex: "3f03 41610131 41620132 81",
    message: /relative index 1 .* evicted, after 2 inserts/,
  },
  {
    name: "a duplicate of an evicted entry",
    hex: "3f03 41610131 41620132 01",
    message: /relative index 1 .* evicted, after 2 inserts/,
  },
  {
    name: "a duplicate after everything was evicted",
    hex: "3fe11f 41610131 20 00",
    message: /relative index 0/,
  },
  {
    name: "an integer of more than 62 bits",
    hex: "3fffffffffffffffff7f",
    message: /more than 62 bits/,
  },
  {
    name: "EOS in a name",
    hex: "3fe11f 64ffffffff",
    message: /a name of 4 bytes is refused, as its Huffman code contains EOS/,
  },
  {
    name: "zeros as padding of a value",
    hex: "3fe11f 4161 8118",
    message: /a value of 1 bytes is refused/,
  },
];
for (const { name, hex, message } of REFUSED) {
  Deno.test(`QPACKDecoder.receive() refuses ${name}, however it is cut`, () => {
    for (const pieces of cuts(fromHex(hex))) {
      const decoder = makeDecoder();
      assertRefused(
        () => pieces.forEach((piece) => decoder.receive(piece)),
        0x201,
        message,
      );
    }
  });
}

const WITHOUT_TABLE = { "a capacity": "21", "an insertion": "41610131", "a duplicate": "00" };
for (const [name, hex] of Object.entries(WITHOUT_TABLE)) {
  Deno.test(`QPACKDecoder.receive() refuses ${name} when it announced no table`, () => {
    const decoder = makeDecoder({ maxTableCapacity: 0 });
    assertRefused(() => decoder.receive(fromHex(hex)), 0x201, /capacity|relative index/);
  });
}

Deno.test("QPACKDecoder.receive() refuses a value above maxValueLength", () => {
  const decoder = makeDecoder({ maxValueLength: 3 });
  decoder.receive(fromHex("3fe11f 4161 03616161"));
  assertRefused(
    () => decoder.receive(fromHex("4161 0461")),
    0x201,
    /a value of at least 4 bytes exceeds the limit of 3/,
  );
});

Deno.test("QPACKDecoder.receive() accepts capacity 0 without a table", () => {
  assert.deepEqual(makeDecoder({ maxTableCapacity: 0 }).receive(fromHex("20")), []);
});

Deno.test("QPACKDecoder.receive() accepts duplicate entries", () => {
  const decoder = makeDecoder();
  decoder.receive(fromHex("3fe11f 41610131 41610131 00"));
  assert.deepEqual(decoder.decode(0, fromHex("0400 80 81 82")), [["a", "1"], ["a", "1"], [
    "a",
    "1",
  ]]);
});

Deno.test("QPACKDecoder.receive() accepts empty values and names", () => {
  const decoder = makeDecoder();
  decoder.receive(fromHex("3fe11f 4000 4161 00"));
  assert.deepEqual(decoder.decode(0, fromHex("0300 81 80")), [["", ""], ["a", ""]]);
});

Deno.test("QPACKDecoder.receive() reads relative indices of several bytes, however they are cut", () => {
  const inserts = fromHex("3fe11f 41610130" + "41610131".repeat(70));
  for (const pieces of cuts(fromHex("1f27 bf08 0132"))) {
    const decoder = makeDecoder();
    decoder.receive(inserts);
    for (const piece of pieces) decoder.receive(piece);
    assert.deepEqual(decoder.decode(0, fromHex("4a00 81 80")), [["a", "0"], ["a", "2"]]);
  }
});

Deno.test("QPACKDecoder.receive() takes a name from an entry that its own insertion evicts", () => {
  const decoder = makeDecoder();
  decoder.receive(fromHex("3f03 41610131 80 0132"));
  assert.deepEqual(decoder.decode(0, fromHex("0300 80")), [["a", "2"]]);
});

Deno.test("QPACKDecoder.receive() duplicates an entry that the duplicate evicts", () => {
  const decoder = makeDecoder();
  decoder.receive(fromHex("3f03 41610131 00"));
  assert.deepEqual(decoder.decode(0, fromHex("0300 80")), [["a", "1"]]);
});

Deno.test("QPACKDecoder.receive() evicts when the capacity shrinks, and can be filled again", () => {
  const decoder = makeDecoder();
  decoder.receive(fromHex("3fe11f 41610131 20 3fe11f 41620132"));
  assert.deepEqual(decoder.decode(0, fromHex("0300 80")), [["b", "2"]]);
  assertRefused(() => decoder.decode(0, fromHex("0300 81")), 0x200, /entry 0 was evicted/);
});

Deno.test("QPACKDecoder.receive() follows all instructions however they are cut, empty pieces too", () => {
  const stream = fromHex(
    "3fe11f 41610131 ff23 00 66a8eb10649cbf 839bd9ab 80 0132 02 ff1d 7f0b" + "78".repeat(138),
  );
  for (const pieces of cuts(stream)) {
    const decoder = makeDecoder();
    for (const piece of pieces) {
      decoder.receive(new Uint8Array());
      decoder.receive(piece);
    }
    assert.deepEqual(decodeNow(decoder, 0, fromHex("0700 85 84 83 82 81 80")), [
      ["a", "1"],
      ["x-frame-options", ""],
      ["no-cache", "gzip"],
      ["no-cache", "2"],
      ["x-frame-options", ""],
      ["server", "x".repeat(138)],
    ]);
  }
});

Deno.test("QPACKDecoder.receive() keeps nothing of the bytes it was given", () => {
  const decoder = makeDecoder();
  const piece = fromHex("3fe11f 4161 0361");
  decoder.receive(piece);
  piece.fill(0xff);
  decoder.receive(fromHex("6161"));
  assert.deepEqual(decoder.decode(0, fromHex("0200 80")), [["a", "aaa"]]);
});

Deno.test("QPACKDecoder.receive() buffers no more than one string of the table's capacity", () => {
  const decoder = makeDecoder();
  decoder.receive(fromHex("3fe11f 4161"));
  // The longest Huffman code has 30 bits: 4063 bytes of text are at most 15237 bytes of code.
  decoder.receive(concat(fromHex("ff"), integerRest(15_237 - 127)));
  assertRefused(
    () => {
      const other = makeDecoder();
      other.receive(fromHex("3fe11f 4161"));
      other.receive(concat(fromHex("ff"), integerRest(15_238 - 127)));
    },
    0x201,
    /exceeds the capacity of 4096/,
  );
});

/** The bytes behind a full prefix. */
function integerRest(value: number): Uint8Array {
  const bytes = [];
  for (; value >= 128; value >>= 7) bytes.push(0x80 | (value & 0x7f));
  return Uint8Array.from([...bytes, value]);
}
