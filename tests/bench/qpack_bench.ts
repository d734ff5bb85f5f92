/**
 * QPACK on real header lists: `deno bench tests/bench/qpack_bench.ts`.
 *
 * Every case first checks that it does what it measures.
 */

import assert from "node:assert/strict";
import type { FieldList } from "../../src/fields.ts";
import { QPACKDecoder, QPACKEncoder } from "../../src/qpack/mod.ts";
import * as lists from "./header_lists.ts";

const NAMES: readonly (readonly [string, FieldList])[] = [
  ["Chrome request", lists.CHROME_REQUEST],
  ["API request", lists.API_REQUEST],
  ["curl request", lists.CURL_REQUEST],
  ["small response", lists.SMALL_RESPONSE],
  ["API response", lists.API_RESPONSE],
  ["page response", lists.PAGE_RESPONSE],
];

for (const [name, fields] of NAMES) {
  const encoder = makeEncoder();
  const section = encoder.encode(0, fields);
  Deno.bench(`encode ${name}, ${section.length} bytes`, { group: "encode, static" }, () => {
    encoder.encode(0, fields);
  });
}

for (const [name, fields] of NAMES) {
  const { encoder, decoder, stream } = makePair();
  const section = warmUp(encoder, decoder, stream, fields);
  Deno.bench(`encode ${name}, ${section.length} bytes`, { group: "encode, dynamic" }, () => {
    const length = encoder.encode(stream.id, fields).length;
    if (length > section.length) throw new Error("The table is not used");
    encoder.receive(stream.acknowledgment);
  });
}

for (const [name, fields] of NAMES) {
  const decoder = makeDecoder();
  const section = makeEncoder().encode(0, fields);
  assert.deepEqual(decoder.decode(0, section), fields);
  Deno.bench(`decode ${name}`, { group: "decode, static" }, () => {
    decoder.decode(0, section);
  });
}

for (const [name, fields] of NAMES) {
  const { encoder, decoder, stream } = makePair();
  const section = warmUp(encoder, decoder, stream, fields);
  assert.deepEqual(decoder.decode(stream.id, section), fields);
  Deno.bench(`decode ${name}`, { group: "decode, dynamic" }, () => {
    decoder.decode(stream.id, section);
    decoder.take();
  });
}

function makeEncoder(): QPACKEncoder {
  return new QPACKEncoder({ maxTableCapacity: 4096, maxBacklog: 131_072 });
}

function makeDecoder(): QPACKDecoder {
  return new QPACKDecoder({
    maxTableCapacity: 4096,
    maxBlockedStreams: 16,
    maxFieldSectionSize: 65_536,
    maxNameLength: 256,
    maxValueLength: 65_536,
  });
}

function makePair() {
  const encoder = makeEncoder();
  encoder.configure({ maxTableCapacity: 4096, maxBlockedStreams: 16 });
  const stream = { id: 4, acknowledgment: new Uint8Array([0x84]) };
  return { encoder, decoder: makeDecoder(), stream };
}

/** Encodes and decodes until everything worth an entry has one. */
function warmUp(
  encoder: QPACKEncoder,
  decoder: QPACKDecoder,
  stream: { id: number },
  fields: FieldList,
): Uint8Array {
  let section = new Uint8Array();
  for (let round = 0; round < 4; round++) {
    section = encoder.encode(stream.id, fields);
    const instructions = encoder.take();
    if (instructions !== null) decoder.receive(instructions);
    assert.deepEqual(decoder.decode(stream.id, section), fields);
    const reply = decoder.take();
    if (reply !== null) encoder.receive(reply);
  }
  return section;
}
