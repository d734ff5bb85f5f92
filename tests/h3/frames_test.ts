import assert from "node:assert/strict";
import fc from "fast-check";
import { H3 } from "../../src/h3/errors.ts";
import {
  decodeIdPayload,
  encodeFrame,
  FRAME,
  frameName,
  type FramePolicy,
  FrameReader,
  isKnownFrameType,
  isReservedFrameType,
} from "../../src/h3/frames.ts";
import { greaseId, isGreaseId } from "../../src/h3/grease.ts";
import { encodeVarints } from "../../src/h3/varint.ts";
import { concat } from "../_support/bytes.ts";
import { assertConnectionError, splits } from "./peer_support.ts";

const GREASE = greaseId(0.9);

/** DATA in parts, HEADERS whole, the rest is skipped. */
const POLICY: FramePolicy = {
  admit: (type) => type === FRAME.DATA ? "parts" : type === FRAME.HEADERS ? "whole" : "skip",
};

interface Row {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Type and payload of the frames, parts of one frame joined. */
  readonly frames: readonly (readonly [type: number, payload: string])[];
}

const ROWS: readonly Row[] = [
  { name: "nothing", bytes: new Uint8Array(0), frames: [] },
  {
    name: "one frame of each treatment",
    bytes: concat([
      encodeFrame(FRAME.HEADERS, text("head")),
      encodeFrame(GREASE, text("ignored")),
      encodeFrame(FRAME.DATA, text("content")),
    ]),
    frames: [[FRAME.HEADERS, "head"], [FRAME.DATA, "content"]],
  },
  {
    name: "frames without payload",
    bytes: concat([
      encodeFrame(FRAME.HEADERS, text("")),
      encodeFrame(GREASE, text("")),
      encodeFrame(FRAME.DATA, text("")),
      encodeFrame(FRAME.HEADERS, text("")),
    ]),
    frames: [[FRAME.HEADERS, ""], [FRAME.DATA, ""], [FRAME.HEADERS, ""]],
  },
  {
    name: "integers in longer forms than needed",
    bytes: concat([
      Uint8Array.fromHex("c000000000000001800000024142"),
      Uint8Array.of(0x00, 0x40, 0x01, 0x43),
    ]),
    frames: [[FRAME.HEADERS, "AB"], [FRAME.DATA, "C"]],
  },
  {
    name: "an unknown type beyond 2^53",
    bytes: concat([
      Uint8Array.fromHex("ffffffffffffffff0301000f"),
      encodeFrame(FRAME.DATA, text("x")),
    ]),
    frames: [[FRAME.DATA, "x"]],
  },
  {
    name: "payloads with lengths of two and four bytes",
    bytes: concat([
      encodeFrame(FRAME.HEADERS, text("h".repeat(70))),
      encodeFrame(FRAME.DATA, text("d".repeat(300))),
      encodeFrame(FRAME.HEADERS, text("t".repeat(64))),
    ]),
    frames: [
      [FRAME.HEADERS, "h".repeat(70)],
      [FRAME.DATA, "d".repeat(300)],
      [FRAME.HEADERS, "t".repeat(64)],
    ],
  },
];

for (const { name, bytes, frames } of ROWS) {
  Deno.test(`FrameReader reads ${name}: whole, byte by byte, cut anywhere`, () => {
    for (const { name, chunks } of splits(bytes)) {
      const reader = new FrameReader(POLICY);
      assert.deepEqual(joined(readChunks(reader, chunks)), frames, name);
      reader.finish();
    }
  });

  Deno.test(`FrameReader reads ${name} that was all queued before it is asked`, () => {
    const reader = new FrameReader(POLICY);
    for (const byte of bytes) reader.receive(Uint8Array.of(byte));
    assert.equal(reader.pending, bytes.length > 0);
    assert.deepEqual(joined(readAll(reader)), frames);
    assert.equal(reader.pending, false);
  });
}

const COMPLETE = concat([
  encodeFrame(FRAME.HEADERS, text("abc")),
  encodeFrame(FRAME.DATA, text("defg")),
  encodeFrame(GREASE, text("hi")),
]);
const BOUNDARIES = new Set([0, 5, 11, COMPLETE.length]);

