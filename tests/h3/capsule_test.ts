import assert from "node:assert/strict";
import fc from "fast-check";
import { CAPSULE, CapsuleReader, encodeCapsule } from "../../src/h3/capsule.ts";
import { decodeDatagram, encodeDatagram } from "../../src/h3/datagram.ts";
import { H3, H3Error } from "../../src/h3/errors.ts";
import { encodeVarints } from "../../src/h3/varint.ts";
import { concat } from "../_support/bytes.ts";
import { assertConnectionError, assertOnlyH3Error, splits } from "./peer_support.ts";

const OPTIONS = { types: new Set<number>([CAPSULE.DATAGRAM]), maxValueSize: 8 };

/** Reserved for exercising the requirement to ignore (RFC 9297 §5.4). */
const UNKNOWN = 0x17;

const ROWS: readonly [name: string, bytes: Uint8Array, values: readonly string[]][] = [
  ["nothing", new Uint8Array(0), []],
  ["capsules one after the other", concat([datagram("abc"), datagram(""), datagram("defghijk")]), [
    "abc",
    "",
    "defghijk",
  ]],
  [
    "one after unknown ones",
    concat([
      encodeCapsule(UNKNOWN, new Uint8Array(300)),
      encodeCapsule(0x02, text("x")),
      datagram("abc"),
    ]),
    ["abc"],
  ],
  ["one after another that is too large", concat([datagram("123456789"), datagram("abc")]), [
    "abc",
  ]],
];
for (const [name, bytes, values] of ROWS) {
  Deno.test(`CapsuleReader reads ${name}: whole, byte by byte, cut anywhere (RFC 9297 §3.2)`, () => {
    for (const { name, chunks } of splits(bytes)) {
      const reader = new CapsuleReader(OPTIONS);
      assert.deepEqual(read(reader, chunks), values, name);
      reader.finish();
    }
  });
}

Deno.test("CapsuleReader refuses an end inside a capsule as a malformed message (RFC 9297 §3.3)", () => {
  for (const bytes of [datagram("abc"), encodeCapsule(UNKNOWN, text("abc"))]) {
    for (let end = 1; end < bytes.length; end++) {
      const reader = new CapsuleReader(OPTIONS);
      assert.deepEqual(read(reader, [bytes.slice(0, end)]), []);
      assert.throws(() => reader.finish(), (error) => {
        assert.ok(error instanceof H3Error);
        assert.deepEqual([error.code, error.scope, error.status], [
          H3.MESSAGE_ERROR,
          "stream",
          400,
        ]);
        return true;
      });
    }
  }
});

Deno.test("property: CapsuleReader reads what encodeCapsule() wrote, and nothing it does not want", () => {
  const capsules = fc.array(
    fc.tuple(fc.constantFrom(CAPSULE.DATAGRAM, UNKNOWN), fc.uint8Array({ maxLength: 12 })),
  );
  fc.assert(fc.property(capsules, (list) => {
    const bytes = concat(list.map(([type, value]) => encodeCapsule(type, value)));
    const wanted = list.filter(([type, value]) => type === CAPSULE.DATAGRAM && value.length <= 8);
    const reader = new CapsuleReader(OPTIONS);
    reader.receive(bytes);
    for (const [type, payload] of wanted) assert.deepEqual(reader.next(), { type, payload });
    assert.equal(reader.next(), null);
  }));
});

const DATAGRAMS: readonly [hex: string, streamId: number, payload: string][] = [
  ["00", 0, ""],
  ["0161", 4, "a"],
  ["40406162", 256, "ab"],
  ["c00000000000000161", 4, "a"],
  ["cfffffffffffffff61", Number.MAX_SAFE_INTEGER, "a"],
];
for (const [hex, streamId, payload] of DATAGRAMS) {
  Deno.test(`decodeDatagram() reads ${hex} for stream ${streamId}`, () => {
    assert.deepEqual(decodeDatagram(Uint8Array.fromHex(hex)), { streamId, payload: text(payload) });
  });
}

for (const hex of ["", "40", "c0000000", "d000000000000000", "ffffffffffffffff61"]) {
  Deno.test(`decodeDatagram() refuses "${hex}" with H3_DATAGRAM_ERROR (RFC 9297 §2.1)`, () => {
    assertConnectionError(() => decodeDatagram(Uint8Array.fromHex(hex)), H3.DATAGRAM_ERROR);
  });
}

Deno.test("property: decodeDatagram() reads what encodeDatagram() wrote, and throws only H3Error", () => {
  fc.assert(fc.property(fc.nat(2 ** 30), fc.uint8Array(), (index, payload) => {
    const streamId = index * 4;
    assert.deepEqual(decodeDatagram(encodeDatagram(streamId, payload)), { streamId, payload });
    assertOnlyH3Error(() => decodeDatagram(payload));
  }));
});

Deno.test("encodeDatagram() refuses an id that is no request stream's", () => {
  for (const id of [-4, 1, 2, 3]) {
    assert.throws(() => encodeDatagram(id, new Uint8Array(0)), RangeError);
  }
});

Deno.test("encodeCapsule() writes type, length and value", () => {
  assert.deepEqual(
    encodeCapsule(UNKNOWN, text("ab")),
    concat([encodeVarints(UNKNOWN, 2), text("ab")]),
  );
});

function read(reader: CapsuleReader, chunks: readonly Uint8Array[]): string[] {
  const values: string[] = [];
  for (const chunk of chunks) {
    reader.receive(chunk);
    for (let capsule = reader.next(); capsule !== null; capsule = reader.next()) {
      values.push(new TextDecoder().decode(capsule.payload));
    }
  }
  return values;
}

function datagram(value: string): Uint8Array {
  return encodeCapsule(CAPSULE.DATAGRAM, text(value));
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}
