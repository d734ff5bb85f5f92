import assert from "node:assert/strict";
import { DynamicTable, fieldSize } from "../../src/qpack/dynamic_table.ts";
import { EncoderTable } from "../../src/qpack/encoder_table.ts";
import { STATIC_NAMES, STATIC_TABLE } from "../../src/qpack/static_table.ts";

/** Every tenth entry of RFC 9204 appendix A, and both sides of every name that comes twice. */
const SAMPLES: readonly (readonly [index: number, name: string, value: string])[] = [
  [0, ":authority", ""],
  [1, ":path", "/"],
  [10, "last-modified", ""],
  [15, ":method", "CONNECT"],
  [20, ":method", "POST"],
  [24, ":status", "103"],
  [28, ":status", "503"],
  [30, "accept", "application/dns-message"],
  [33, "access-control-allow-headers", "cache-control"],
  [40, "cache-control", "no-store"],
  [50, "content-type", "image/png"],
  [54, "content-type", "text/plain;charset=utf-8"],
  [58, "strict-transport-security", "max-age=31536000; includesubdomains; preload"],
  [60, "vary", "origin"],
  [63, ":status", "100"],
  [70, ":status", "425"],
  [71, ":status", "500"],
  [75, "access-control-allow-headers", "*"],
  [80, "access-control-request-headers", "content-type"],
  [85, "content-security-policy", "script-src 'none'; object-src 'none'; base-uri 'none'"],
  [90, "origin", ""],
  [98, "x-frame-options", "sameorigin"],
];

Deno.test("STATIC_TABLE is that of RFC 9204 appendix A", () => {
  assert.equal(STATIC_TABLE.length, 99);
  for (const [index, name, value] of SAMPLES) assert.deepEqual(STATIC_TABLE[index], [name, value]);
});

Deno.test("STATIC_NAMES leads from every static entry back to its index", () => {
  STATIC_TABLE.forEach(([name, value], index) => {
    const entry = STATIC_NAMES.get(name)!;
    assert.equal(entry.values.get(value), index);
    assert.equal(STATIC_TABLE[entry.index]![0], name);
  });
  assert.equal(STATIC_NAMES.get(":status")!.index, 24);
  assert.equal(STATIC_NAMES.get("x-nobody"), undefined);
});

Deno.test("STATIC_TABLE and dynamic entries are frozen, as connections and sections share them", () => {
  assert(STATIC_TABLE.every((field) => Object.isFrozen(field)));
  const table = new DynamicTable();
  table.setCapacity(100);
  assert(Object.isFrozen(table.get(table.insert("a", "b"))));
});

Deno.test("fieldSize() is name, value and 32 bytes", () => {
  assert.equal(fieldSize("", ""), 32);
  assert.equal(fieldSize("abc", "de"), 37);
});

Deno.test("DynamicTable evicts the oldest entries until a new one has room", () => {
  const table = new DynamicTable();
  table.setCapacity(100);
  assert.equal(table.insert("a", "1"), 0);
  assert.equal(table.insert("b", "2"), 1);
  assert.equal(table.size, 68);
  assert.equal(table.insert("c", "3"), 2);
  assert.deepEqual([table.insertCount, table.dropCount, table.size], [3, 1, 68]);
  assert.equal(table.get(0), undefined);
  assert.deepEqual(table.get(1), ["b", "2"]);
  assert.equal(table.get(3), undefined);
  assert.equal(table.get(-1), undefined);
});

Deno.test("DynamicTable has capacity 0 at first, and is emptied by capacity 0", () => {
  const table = new DynamicTable();
  assert.equal(table.capacity, 0);
  table.setCapacity(64);
  table.insert("", "");
  table.insert("", "");
  table.setCapacity(63);
  assert.deepEqual([table.size, table.dropCount], [32, 1]);
  table.setCapacity(0);
  assert.deepEqual([table.size, table.dropCount, table.insertCount], [0, 2, 2]);
  table.setCapacity(64);
  assert.equal(table.insert("", ""), 2);
});

Deno.test("DynamicTable keeps every entry when it grows and wraps", () => {
  const table = new DynamicTable();
  table.setCapacity(40 * 34);
  for (let count = 0; count < 500; count++) {
    assert.equal(table.insert("n", String(count % 10)), count);
    for (let index = table.dropCount; index < count; index++) {
      assert.deepEqual(table.get(index), ["n", String(index % 10)]);
    }
  }
  assert.equal(table.insertCount - table.dropCount, 40);
});

Deno.test("EncoderTable finds the newest entry, and none that was evicted", () => {
  const table = new EncoderTable();
  table.setCapacity(3 * 34);
  table.insert("a", "1");
  table.insert("a", "2");
  table.insert("a", "1");
  assert.deepEqual([table.find("a", "1"), table.find("a", "2"), table.findName("a")], [2, 1, 2]);
  assert.equal(table.find("a", "3"), -1);
  assert.equal(table.findName("b"), -1);
  table.insert("b", "1");
  table.insert("b", "2");
  assert.deepEqual([table.find("a", "1"), table.find("a", "2"), table.findName("a")], [2, -1, 2]);
  table.insert("b", "3");
  assert.deepEqual([table.find("a", "1"), table.findName("a")], [-1, -1]);
});

Deno.test("EncoderTable has no room while the oldest entry is pinned or not received", () => {
  const table = new EncoderTable();
  table.setCapacity(3 * 34);
  for (const value of ["1", "2", "3"]) table.insert("a", value);
  assert.equal(table.hasRoom(34, 0), false);
  assert.equal(table.hasRoom(34, 1), true);
  assert.equal(table.hasRoom(35, 1), false);
  table.pin(0);
  table.pin(0);
  assert.equal(table.hasRoom(34, 3), false);
  table.unpin(0);
  assert.equal(table.hasRoom(34, 3), false);
  table.unpin(0);
  assert.equal(table.hasRoom(3 * 34, 3), true);
  assert.equal(table.hasRoom(3 * 34 + 1, 3), false);
});

Deno.test("EncoderTable drains a quarter of its capacity, oldest entries first", () => {
  const table = new EncoderTable();
  table.setCapacity(8 * 34);
  for (let count = 0; count < 6; count++) table.insert("a", String(count));
  table.drain();
  assert.equal(table.isDraining(0), false);
  table.insert("a", "6");
  table.drain();
  assert.deepEqual([table.isDraining(0), table.isDraining(1)], [true, false]);
  table.insert("a", "7");
  table.insert("a", "8");
  table.drain();
  assert.deepEqual([table.isDraining(2), table.isDraining(3)], [true, false]);
});
