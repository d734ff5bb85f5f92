import assert from "node:assert/strict";
import { GatheredBytes } from "../../src/websocket/gathered_bytes.ts";

const ROWS: readonly {
  name: string;
  parts: number;
  size: number;
  more: number;
  capacity: number;
}[] = [
  { name: "little for what is only announced", parts: 1, size: 1, more: 1e9, capacity: 4096 },
  { name: "no more than is to come", parts: 1, size: 100, more: 28, capacity: 128 },
  {
    name: "twice what came when nobody knows",
    parts: 1,
    size: 5000,
    more: Infinity,
    capacity: 10_000,
  },
  { name: "seldom for many parts", parts: 5000, size: 1, more: Infinity, capacity: 8194 },
  { name: "nothing in advance for the last part", parts: 1, size: 5000, more: 0, capacity: 5000 },
];
for (const { name, parts, size, more, capacity } of ROWS) {
  Deno.test(`GatheredBytes sets aside ${name}`, () => {
    const bytes = new GatheredBytes();
    for (let count = 0; count < parts; count++) {
      bytes.append(new Uint8Array(size).fill(count), more);
    }
    const taken = bytes.take();
    assert.equal(taken.length, parts * size);
    assert.ok(taken.every((byte, at) => byte === (Math.floor(at / size) & 0xff)));
    assert.equal(taken.buffer.byteLength, capacity);
    assert.equal(bytes.length, 0);
  });
}
