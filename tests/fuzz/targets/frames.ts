/**
 * What streams of HTTP/3 are made of: integers, frames, capsules, settings, datagrams.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { CapsuleReader, encodeCapsule } from "../../../src/h3/capsule.ts";
import { decodeDatagram, encodeDatagram } from "../../../src/h3/datagram.ts";
import { H3, H3Error } from "../../../src/h3/errors.ts";
import {
  decodeIdPayload,
  encodeFrame,
  FRAME,
  FrameReader,
  isReservedFrameType,
} from "../../../src/h3/frames.ts";
import type { PieceReader, Treatment } from "../../../src/h3/piece_reader.ts";
import { decodeSettings, encodeSettings, type Settings } from "../../../src/h3/settings.ts";
import { decodeVarint, encodeVarints, INCOMPLETE, varintLength } from "../../../src/h3/varint.ts";
import { concat } from "../../_support/bytes.ts";
import { attempt, type Target, target } from "../harness.ts";
import { ANY_BYTES, CUTS, frameBytes, mostly, NUMBER, split, spoilt } from "../inputs.ts";

const varint = target({
  name: "varint",
  invariant: "decodeVarint() agrees with arithmetic on BigInt, at any offset of any bytes",
  outcomes: ["value", "too large for a number", "incomplete"],
  inputs: fc.tuple(fc.oneof(ANY_BYTES, NUMBER.map((n) => encodeVarints(n))), fc.nat(9), fc.nat(20)),
  corpus: [[Uint8Array.of(0xc0, 0x20, 0, 0, 0, 0, 0, 0), 0, 8]],
  check([bytes, offset, end]) {
    end = Math.min(end, bytes.length);
    const value = decodeVarint(bytes, offset, end);
    const length = offset < end ? varintLength(bytes[offset]!) : Infinity;
    if (offset + length > end) return (assert.equal(value, INCOMPLETE), "incomplete");
    let expected = BigInt(bytes[offset]! & 0x3f);
    for (const byte of bytes.subarray(offset + 1, offset + length)) {
      expected = expected << 8n | BigInt(byte);
    }
    if (expected > BigInt(Number.MAX_SAFE_INTEGER)) {
      return (assert.equal(value, Number.MAX_SAFE_INTEGER), "too large for a number");
    }
    assert.equal(BigInt(value), expected);
    assert.equal(decodeVarint(encodeVarints(value), 0), value);
    return "value";
  },
});

/**
 * What came out of a reader in one form for any split: payloads of parts joined, then the error.
 *
 * @param taken Pieces to take after each chunk; the rest is taken at the end.
 */
function readAll(
  reader: PieceReader & { finish(): void },
  chunks: readonly Uint8Array[],
  taken: readonly number[] = [],
): unknown[] {
  const pieces: { type: number; bytes: number[] }[] = [];
  const error = attempt(() => {
    for (const [index, chunk] of chunks.entries()) {
      reader.receive(chunk);
      take(reader, pieces, taken[index] ?? Infinity);
    }
    take(reader, pieces, Infinity);
    reader.finish();
  }, H3Error);
  return error === undefined ? pieces : [...pieces, error.code, error.scope, error.message];
}

function take(
  reader: PieceReader,
  pieces: { type: number; bytes: number[] }[],
  most: number,
): void {
  for (let count = 0; count < most; count++) {
    const piece = reader.next();
    if (piece === null) return;
    const last = pieces.at(-1);
    if (last?.type === FRAME.DATA && piece.type === FRAME.DATA) last.bytes.push(...piece.payload);
    else pieces.push({ type: piece.type, bytes: [...piece.payload] });
  }
}

/** Pieces of any type, most of them whole. */
const PIECES = spoilt(
  fc.array(
    fc.tuple(mostly([0, 1, 4, 7, 0xf0700, 0x21], NUMBER), ANY_BYTES)
      .map(([type, payload]) => frameBytes(type, payload)),
    { maxLength: 4 },
  ).map(concat),
);

function treatmentOf(type: number): Treatment {
  if (type === FRAME.DATA) return "parts";
  return type === FRAME.HEADERS || type === FRAME.SETTINGS ? "whole" : "skip";
}

const frames = target({
  name: "frames",
  invariant:
    "FrameReader gives the same frames and error in any split, however far it is read meanwhile, and throws only H3_FRAME_UNEXPECTED and H3_FRAME_ERROR",
  outcomes: ["frames", "reserved", "truncated"],
  inputs: fc.tuple(PIECES, CUTS, fc.array(fc.nat(2), { maxLength: 6 })),
  // Two chunks waited, one was read to its end, and a fourth one got before the other.
  corpus: [[Uint8Array.of(1, 0, 1, 0, 4, 0, 0, 1, 97), [2, 4, 6], [0, 0, 2, 0]]],
  check([bytes, cuts, taken]) {
    const whole = readAll(new FrameReader({ admit: treatmentOf }), [bytes]);
    const parts = readAll(new FrameReader({ admit: treatmentOf }), split(bytes, cuts), taken);
    assert.deepEqual(parts, whole);
    if (whole.includes(H3.FRAME_UNEXPECTED)) return "reserved";
    if (whole.includes(H3.FRAME_ERROR)) return "truncated";
    assert.ok(whole.every((piece) => typeof piece === "object"), String(whole));
    return "frames";
  },
});

