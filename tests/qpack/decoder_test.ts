import assert from "node:assert/strict";
import { FieldSectionTooLargeError } from "../../src/qpack/mod.ts";
import { assertRefused, concat, decodeNow, fromHex, makeDecoder, toHex } from "./support.ts";

/** Capacity 4096, then the entries a: 1, b: 2, c: 3. */
const THREE_ENTRIES = "3fe11f 41610131 41620132 41630133";

/** Every representation, with static and dynamic references (RFC 9204 §4.5). */
const SECTIONS = [
  { name: "no field line", hex: "0000", fields: [] },
  { name: "a static entry", hex: "0000 d9", fields: [[":status", "200"]] },
  {
    name: "a static entry behind the prefix",
    hex: "0000 ff23",
    fields: [["x-frame-options", "sameorigin"]],
  },
  { name: "a dynamic entry", hex: "0400 80", fields: [["c", "3"]] },
  { name: "the oldest dynamic entry", hex: "0400 82", fields: [["a", "1"]] },
  { name: "a dynamic entry, Base behind the insert count", hex: "0405 87", fields: [["a", "1"]] },
  { name: "a post-Base entry", hex: "0481 10", fields: [["b", "2"]] },
  { name: "a post-Base entry, Base 0", hex: "0482 10 12", fields: [["a", "1"], ["c", "3"]] },
  { name: "a literal with a static name", hex: "0000 5f4d 0178", fields: [["server", "x"]] },
  { name: "a literal with a dynamic name", hex: "0400 41 0178", fields: [["b", "x"]] },
  { name: "a literal with a post-Base name", hex: "0481 01 0178", fields: [["c", "x"]] },
  { name: "a literal with a literal name", hex: "0000 2179 0178", fields: [["y", "x"]] },
  {
    name: "never-indexed literals",
    hex: "0482 7f4d 0178 08 0178 3179 0178",
    fields: [["server", "x"], ["a", "x"], ["y", "x"]],
  },
  {
    name: "a Huffman-encoded literal",
    hex: "0000 2ea8eb10649cbf 839bd9ab",
    fields: [["no-cache", "gzip"]],
  },
  { name: "an empty name and an empty value", hex: "0000 20 00", fields: [["", ""]] },
  { name: "bytes beyond ASCII", hex: "0000 2179 0380ff9f", fields: [["y", "\x80\xff\x9f"]] },
  {
    name: "field lines in their order, duplicates too",
    hex: "0400 80 d9 80 81",
    fields: [["c", "3"], [":status", "200"], ["c", "3"], ["b", "2"]],
  },
  {
    name: "any Base where nothing dynamic is referred to",
    hex: "00 7fffffffffffffff7f d9",
    fields: [[":status", "200"]],
  },
];
for (const { name, hex, fields } of SECTIONS) {
  Deno.test(`QPACKDecoder.decode() reads ${name}`, () => {
    const decoder = makeDecoder();
    decoder.receive(fromHex(THREE_ENTRIES));
    assert.deepEqual(decoder.decode(0, fromHex(hex)), fields);
  });
}

