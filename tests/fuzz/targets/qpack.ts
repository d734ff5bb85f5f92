/**
 * QPACK: integers, Huffman code, instructions of both streams, field sections.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { Field, FieldList } from "../../../src/fields.ts";
import { DynamicTable } from "../../../src/qpack/dynamic_table.ts";
import { EncoderInstructions } from "../../../src/qpack/encoder_instructions.ts";
import { decodeHuffman } from "../../../src/qpack/huffman_decode.ts";
import { encodeHuffman, huffmanLength } from "../../../src/qpack/huffman_encode.ts";
import { latin1 } from "../../../src/qpack/latin1.ts";
import {
  FieldSectionTooLargeError,
  QPACK,
  QPACKDecoder,
  QPACKEncoder,
  QPACKError,
} from "../../../src/qpack/mod.ts";
import {
  INCOMPLETE,
  MAX_INTEGER_LENGTH,
  OVERFLOW,
  readInteger,
  writeInteger,
} from "../../../src/qpack/prefix_int.ts";
import { concat } from "../../_support/bytes.ts";
import { attempt, type Target, target } from "../harness.ts";
import { readSection } from "../section_reference.ts";
import { ANY_BYTES, CUTS, LATIN1, mostly, NUMBER, split, spoilt } from "../inputs.ts";

const integers = target({
  name: "prefix-integers",
  invariant:
    "readInteger() agrees with arithmetic on BigInt for any bytes, and reads what writeInteger() wrote",
  outcomes: ["value", "incomplete", "overflow"],
  inputs: fc.tuple(
    fc.integer({ min: 1, max: 8 }),
    fc.oneof(
      fc.array(mostly([0x00, 0x7f, 0x80, 0xff], fc.nat(255)), { maxLength: 12 }),
      NUMBER.map((number) => [...written(number, 5)]),
      fc.array(fc.integer({ min: 0xc0, max: 0xff }), { minLength: 8, maxLength: 12 }),
    ).map((bytes) => Uint8Array.from(bytes)),
    NUMBER,
  ),
  check([prefixBits, bytes, number]) {
    const source = { bytes: written(number, prefixBits), position: 0, end: Infinity };
    source.end = source.bytes.length;
    assert.equal(readInteger(source, prefixBits), number);
    assert.equal(source.position, source.end);
    return checkInteger(bytes, prefixBits);
  },
});

function written(number: number, prefixBits: number): Uint8Array {
  const target = new Uint8Array(MAX_INTEGER_LENGTH);
  return target.slice(0, writeInteger(target, 0, prefixBits, 0, number));
}

/** Reads `bytes` in the way of the RFC, one step after the other, and compares. */
function checkInteger(bytes: Uint8Array, prefixBits: number): string {
  const source = { bytes, position: 0, end: bytes.length };
  const value = readInteger(source, prefixBits);
  const mask = (1 << prefixBits) - 1;
  const isLong = bytes.length > 0 && (bytes[0]! & mask) === mask;
  const last = isLong ? bytes.findIndex((byte, index) => index > 0 && byte < 0x80) : 0;
  if (value === OVERFLOW) {
    assert.ok(isLong && bytes[9]! > 0x3f && bytes.subarray(1, 9).every((byte) => byte >= 0x80));
    return "overflow";
  }
  if (value === INCOMPLETE) {
    assert.ok(bytes.length === 0 || (last < 0 && bytes.length < 11));
    assert.equal(source.position, 0);
    return "incomplete";
  }
  let expected = BigInt(bytes[0]! & mask);
  for (let index = 1; index <= last; index++) {
    expected += BigInt(bytes[index]! & 0x7f) << BigInt(7 * (index - 1));
  }
  assert.equal(source.position, last + 1);
  if (expected > BigInt(Number.MAX_SAFE_INTEGER)) assert.ok(value > Number.MAX_SAFE_INTEGER);
  else assert.equal(BigInt(value), expected);
  return "value";
}

