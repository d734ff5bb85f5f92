/** The connection of RFC 9204 appendix B, step by step and byte for byte. */

import assert from "node:assert/strict";
import type { FieldList, QPACKDecoder } from "../../src/qpack/mod.ts";
import { DynamicTable } from "../../src/qpack/dynamic_table.ts";
import { EncoderInstructions } from "../../src/qpack/encoder_instructions.ts";
import {
  assertRefused,
  cuts,
  DECODER_OPTIONS,
  fromHex,
  makeDecoder,
  makeEncoder,
  toHex,
} from "./support.ts";

/** One thing that happens. Instructions and sections come from the encoder, `reply` is the decoder's answer. */
interface Step {
  readonly name: string;
  /** Bytes of the encoder stream. */
  readonly instructions?: string;
  readonly section?: {
    readonly streamId: number;
    readonly hex: string;
    readonly fields: FieldList;
  };
  /** Bytes of the decoder stream. */
  readonly reply: string | null;
  /** The table afterwards: absolute index of its first entry, entries, size. */
  readonly table: { readonly first: number; readonly entries: FieldList; readonly size: number };
}

const AUTHORITY = [":authority", "www.example.com"] as const;
const PATH = [":path", "/sample/path"] as const;
const CUSTOM = ["custom-key", "custom-value"] as const;
const CUSTOM_2 = ["custom-key", "custom-value2"] as const;

const STEPS: readonly Step[] = [
  {
    name: "B.1 Literal Field Line with Name Reference",
    section: {
      streamId: 0,
      hex: "0000 510b 2f69 6e64 6578 2e68 746d 6c",
      fields: [[":path", "/index.html"]],
    },
    reply: null,
    table: { first: 0, entries: [], size: 0 },
  },
  {
    name: "B.2 Dynamic Table",
    instructions:
      "3fbd01 c00f 7777 772e 6578 616d 706c 652e 636f 6d c10c 2f73 616d 706c 652f 7061 7468",
    section: { streamId: 4, hex: "0381 10 11", fields: [AUTHORITY, PATH] },
    reply: "84",
    table: { first: 0, entries: [AUTHORITY, PATH], size: 106 },
  },
  {
    name: "B.3 Speculative Insert",
    instructions: "4a63 7573 746f 6d2d 6b65 790c 6375 7374 6f6d 2d76 616c 7565",
    reply: "01",
    table: { first: 0, entries: [AUTHORITY, PATH, CUSTOM], size: 160 },
  },
  {
    name: "B.4 Duplicate Instruction",
    instructions: "02",
    section: { streamId: 8, hex: "0500 80 c1 81", fields: [AUTHORITY, [":path", "/"], CUSTOM] },
    reply: "88",
    table: { first: 0, entries: [AUTHORITY, PATH, CUSTOM, AUTHORITY], size: 217 },
  },
  {
    name: "B.5 Dynamic Table Insert, Eviction",
    instructions: "810d 6375 7374 6f6d 2d76 616c 7565 32",
    reply: "01",
    table: { first: 1, entries: [PATH, CUSTOM, AUTHORITY, CUSTOM_2], size: 215 },
  },
];

Deno.test("QPACKDecoder follows RFC 9204 appendix B byte for byte", () => {
  const decoder = makeDecoder({ maxTableCapacity: 220 });
  for (const step of STEPS) assert.equal(play(decoder, step), step.reply, step.name);
});

Deno.test("QPACKDecoder follows RFC 9204 appendix B when sections come before their instructions", () => {
  const decoder = makeDecoder({ maxTableCapacity: 220 });
  for (const { section, instructions } of STEPS) {
    if (section === undefined) {
      if (instructions) decoder.receive(fromHex(instructions));
      continue;
    }
    const bytes = fromHex(section.hex);
    const early = decoder.decode(section.streamId, bytes);
    if (early !== null) {
      assert.deepEqual(early, section.fields);
      continue;
    }
    assert.equal(decoder.blockedStreams, 1);
    assert.deepEqual(decoder.receive(fromHex(instructions!)), [section.streamId]);
    assert.equal(decoder.blockedStreams, 0);
    assert.deepEqual(decoder.decode(section.streamId, bytes), section.fields);
  }
});

Deno.test("QPACKDecoder cancels the stream of RFC 9204 appendix B.4 while its instruction is delayed", () => {
  const decoder = makeDecoder({ maxTableCapacity: 220 });
  for (const step of STEPS.slice(0, 3)) play(decoder, step);
  assert.equal(decoder.decode(8, fromHex("0500 80 c1 81")), null);
  decoder.cancel(8);
  assert.equal(toHex(decoder.take()), "48");
  assert.deepEqual(decoder.receive(fromHex("02")), []);
});

for (const [index, step] of STEPS.entries()) {
  if (step.instructions === undefined) continue;
  Deno.test(`EncoderInstructions makes the table of RFC 9204 appendix ${step.name}, however it is cut`, () => {
    const before = STEPS.slice(0, index).map(({ instructions = "" }) => instructions).join("");
    for (const pieces of cuts(fromHex(step.instructions!))) {
      const table = new DynamicTable();
      const instructions = new EncoderInstructions(table, {
        ...DECODER_OPTIONS,
        maxTableCapacity: 220,
      });
      instructions.receive(fromHex(before));
      for (const piece of pieces) instructions.receive(piece);
      const { first, entries, size } = step.table;
      assert.deepEqual([table.dropCount, table.size, table.capacity], [first, size, 220]);
      assert.deepEqual(
        Array.from({ length: table.insertCount - first }, (_, offset) => table.get(first + offset)),
        entries,
      );
    }
  });
}

Deno.test("QPACKEncoder takes the decoder stream of RFC 9204 appendix B: 84, 01, 48", () => {
  const encoder = makeEncoder({ maxTableCapacity: 220 });
  encoder.configure({ maxTableCapacity: 220, maxBlockedStreams: 1 });
  // B.2: the section that needs an entry may block its stream, and no second one.
  assert.equal(toHex(encoder.encode(4, [["server", "a"]])), "028010");
  assert.equal(toHex(encoder.take()), "3fbd01" + "ff1d" + "0161");
  assert.equal(toHex(encoder.encode(6, [["server", "a"]])), "00005f4d" + "0161");
  encoder.receive(fromHex("84"));
  assert.equal(toHex(encoder.encode(6, [["server", "a"]])), "020080");
  // B.3: an insertion without a section of its own, acknowledged by its number. Stream 12 may not block beside 8.
  assert.equal(toHex(encoder.encode(8, [["server", "b"]])), "0380" + "10");
  assert.equal(toHex(encoder.encode(12, [["server", "c"]])), "0000" + "5f4d" + "0163");
  encoder.receive(fromHex("02"));
  assert.equal(toHex(encoder.encode(12, [["server", "c"]])), "0400" + "80");
  // B.4: nothing refers to the entries of stream 8 any more.
  encoder.receive(fromHex("48"));
  assertRefused(() => encoder.receive(fromHex("88")), 0x202, /stream 8/);
});

function play(decoder: QPACKDecoder, { instructions, section }: Step): string | null {
  if (instructions) assert.deepEqual(decoder.receive(fromHex(instructions)), []);
  if (section) {
    assert.deepEqual(decoder.decode(section.streamId, fromHex(section.hex)), section.fields);
  }
  return toHex(decoder.take());
}