const REFUSED = [
  { name: "an empty section", hex: "", message: /ends inside/ },
  { name: "a section without Base", hex: "00", message: /ends inside/ },
  { name: "an end inside the insert count", hex: "ff80", message: /ends inside/ },
  {
    name: "a Required Insert Count above twice the largest number of entries",
    hex: "ff8201 00",
    message:
      /Required Insert Count 385 is impossible after 3 inserts into a table of at most 128 entries/,
  },
  {
    name: "a Required Insert Count that never was",
    hex: "85 00",
    message: /Required Insert Count 133 is impossible/,
  },
  {
    name: "a Required Insert Count that wraps to 0",
    hex: "01 00 80",
    message: /Required Insert Count 1 is impossible/,
  },
  { name: "a Base below 0", hex: "0483", message: /delta base 3 is below Required Insert Count 3/ },
  {
    name: "a Base below 0 without references",
    hex: "0080",
    message: /delta base 0 is below Required Insert Count 0/,
  },
  {
    name: "a Base beyond 2^53",
    hex: "04 7f80ffffffffffff3f 80",
    message: /delta base \d+ is beyond any table/,
  },
  {
    name: "an integer of 63 bits",
    hex: "00 7f80ffffffffffffff7f 80",
    message: /more than 62 bits/,
  },
  { name: "a static index of 99", hex: "0000 ff24", message: /static table has no index 99/ },
  {
    name: "a static name index of 99",
    hex: "0000 5f54 00",
    message: /static table has no index 99/,
  },
  {
    name: "a dynamic reference without Required Insert Count",
    hex: "0000 80",
    message: /index -1 is not below Required Insert Count 0/,
  },
  {
    name: "a relative index before the first entry",
    hex: "0400 83",
    message: /index -1 is not below/,
  },
  {
    name: "a post-Base index at the Required Insert Count",
    hex: "0381 12",
    message: /index 2 is not below Required Insert Count 2/,
  },
  {
    name: "a post-Base name index at the Required Insert Count",
    hex: "0381 02 00",
    message: /index 2 is not below Required Insert Count 2/,
  },
  {
    name: "a relative index at the Required Insert Count",
    hex: "0301 80",
    message: /index 2 is not below Required Insert Count 2/,
  },
  { name: "an end inside an index", hex: "0000 ff", message: /ends inside/ },
  { name: "an end inside a name", hex: "0000 2261", message: /ends inside/ },
  { name: "an end before the value", hex: "0000 2161", message: /ends inside/ },
  { name: "an end inside a value", hex: "0000 2161 0361", message: /ends inside/ },
  {
    name: "EOS in a name",
    hex: "0000 2cffffffff 00",
    message: /a name of 4 bytes is refused, as its Huffman code contains EOS/,
  },
  {
    name: "zeros as padding of a value",
    hex: "0000 2161 8118",
    message: /a value of 1 bytes is refused.*other bits than ones/,
  },
  { name: "padding of eight bits", hex: "0000 2161 821fff", message: /more than 7 bits/ },
];
for (const { name, hex, message } of REFUSED) {
  Deno.test(`QPACKDecoder.decode() refuses ${name}`, () => {
    const decoder = makeDecoder();
    decoder.receive(fromHex(THREE_ENTRIES));
    assertRefused(() => decoder.decode(0, fromHex(hex)), 0x200, message);
  });
}

Deno.test("QPACKDecoder.decode() refuses a reference to an evicted entry", () => {
  const decoder = makeDecoder();
  decoder.receive(fromHex("3f25 41610131 41620132 41630133"));
  assert.deepEqual(decoder.decode(0, fromHex("0400 80")), [["c", "3"]]);
  assertRefused(() => decoder.decode(0, fromHex("0400 82")), 0x200, /entry 0 was evicted/);
});

Deno.test("QPACKDecoder.decode() refuses any Required Insert Count when it announced no table", () => {
  const decoder = makeDecoder({ maxTableCapacity: 0 });
  assertRefused(() => decoder.decode(0, fromHex("0200 80")), 0x200, /at most 0 entries/);
  assert.deepEqual(decoder.decode(0, fromHex("0000 d9")), [[":status", "200"]]);
});

Deno.test("QPACKDecoder.decode() restores the Required Insert Count of RFC 9204 §4.5.1.1's example", () => {
  const decoder = makeDecoder({ maxTableCapacity: 100 });
  decoder.receive(fromHex("3f45"));
  for (let count = 0; count < 10; count++) decoder.receive(fromHex("41610130"));
  assert.deepEqual(decoder.decode(0, fromHex("0400 80")), [["a", "0"]]);
});

Deno.test("QPACKDecoder.decode() resolves wrapped insert counts over the whole life of a table", () => {
  const decoder = makeDecoder({ maxTableCapacity: 128 });
  decoder.receive(fromHex("3f61"));
  for (let count = 1; count < 100; count++) {
    const digit = String.fromCharCode(97 + count % 26);
    decoder.receive(concat(fromHex("4161 01"), new Uint8Array([digit.charCodeAt(0)])));
    const section = new Uint8Array([count % 8 + 1, 0, 0x80]);
    assert.deepEqual(decodeNow(decoder, 0, section), [["a", digit]]);
  }
});