const huffman = target({
  name: "huffman",
  invariant:
    "decodeHuffman() never writes beyond its limit, accepts only the one code that encodeHuffman() has for a text, and reads all of these",
  outcomes: ["text", "refused"],
  inputs: fc.tuple(
    fc.oneof(ANY_BYTES, spoilt(LATIN1.map(huffmanOf)), LATIN1.map(huffmanOf)),
    LATIN1,
    fc.nat(80),
  ),
  check([bytes, text, limit]) {
    const code = huffmanOf(text);
    const room = new Uint8Array(200).fill(0xaa);
    assert.equal(latin1(room, 0, decodeHuffman(code, 0, code.length, room, 100)), text);
    const target = new Uint8Array(200).fill(0xaa);
    const length = decodeHuffman(bytes, 0, bytes.length, target, limit);
    assert.ok(target.subarray(limit + 1).every((byte) => byte === 0xaa));
    if (length < 0) return "refused";
    assert.ok(length <= limit);
    assert.deepEqual(huffmanOf(latin1(target, 0, length)), bytes);
    return "text";
  },
});

function huffmanOf(text: string): Uint8Array {
  const bytes = new Uint8Array(huffmanLength(text));
  assert.equal(encodeHuffman(bytes, 0, text), bytes.length);
  return bytes;
}

const LIMITS = {
  maxTableCapacity: 300,
  maxBlockedStreams: 2,
  maxFieldSectionSize: 400,
  maxNameLength: 20,
  maxValueLength: 200,
};

const FIELDS: fc.Arbitrary<FieldList> = fc.array(
  fc.tuple(
    mostly([":status", "server", "x-a", "cookie"], LATIN1),
    mostly(["200", "a", "x".repeat(60), ""], LATIN1),
  ),
  { maxLength: 5 },
);

/** What an encoder sends for a few responses: instructions, and one section after the other. */
const TRAFFIC = fc.array(FIELDS, { maxLength: 4 }).map((lists) => {
  const encoder = new QPACKEncoder({ maxTableCapacity: 300, maxBacklog: 10_000 });
  encoder.configure({ maxTableCapacity: 300, maxBlockedStreams: 9 });
  const sections = lists.map((list, index) => encoder.encode(4 * index, list));
  return { instructions: encoder.take() ?? new Uint8Array(0), sections };
});

/** First bytes of all kinds of instructions and field lines, so that chance makes more than one of them. */
const KINDS = fc.array(
  fc.constantFrom(0x00, 0x01, 0x02, 0x10, 0x20, 0x3f, 0x41, 0x61, 0x7f, 0x80, 0x81, 0xc0, 0xff),
  { maxLength: 40 },
).map((bytes) => Uint8Array.from(bytes));

/** Capacity 300 and one entry, `a: 1`. */
const START = Uint8Array.of(0x3f, 0x8d, 0x02, 0x41, 0x61, 0x01, 0x31);

const STREAM = fc.oneof(ANY_BYTES, KINDS, spoilt(TRAFFIC.map(({ instructions }) => instructions)));

const encoderStream = target({
  name: "encoder-stream",
  invariant:
    "EncoderInstructions fills the same table in any split, never beyond its capacity, and throws only QPACK_ENCODER_STREAM_ERROR",
  outcomes: ["followed", "refused"],
  inputs: fc.tuple(STREAM, fc.boolean(), CUTS),
  check([bytes, started, cuts]) {
    const stream = started ? concat([START, bytes]) : bytes;
    const whole = followEncoder([stream]);
    assert.deepEqual(followEncoder(split(stream, cuts)), whole);
    assert.deepEqual(followEncoder(Array.from(stream, (byte) => Uint8Array.of(byte))), whole);
    return whole.at(-1) === null ? "followed" : "refused";
  },
});

/** All entries, the insert count and the error. */
function followEncoder(chunks: readonly Uint8Array[]): unknown[] {
  const table = new DynamicTable();
  const instructions = new EncoderInstructions(table, LIMITS);
  const error = attempt(() => {
    for (const chunk of chunks) instructions.receive(chunk);
  }, QPACKError);
  assert.ok(table.size <= table.capacity && table.capacity <= LIMITS.maxTableCapacity);
  const entries: (Field | undefined)[] = [];
  for (let index = table.dropCount; index < table.insertCount; index++) {
    entries.push(table.get(index));
  }
  const sizes = entries.map((entry) => entry![0].length + entry![1].length + 32);
  assert.equal(table.size, sizes.reduce((sum, size) => sum + size, 0));
  if (error) assert.equal(error.code, QPACK.QPACK_ENCODER_STREAM_ERROR);
  return [...entries, table.insertCount, table.capacity, error?.message ?? null];
}

