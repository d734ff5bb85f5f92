import assert from "node:assert/strict";
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import { ZLIB } from "../../src/protocol/deflate_codec.ts";
import { concat } from "../_support/bytes.ts";

const MIB = 1024 * 1024;

const SIZES = [1, 1000, 16_384, 16_385, MIB];
for (const size of SIZES) {
  Deno.test(`ZLIB gives ${size} bytes back, as a plain array that holds no larger one`, () => {
    const data = crypto.getRandomValues(new Uint8Array(Math.min(size, 65_536)));
    const whole = concat(Array.from({ length: Math.ceil(size / 65_536) }, () => data));
    const deflated = ZLIB.deflate(whole, 15);
    assert.deepEqual(deflated.subarray(-4), Uint8Array.of(0, 0, 0xff, 0xff));
    const inflated = ZLIB.inflate(deflated, size)!;
    assert.deepEqual(inflated, whole);
    for (const bytes of [deflated, inflated]) {
      assert.equal(bytes.constructor, Uint8Array, "applications are not to see a Buffer");
      assert.ok(bytes.buffer.byteLength <= 2 * bytes.byteLength);
    }
  });
}

Deno.test("ZLIB.deflate() stays in the window it is given", () => {
  const half = crypto.getRandomValues(new Uint8Array(2048));
  const data = concat([half, half]); // which pays in a window that reaches back so far
  const [small, large] = [ZLIB.deflate(data, 9), ZLIB.deflate(data, 15)];
  assert.ok(large.length < 3000 && small.length > 4000);
  for (const bytes of [small, large]) assert.deepEqual(ZLIB.inflate(bytes, 4096), data);
  // zlib reaches back further in what it has put out at once, so it has to do it piecemeal.
  const options = { windowBits: 9, chunkSize: 64, finishFlush: constants.Z_SYNC_FLUSH };
  assert.deepEqual(new Uint8Array(inflateRawSync(small, options)), data);
  assert.throws(() => inflateRawSync(large, options), /too far back/);
});

Deno.test("ZLIB.inflate() ignores what follows a final block", () => {
  const text = new TextEncoder().encode("Hello");
  const data = concat([deflateRawSync(text), Uint8Array.of(0, 0, 0, 0xff, 0xff)]);
  assert.deepEqual(ZLIB.inflate(data, 5), text);
});

Deno.test("ZLIB.inflate() throws for what is no DEFLATE, and goes on to work", () => {
  for (let i = 0; i < 100; i++) assert.throws(() => ZLIB.inflate(Uint8Array.of(0xff, i), 1000));
  assert.deepEqual(ZLIB.inflate(ZLIB.deflate(new Uint8Array(9), 15), 9), new Uint8Array(9));
});

Deno.test("ZLIB.inflate() of 1 GiB in 1 MiB stops at the limit, in memory, too", () => {
  const piece = ZLIB.deflate(new Uint8Array(16 * MIB), 15);
  const bomb = concat(Array.from({ length: 64 }, () => piece)); // each ends at a byte
  const before = Deno.memoryUsage().rss;
  for (let i = 0; i < 5; i++) assert.equal(ZLIB.inflate(bomb, MIB), null);
  assert.equal(ZLIB.inflate(piece, 16 * MIB - 1), null);
  assert.equal(ZLIB.inflate(piece, 16 * MIB)?.length, 16 * MIB);
  const grown = Deno.memoryUsage().rss - before;
  assert.ok(grown < 256 * MIB, `${grown} bytes were held`);
});