Deno.test("QPACKDecoder.decode() takes a Required Insert Count that is larger than needed", () => {
  const decoder = makeDecoder();
  decoder.receive(fromHex(THREE_ENTRIES));
  assert.deepEqual(decoder.decode(0, fromHex("0400 82")), [["a", "1"]]);
});

Deno.test("QPACKDecoder acknowledges a section that needs the table, and no other", () => {
  const decoder = makeDecoder();
  decoder.receive(fromHex(THREE_ENTRIES));
  decoder.decode(0, fromHex("0000 d9"));
  assert.equal(toHex(decoder.take()), "03");
  decoder.decode(4, fromHex("0400 80"));
  decoder.decode(4, fromHex("0400 80"));
  decoder.decode(200, fromHex("0400 80"));
  assert.equal(toHex(decoder.take()), "8484ff49");
  assert.equal(decoder.take(), null);
});

Deno.test("QPACKDecoder counts inserts up only where no Section Acknowledgment did", () => {
  const decoder = makeDecoder();
  decoder.receive(fromHex(THREE_ENTRIES));
  decoder.decode(4, fromHex("0300 80"));
  assert.equal(toHex(decoder.take()), "8401");
});

Deno.test("QPACKDecoder.cancel() queues a Stream Cancellation and frees the blocked stream", () => {
  const decoder = makeDecoder({ maxBlockedStreams: 1 });
  assert.equal(decoder.decode(0, fromHex("0200 80")), null);
  decoder.cancel(0);
  assert.equal(decoder.blockedStreams, 0);
  assert.equal(toHex(decoder.take()), "40");
  assert.equal(decoder.decode(100, fromHex("0200 80")), null);
  decoder.cancel(100);
  assert.equal(toHex(decoder.take()), "7f25");
});

Deno.test("QPACKDecoder.cancel() queues nothing without a table", () => {
  const decoder = makeDecoder({ maxTableCapacity: 0 });
  decoder.cancel(0);
  assert.equal(decoder.take(), null);
});

Deno.test("QPACKDecoder lets exactly maxBlockedStreams streams wait", () => {
  const decoder = makeDecoder({ maxBlockedStreams: 2 });
  assert.equal(decoder.decode(0, fromHex("0200 80")), null);
  assert.equal(decoder.decode(4, fromHex("0300 80")), null);
  assert.equal(decoder.decode(0, fromHex("0200 80")), null);
  assert.equal(decoder.blockedStreams, 2);
  assertRefused(
    () => decoder.decode(8, fromHex("0400 80")),
    0x200,
    /waits for insert 3 .* 2 other streams, and 2 may/,
  );
});

Deno.test("QPACKDecoder lets no stream wait when it announced 0", () => {
  const decoder = makeDecoder({ maxBlockedStreams: 0 });
  assertRefused(() => decoder.decode(0, fromHex("0200 80")), 0x200, /0 may/);
});

Deno.test("QPACKDecoder.receive() returns a blocked stream once, as soon as all its inserts are there", () => {
  const decoder = makeDecoder();
  assert.equal(decoder.decode(0, fromHex("0200 80")), null);
  assert.equal(decoder.decode(4, fromHex("0400 80")), null);
  assert.deepEqual(decoder.receive(fromHex("3fe11f")), []);
  assert.deepEqual(decoder.receive(fromHex("41610131")), [0]);
  assert.deepEqual(decoder.receive(fromHex("41620132")), []);
  assert.deepEqual(decoder.receive(fromHex("416301")), []);
  assert.deepEqual(decoder.receive(fromHex("33")), [4]);
  assert.equal(decoder.blockedStreams, 0);
  assert.deepEqual(decoder.decode(4, fromHex("0400 80")), [["c", "3"]]);
  assert.deepEqual(decoder.decode(0, fromHex("0200 80")), [["a", "1"]]);
  assert.equal(toHex(decoder.take()), "8480");
});

