/**
 * Attacks by field compression.
 *
 * @module
 */

import assert from "node:assert/strict";
import { encodeFrame, encodeVarints, FRAME, STREAM } from "../../src/h3/mod.ts";
import { concat } from "../_support/bytes.ts";
import { SHORT_MS } from "../_support/h3_attack_target.ts";
import { type AttackStream, ENCODER_START, frames, headers } from "../_support/h3_attacker.ts";
import { requestFields } from "../_support/h3_peer.ts";
import { eventually } from "../_support/waiting.ts";
import { type Attack, expectStatus, flood, PIECE } from "./http3_attack.ts";

/** Field lines of GET / without the dynamic table: `:method`, `:scheme`, `:path`, `:authority: a`. */
const GET_LINES = [0xd1, 0xd7, 0xc1, 0x50, 0x01, 0x61];

/** Inserts `a: xxx…` with 4000 bytes of value. */
const LARGE_ENTRY = concat([
  ENCODER_START,
  Uint8Array.of(0x41, 0x61, 0x7f, 0xa1, 0x1e),
  new Uint8Array(4000).fill(0x78),
]);

/** A section that needs the first insert and refers to it `times`. */
function references(times: number): Uint8Array {
  const lines = new Uint8Array(times).fill(0x80);
  return encodeFrame(FRAME.HEADERS, concat([Uint8Array.of(2, 0, ...GET_LINES), lines]));
}

/** A section with `x: aaa…`, Huffman-coded: 5 bits a character. */
function huffman(characters: number): Uint8Array {
  const bytes = characters * 5 / 8;
  const coded = new Uint8Array(bytes);
  for (let i = 0; i < bytes; i++) coded[i] = [0x18, 0xc6, 0x31, 0x8c, 0x63][i % 5]!; // 00011 00011 …
  const prefix = [0, 0, ...GET_LINES, 0x21, 0x78];
  return encodeFrame(
    FRAME.HEADERS,
    concat([Uint8Array.of(...prefix), prefixed(0x80, 7, bytes), coded]),
  );
}

/** An integer with a prefix (RFC 9204 §4.1.1). */
function prefixed(flags: number, bits: number, value: number): Uint8Array {
  const max = 2 ** bits - 1;
  if (value < max) return Uint8Array.of(flags | value);
  const bytes = [flags | max];
  for (value -= max; value >= 128; value = Math.floor(value / 128)) bytes.push(value % 128 + 128);
  return Uint8Array.of(...bytes, value);
}

/** The attacks. */
export const QPACK_ATTACKS: readonly Attack[] = [
  {
    name: "whose field section refers to a large entry ten thousand times",
    code: null,
    async act(attacker) {
      await attacker.control();
      await attacker.unidirectional(LARGE_ENTRY);
      for (let i = 0; i < 20; i++) await expectStatus(attacker, references(10_000), 431);
      await expectStatus(attacker, references(10), 200);
    },
  },
  {
    name: "whose HEADERS frame says that it has a gigabyte",
    code: null,
    async act(attacker) {
      await attacker.control();
      for (let i = 0; i < 20; i++) {
        await expectStatus(attacker, encodeVarints(FRAME.HEADERS, 2 ** 30), 431);
      }
    },
  },
  {
    name: "whose literal says that it has a gigabyte",
    code: null,
    async act(attacker) {
      await attacker.control();
      const value = prefixed(0, 7, 2 ** 30);
      const section = concat([Uint8Array.of(0, 0, ...GET_LINES, 0x21, 0x78), value]);
      await expectStatus(attacker, encodeFrame(FRAME.HEADERS, section), 431);
    },
  },
  {
    name: "whose Huffman code is longer than a field section once it is decoded",
    code: null,
    async act(attacker) {
      await attacker.control();
      await expectStatus(attacker, huffman(40_000), 200);
      for (let i = 0; i < 20; i++) await expectStatus(attacker, huffman(100_000), 431);
    },
  },
  {
    name: "whose encoder stream inserts a value that says it has a gigabyte",
    code: "QPACK_ENCODER_STREAM_ERROR",
    async act(attacker) {
      const insert = concat([Uint8Array.of(0x41, 0x61), prefixed(0, 7, 2 ** 30)]);
      await attacker.unidirectional(concat([ENCODER_START, insert]));
    },
  },
  {
    name: "whose encoder stream inserts for ever, and nothing refers to it",
    code: "H3_EXCESSIVE_LOAD",
    async act(attacker) {
      const stream = await attacker.unidirectional(ENCODER_START);
      await flood(stream, frames(PIECE / 4, () => Uint8Array.of(0x41, 0x61, 0x01, 0x62)));
    },
  },
  {
    name: "whose encoder stream duplicates an entry for ever",
    code: "H3_EXCESSIVE_LOAD",
    async act(attacker) {
      const stream = await attacker.unidirectional(LARGE_ENTRY.subarray(0, 4));
      await stream.send(Uint8Array.of(0x41, 0x61, 0x01, 0x62));
      await flood(stream, new Uint8Array(PIECE));
    },
  },
  {
    name: "of which 17 requests wait for instructions that never come",
    code: "QPACK_DECOMPRESSION_FAILED",
    async act(attacker) {
      await attacker.control();
      for (let i = 0; i < 17; i++) await attacker.bidirectional(references(1));
    },
  },
  {
    name: "of which 16 requests wait for instructions that never come, again and again",
    code: null,
    timeouts: { headMs: SHORT_MS },
    async act(attacker, target) {
      await attacker.control();
      for (let round = 0; round < 2; round++) {
        const waiting: AttackStream[] = [];
        for (let i = 0; i < 16; i++) waiting.push(await attacker.bidirectional(references(1)));
        await expectStatus(attacker, headers(requestFields()), 200);
        for (const stream of waiting) assert.equal((await stream.answer()).status, 408);
        // A stream is blocked until the server has said that it is cancelled (RFC 9204 §2.1.2), after its answer.
        await eventually(() => target.streams <= 1, "the end of all streams but the bystander's");
      }
    },
  },
  {
    name: "whose decoder stream claims more inserts than there were",
    code: "QPACK_DECODER_STREAM_ERROR",
    async act(attacker) {
      await attacker.unidirectional(
        concat([Uint8Array.of(STREAM.QPACK_DECODER), prefixed(0, 6, 2 ** 40)]),
      );
    },
  },
];