const frameRoundTrip = target({
  name: "frame-encoding",
  invariant: "FrameReader reads what encodeFrame() wrote, whatever type and payload",
  outcomes: ["read", "reserved"],
  inputs: fc.tuple(NUMBER, ANY_BYTES, CUTS),
  check([type, payload, cuts]) {
    const read = readAll(
      new FrameReader({ admit: () => "whole" }),
      split(encodeFrame(type, payload), cuts),
    );
    if (isReservedFrameType(type)) {
      return (assert.ok(read.includes(H3.FRAME_UNEXPECTED)), "reserved");
    }
    assert.deepEqual(read, [{ type, bytes: [...payload] }]);
    return "read";
  },
});

const capsules = target({
  name: "capsules",
  invariant:
    "CapsuleReader gives the same capsules in any split, none larger than asked for, and throws only H3_MESSAGE_ERROR at a truncated end",
  outcomes: ["capsules", "truncated"],
  inputs: fc.tuple(PIECES, CUTS, NUMBER, ANY_BYTES),
  check([bytes, cuts, type, value]) {
    const options = { types: new Set([0x01, type]), maxValueSize: 40 };
    const whole = readAll(new CapsuleReader(options), [bytes]);
    assert.deepEqual(readAll(new CapsuleReader(options), split(bytes, cuts)), whole);
    const one = readAll(new CapsuleReader(options), split(encodeCapsule(type, value), cuts));
    assert.deepEqual(one, value.length > 40 ? [] : [{ type, bytes: [...value] }]);
    if (whole.includes(H3.MESSAGE_ERROR)) return "truncated";
    assert.ok(
      whole.every((piece) => (piece as { bytes?: number[] }).bytes!.length <= 40),
      String(whole),
    );
    return "capsules";
  },
});

const SETTINGS: fc.Arbitrary<Settings> = fc.record({
  maxFieldSectionSize: fc.oneof(NUMBER, fc.constant(Infinity)),
  qpackMaxTableCapacity: NUMBER,
  qpackBlockedStreams: NUMBER,
  enableConnectProtocol: fc.boolean(),
  enableDatagrams: fc.boolean(),
  webTransportSessions: fc.maxSafeNat(),
}).map((it) => ({ ...it, webTransportSessions: it.enableDatagrams ? it.webTransportSessions : 0 }));

const settings = target({
  name: "settings",
  invariant:
    "decodeSettings() throws only H3_FRAME_ERROR and H3_SETTINGS_ERROR, and what it accepts comes through encodeSettings()",
  outcomes: ["settings", "truncated", "refused"],
  inputs: spoilt(fc.oneof(
    SETTINGS.map((settings) => encodeSettings(settings, { id: 0x40, value: 5 })),
    fc.array(fc.tuple(mostly([1, 6, 7, 8, 0x33, 0x21], NUMBER), NUMBER), { maxLength: 6 })
      .map((pairs) => encodeVarints(...pairs.flat())),
  )),
  check(payload) {
    const settings = attempt(() => decodeSettings(payload), H3Error);
    if (settings instanceof H3Error) {
      assert.equal(settings.scope, "connection");
      if (settings.code === H3.FRAME_ERROR) return "truncated";
      return (assert.equal(settings.code, H3.SETTINGS_ERROR), "refused");
    }
    assert.deepEqual(decodeSettings(encodeSettings(settings, null)), settings);
    for (const [id, value] of pairsOf(payload)) {
      assert.ok(id === 1 || id > 5, "reserved by HTTP/2");
      if (id === 0x08 || id === 0x33) assert.ok(value <= 1, "no boolean");
    }
    return "settings";
  },
});

function* pairsOf(payload: Uint8Array): Generator<[id: number, value: number]> {
  for (let offset = 0; offset < payload.length;) {
    const valueAt = offset + varintLength(payload[offset]!);
    yield [decodeVarint(payload, offset), decodeVarint(payload, valueAt)];
    offset = valueAt + varintLength(payload[valueAt]!);
  }
}

const datagrams = target({
  name: "datagrams",
  invariant:
    "decodeDatagram() throws only H3_DATAGRAM_ERROR, and what it accepts comes through encodeDatagram()",
  outcomes: ["datagram", "of no stream", "refused"],
  inputs: fc.oneof(ANY_BYTES, spoilt(NUMBER.map((quarter) => encodeVarints(quarter, 7)))),
  check(bytes) {
    const datagram = attempt(() => decodeDatagram(bytes), H3Error);
    if (datagram instanceof H3Error) {
      return (assert.equal(datagram.code, H3.DATAGRAM_ERROR), "refused");
    }
    const { streamId, payload } = datagram;
    if (streamId === Number.MAX_SAFE_INTEGER) return "of no stream";
    assert.deepEqual(decodeDatagram(encodeDatagram(streamId, payload)), datagram);
    return "datagram";
  },
});

const ids = target({
  name: "id-payload",
  invariant: "decodeIdPayload() accepts exactly one integer, and throws only H3_FRAME_ERROR",
  outcomes: ["id", "refused"],
  inputs: fc.tuple(
    fc.constantFrom(FRAME.GOAWAY, FRAME.MAX_PUSH_ID, FRAME.CANCEL_PUSH),
    fc.oneof(fc.uint8Array({ maxLength: 9 }), NUMBER.map((id) => encodeVarints(id))),
  ),
  check([type, payload]) {
    const id = attempt(() => decodeIdPayload({ type, payload }), H3Error);
    const isOne = payload.length > 0 && varintLength(payload[0]!) === payload.length;
    if (id instanceof H3Error) {
      assert.ok(!isOne && id.code === H3.FRAME_ERROR);
      return "refused";
    }
    assert.ok(isOne);
    return "id";
  },
});

/** The targets of this file. */
export const FRAME_TARGETS: readonly Target[] = [
  varint,
  frames,
  frameRoundTrip,
  capsules,
  settings,
  datagrams,
  ids,
];