/** Sections of exactly 68 bytes by RFC 9114 §4.2.2, two lines of 34 each. */
const SIZES = {
  "literal names": "0000 2161 0131 2162 0132",
  "Huffman-encoded strings": "0000 291f 811f 291f 811f",
  "dynamic entries": "0400 82 81",
  "dynamic names": "0400 42 0131 41 0132",
};
for (const [name, hex] of Object.entries(SIZES)) {
  Deno.test(`QPACKDecoder.decode() counts ${name} up to maxFieldSectionSize and no further`, () => {
    for (const maxFieldSectionSize of [68, 67, 66, 35, 34, 33, 32, 1, 0]) {
      const decoder = makeDecoder({ maxFieldSectionSize });
      decoder.receive(fromHex(THREE_ENTRIES));
      decoder.take();
      if (maxFieldSectionSize === 68) {
        assert.equal(decodeNow(decoder, 0, fromHex(hex)).length, 2);
        continue;
      }
      assert.throws(() => decoder.decode(0, fromHex(hex)), (error) => {
        assert(error instanceof FieldSectionTooLargeError, String(error));
        assert(error.size > maxFieldSectionSize && error.size <= 68, `size ${error.size}`);
        assert.match(error.message, new RegExp(`exceeds the limit of ${maxFieldSectionSize}$`));
        return true;
      });
      // The section is over for the encoder, too, and others are not affected.
      assert.equal(toHex(decoder.take()), hex.startsWith("04") ? "80" : null);
      assert.deepEqual(decoder.decode(4, fromHex("0000")), []);
    }
  });
}

Deno.test("QPACKDecoder.decode() counts static entries", () => {
  const decoder = makeDecoder({ maxFieldSectionSize: 42 });
  assert.equal(decodeNow(decoder, 0, fromHex("0000 d9")).length, 1);
  assert.throws(() => decoder.decode(0, fromHex("0000 d9 d9")), FieldSectionTooLargeError);
});

Deno.test("QPACKDecoder.decode() refuses a section that grows from small references", () => {
  const decoder = makeDecoder({ maxFieldSectionSize: 16_384 });
  const value = new Uint8Array(4000).fill(97);
  decoder.receive(concat(fromHex("3fe11f 4161 7fa11e"), value));
  const section = concat(fromHex("0200"), new Uint8Array(5000).fill(0x80));
  assert.throws(() => decoder.decode(0, section), (error) => {
    assert(error instanceof FieldSectionTooLargeError);
    assert.equal(error.size, 5 * 4033);
    return true;
  });
});

const LENGTHS = [
  {
    name: "name",
    limit: { maxNameLength: 4 },
    fits: "0000 2461616161 00",
    over: "0000 256161616161 00",
  },
  {
    name: "Huffman-encoded name",
    limit: { maxNameLength: 3 },
    fits: "0000 2a18c7 00",
    over: "0000 2b18c63f 00",
  },
  {
    name: "value",
    limit: { maxValueLength: 4 },
    fits: "0000 2161 0461616161",
    over: "0000 2161 056161616161",
  },
  {
    name: "Huffman-encoded value",
    limit: { maxValueLength: 3 },
    fits: "0000 2161 8218c7",
    over: "0000 2161 8318c63f",
  },
];
for (const { name, limit, fits, over } of LENGTHS) {
  Deno.test(`QPACKDecoder.decode() refuses a ${name} above its limit`, () => {
    const decoder = makeDecoder(limit);
    assert.equal(decodeNow(decoder, 0, fromHex(fits)).length, 1);
    assert.throws(() => decoder.decode(0, fromHex(over)), (error) => {
      assert(error instanceof FieldSectionTooLargeError, String(error));
      assert.match(
        error.message,
        /^A field (name|value) of at least \d+ bytes exceeds the limit of \d$/,
      );
      return true;
    });
  });
}

Deno.test("QPACKDecoder.decode() leaves the section as it is", () => {
  const section = fromHex("0000 2161 8218c7");
  const copy = section.slice();
  makeDecoder().decode(0, section);
  assert.deepEqual(section, copy);
});