Deno.test("FrameReader refuses FIN inside a frame with H3_FRAME_ERROR, at any byte (RFC 9114 §7.1)", () => {
  for (let end = 0; end <= COMPLETE.length; end++) {
    const reader = new FrameReader(POLICY);
    readChunks(reader, [COMPLETE.slice(0, end)]);
    const between = BOUNDARIES.has(end);
    assert.equal(reader.inside, !between, `after ${end} bytes`);
    if (between) reader.finish();
    else assertConnectionError(() => reader.finish(), H3.FRAME_ERROR, `after ${end} bytes`);
  }
});

Deno.test("FrameReader passes on views of the input where a payload came in one piece", () => {
  const bytes = concat([
    encodeFrame(FRAME.HEADERS, text("abc")),
    encodeFrame(FRAME.DATA, text("d")),
  ]);
  const reader = new FrameReader(POLICY);
  const frames = readChunks(reader, [bytes]);
  assert.deepEqual(frames.map(({ payload }) => payload.buffer === bytes.buffer), [true, true]);
});

Deno.test("FrameReader passes on the parts of DATA as they come, without copying", () => {
  const [header, first, second] = [Uint8Array.of(0x00, 0x04), text("ab"), text("cd")];
  const frames = readChunks(new FrameReader(POLICY), [header, first, second]);
  assert.deepEqual(frames.map(({ payload }) => payload), [first, second]);
  assert.deepEqual(frames.map(({ payload }) => payload.buffer), [first.buffer, second.buffer]);
});

Deno.test("FrameReader holds no memory for a length alone", () => {
  const reader = new FrameReader({ admit: () => "whole" });
  // 2^53 - 1 bytes are announced; allocating them would throw.
  assert.equal(
    readChunks(reader, [Uint8Array.fromHex("01c01fffffffffffff"), text("abc")]).length,
    0,
  );
  assertConnectionError(() => reader.finish(), H3.FRAME_ERROR);
});

Deno.test("FrameReader asks its policy once, before the payload came, and passes its error on", () => {
  const asked: number[][] = [];
  const error = new Error("Not here");
  const reader = new FrameReader({
    admit(type, length) {
      asked.push([type, length]);
      if (type === FRAME.SETTINGS) throw error;
      return "whole";
    },
  });
  for (const byte of encodeFrame(FRAME.HEADERS, text("abc"))) {
    readChunks(reader, [Uint8Array.of(byte)]);
  }
  assert.throws(() => readChunks(reader, [Uint8Array.of(FRAME.SETTINGS, 0x05)]), error);
  assert.deepEqual(asked, [[FRAME.HEADERS, 3], [FRAME.SETTINGS, 5]]);
});

for (const type of [0x02, 0x06, 0x08, 0x09]) {
  Deno.test(`FrameReader refuses type 0x0${type}, reserved by HTTP/2, with H3_FRAME_UNEXPECTED (RFC 9114 §7.2.8)`, () => {
    assert.ok(isReservedFrameType(type));
    for (const { name, chunks } of splits(encodeFrame(type, text("x")))) {
      const reader = new FrameReader(POLICY);
      assertConnectionError(() => readChunks(reader, chunks), H3.FRAME_UNEXPECTED, name);
    }
  });
}

const ID_PAYLOADS: readonly [hex: string, id: number | null][] = [
  ["00", 0],
  ["4040", 64],
  ["c000000000000004", 4],
  ["fffffffffffffffc", Number.MAX_SAFE_INTEGER],
  ["", null],
  ["40", null],
  ["0000", null],
  ["404000", null],
  ["c00000000000", null],
];
for (const [hex, id] of ID_PAYLOADS) {
  const outcome = id === null ? "refuses with H3_FRAME_ERROR" : `reads ${id} from`;
  Deno.test(`decodeIdPayload() ${outcome} the payload "${hex}" (RFC 9114 §7.1)`, () => {
    const decode = () => decodeIdPayload({ type: FRAME.GOAWAY, payload: Uint8Array.fromHex(hex) });
    if (id === null) assertConnectionError(decode, H3.FRAME_ERROR);
    else assert.equal(decode(), id);
  });
}