const decoderStream = target({
  name: "decoder-stream",
  invariant:
    "QPACKEncoder makes the same of a decoder stream in any split, throws only QPACK_DECODER_STREAM_ERROR, and its sections stay readable",
  outcomes: ["followed", "refused"],
  inputs: fc.tuple(
    fc.array(FIELDS, { minLength: 1, maxLength: 4 }),
    fc.oneof(
      ANY_BYTES,
      KINDS,
      spoilt(fc.constantFrom(Uint8Array.of(0x80), Uint8Array.of(0x01, 0x84))),
    ),
    CUTS,
  ),
  check([lists, bytes, cuts]) {
    const whole = followDecoder(lists, [bytes]);
    assert.deepEqual(followDecoder(lists, split(bytes, cuts)), whole);
    return whole === null ? "followed" : "refused";
  },
});

/** The error, `null` when there is none and the same lists can be sent again. */
function followDecoder(lists: readonly FieldList[], chunks: readonly Uint8Array[]): string | null {
  const encoder = new QPACKEncoder({ maxTableCapacity: 300, maxBacklog: 10_000 });
  encoder.configure({ maxTableCapacity: 300, maxBlockedStreams: 9 });
  const sections = lists.map((list, index) => encoder.encode(4 * index, list));
  const decoder = new QPACKDecoder({ ...LIMITS, maxBlockedStreams: 9, maxFieldSectionSize: 9_999 });
  decoder.receive(encoder.take() ?? new Uint8Array(0));
  lists.forEach((list, index) =>
    assert.deepEqual(decoder.decode(4 * index, sections[index]!), list)
  );
  const error = attempt(() => {
    for (const chunk of chunks) encoder.receive(chunk);
  }, QPACKError);
  if (error) return (assert.equal(error.code, QPACK.QPACK_DECODER_STREAM_ERROR), error.message);
  // Whatever it was made to believe, our own decoder has everything.
  for (const [index, list] of lists.entries()) {
    const section = encoder.encode(400 + 4 * index, list);
    decoder.receive(encoder.take() ?? new Uint8Array(0));
    assert.deepEqual(decoder.decode(400 + 4 * index, section), list);
  }
  return null;
}

const sections = target({
  name: "field-sections",
  invariant:
    "QPACKDecoder.decode() gives what RFC 9204 says step by step, within all limits, and throws only QPACK_DECOMPRESSION_FAILED and FieldSectionTooLargeError",
  outcomes: ["lines", "waits", "refused", "too large"],
  inputs: fc.tuple(
    TRAFFIC,
    fc.oneof(
      ANY_BYTES,
      KINDS,
      spoilt(TRAFFIC.map(({ sections }) => sections.at(-1) ?? new Uint8Array(0))),
    ),
    fc.boolean(),
  ),
  check([{ instructions }, section, started]) {
    const decoder = new QPACKDecoder(LIMITS);
    const table = new DynamicTable();
    if (started) {
      attempt(() => decoder.receive(instructions), QPACKError);
      attempt(() => new EncoderInstructions(table, LIMITS).receive(instructions), QPACKError);
    }
    const reference = readSection(section, table, LIMITS.maxTableCapacity);
    const lines = attempt(
      () => attempt(() => decoder.decode(0, section), QPACKError),
      FieldSectionTooLargeError,
    );
    decoder.take();
    if (lines === null) {
      assert.deepEqual({ reference, blocked: decoder.blockedStreams }, {
        reference: null,
        blocked: 1,
      });
      return "waits";
    }
    assert.equal(decoder.blockedStreams, 0);
    if (lines instanceof FieldSectionTooLargeError) return "too large";
    if (lines instanceof QPACKError) {
      assert.equal(lines.code, QPACK.QPACK_DECOMPRESSION_FAILED);
      return (assert.equal(reference, "refused"), "refused");
    }
    assert.deepEqual(lines, reference);
    let size = 0;
    for (const [name, value] of lines) size += name.length + value.length + 32;
    assert.ok(size <= LIMITS.maxFieldSectionSize);
    const encoder = new QPACKEncoder({ maxTableCapacity: 0, maxBacklog: 0 });
    assert.deepEqual(new QPACKDecoder(LIMITS).decode(0, encoder.encode(0, lines)), lines);
    return "lines";
  },
});

/** The targets of this file. */
export const QPACK_TARGETS: readonly Target[] = [
  integers,
  huffman,
  encoderStream,
  decoderStream,
  sections,
];
