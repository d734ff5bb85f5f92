/**
 * `deno bench tests/bench/h3_bench.ts`: integers and frames.
 *
 * What is measured is checked first: a benchmark of something wrong is worth nothing.
 *
 * @module
 */

import assert from "node:assert/strict";
import { encodeFrame, FRAME, type FramePolicy, FrameReader } from "../../src/h3/frames.ts";
import { parsePriority } from "../../src/h3/priority.ts";
import { decodeVarint, encodeVarints, varintLength, writeVarint } from "../../src/h3/varint.ts";
import { concat } from "../_support/bytes.ts";

const POLICY: FramePolicy = { admit: (type) => type === FRAME.DATA ? "parts" : "whole" };

for (const value of [37, 15_293, 494_878_333, Number.MAX_SAFE_INTEGER]) {
  const bytes = encodeVarints(value);
  const into = new Uint8Array(8);
  assert.equal(decodeVarint(bytes, 0), value);
  Deno.bench(`decode integer of ${bytes.length} bytes, 100 times`, { group: "decode" }, () => {
    for (let count = 0; count < 100; count++) decodeVarint(bytes, 0);
  });
  Deno.bench(`write integer of ${bytes.length} bytes, 100 times`, { group: "write" }, () => {
    for (let count = 0; count < 100; count++) writeVarint(value, into, 0);
  });
}

const HEADERS = encodeFrame(FRAME.HEADERS, new Uint8Array(100));
const MESSAGE = concat([HEADERS, encodeFrame(FRAME.DATA, new Uint8Array(1000))]);
const CONTENT = encodeFrame(FRAME.DATA, new Uint8Array(64 * 1024));

const STREAMS: readonly [name: string, chunks: readonly Uint8Array[]][] = [
  ["HEADERS of 100 bytes, whole", [HEADERS]],
  ["HEADERS of 100 bytes, cut in the middle", [HEADERS.slice(0, 51), HEADERS.slice(51)]],
  ["HEADERS of 100 bytes, byte by byte", Array.from(HEADERS, (byte) => Uint8Array.of(byte))],
  ["HEADERS and DATA in one chunk", [MESSAGE]],
  ["DATA of 64 KiB in chunks of 1200 bytes", chunksOf(CONTENT, 1200)],
];
for (const [name, chunks] of STREAMS) {
  assert.equal(read(chunks), concat(chunks).length - headerBytes(chunks));
  Deno.bench(`read ${name}`, { group: "frames" }, () => void read(chunks));
}

assert.deepEqual(parsePriority("u=5, i"), { urgency: 5, incremental: true });
Deno.bench("parse priority u=5, i", () => void parsePriority("u=5, i"));

function read(chunks: readonly Uint8Array[]): number {
  const reader = new FrameReader(POLICY);
  let bytes = 0;
  for (const chunk of chunks) {
    reader.receive(chunk);
    for (let frame = reader.next(); frame !== null; frame = reader.next()) {
      bytes += frame.payload.length;
    }
  }
  return bytes;
}

/** Bytes of the frame headers among `chunks`, counted another way than the reader does. */
function headerBytes(chunks: readonly Uint8Array[]): number {
  const bytes = concat(chunks);
  let headers = 0;
  for (let offset = 0; offset < bytes.length;) {
    const start = offset + 1 + varintLength(bytes[offset + 1]!);
    headers += start - offset;
    offset = start + decodeVarint(bytes, offset + 1);
  }
  return headers;
}

function chunksOf(bytes: Uint8Array, size: number): Uint8Array[] {
  const count = Math.ceil(bytes.length / size);
  return Array.from({ length: count }, (_, index) => bytes.slice(index * size, (index + 1) * size));
}