Deno.test("frameName() and isKnownFrameType() know the types we handle, no others", () => {
  for (const [name, type] of Object.entries(FRAME)) {
    assert.equal(frameName(type), name);
    assert.ok(isKnownFrameType(type));
  }
  assert.equal(frameName(0x21), "0x21");
  assert.ok(!isKnownFrameType(0x21));
});

Deno.test("greaseId() gives reserved identifiers of at most 4 bytes, which are no known types", () => {
  for (const random of [0, 0.25, 0.5, 1 - Number.EPSILON]) {
    const id = greaseId(random);
    assert.ok(isGreaseId(id) && !isKnownFrameType(id) && !isReservedFrameType(id), String(id));
    assert.ok(encodeVarints(id).length <= 4);
  }
  assert.deepEqual([0x21, 0x40, 0x5f].map(isGreaseId), [true, true, true]);
  assert.deepEqual([0x00, 0x02, 0x22, 0x3f].map(isGreaseId), [false, false, false, false]);
});

const SAFE_TYPES = fc.oneof(
  fc.constantFrom(FRAME.DATA, FRAME.HEADERS, FRAME.SETTINGS),
  fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }).map(greaseId),
);
const FRAMES = fc.array(fc.tuple(SAFE_TYPES, fc.uint8Array({ maxLength: 200 })));

Deno.test("property: FrameReader reads what encodeFrame() wrote, however it is split", () => {
  fc.assert(fc.property(FRAMES, fc.array(fc.nat(1000)), (frames, cuts) => {
    const bytes = concat(frames.map(([type, payload]) => encodeFrame(type, payload)));
    const reader = new FrameReader({ admit: () => "whole" });
    const read = readChunks(reader, cutAt(bytes, cuts));
    assert.deepEqual(
      read.map(({ type, payload }) => [type, payload.toHex()]),
      frames.map(([type, payload]) => [type, payload.toHex()]),
    );
    reader.finish();
  }));
});

Deno.test("property: FrameReader makes of random bytes the same frames or the same error, however split", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), fc.array(fc.nat(64)), (bytes, cuts) => {
    assert.deepEqual(outcome(cutAt(bytes, cuts)), outcome([bytes]));
  }));
});

/** What comes of chunks: frames as text, and the code of the error if there is one. */
function outcome(chunks: readonly Uint8Array[]): unknown {
  const reader = new FrameReader(POLICY);
  const frames: { type: number; payload: Uint8Array }[] = [];
  try {
    for (const chunk of chunks) {
      reader.receive(chunk);
      for (let frame = reader.next(); frame !== null; frame = reader.next()) frames.push(frame);
    }
    reader.finish();
    return joined(frames);
  } catch (error) {
    assertConnectionError(() => {
      throw error;
    }, (error as { code: number }).code);
    return [joined(frames), (error as { code: number }).code];
  }
}

function cutAt(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const points = [
    0,
    ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b),
    bytes.length,
  ];
  return points.slice(1).map((end, index) => bytes.slice(points[index]!, end));
}

function readChunks(
  reader: FrameReader,
  chunks: readonly Uint8Array[],
): { type: number; payload: Uint8Array }[] {
  return chunks.flatMap((chunk) => {
    reader.receive(chunk);
    return readAll(reader);
  });
}

function readAll(reader: FrameReader): { type: number; payload: Uint8Array }[] {
  const frames = [];
  for (let frame = reader.next(); frame !== null; frame = reader.next()) frames.push(frame);
  return frames;
}

/** Frames as text; DATA parts of one run are joined, for their number depends on the split. */
function joined(
  frames: readonly { type: number; payload: Uint8Array }[],
): [type: number, payload: string][] {
  const result: [number, string][] = [];
  for (const { type, payload } of frames) {
    const last = result.at(-1);
    const text = Array.from(payload, (byte) => String.fromCharCode(byte)).join("");
    if (type === FRAME.DATA && last?.[0] === FRAME.DATA) last[1] += text;
    else result.push([type, text]);
  }
  return result;
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}
