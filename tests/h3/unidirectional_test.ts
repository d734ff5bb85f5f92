import assert from "node:assert/strict";
import fc from "fast-check";
import { H3 } from "../../src/h3/errors.ts";
import { encodeFrame, FRAME } from "../../src/h3/frames.ts";
import { greaseId } from "../../src/h3/grease.ts";
import { ODDITY_BURST, OVERHEAD_ALLOWANCE_BYTES, OVERHEAD_RATIO } from "../../src/h3/limits.ts";
import { STREAM } from "../../src/h3/unidirectional.ts";
import { encodeVarints } from "../../src/h3/varint.ts";
import { concat } from "../_support/bytes.ts";
import {
  assertConnectionError,
  assertOnlyH3Error,
  EMPTY_SETTINGS,
  frame,
  newConnection,
  play,
  splits,
} from "./peer_support.ts";

const GREASE = greaseId(0.5);

/** Set Dynamic Table Capacity 220, then an insertion of a literal name (RFC 9204 §4.3). */
const INSTRUCTIONS = Uint8Array.fromHex(
  "3fbd014a" + hex("custom-key") + "0c" + hex("custom-value"),
);

/** A request whose field section needs that insertion: required insert count 1 (RFC 9204 §4.5.1). */
const BLOCKED_HEAD = encodeFrame(FRAME.HEADERS, Uint8Array.fromHex("0200" + "d1d7500161c1" + "80"));

Deno.test("UnidirectionalStream passes the control stream on, wherever its bytes are cut", () => {
  const bytes = concat([encodeVarints(STREAM.CONTROL), frame(FRAME.SETTINGS, 0x07, 9)]);
  for (const { name, chunks } of splits(bytes)) {
    const events = play(chunks);
    assert.deepEqual(events.map(({ type }) => type), ["settings"], name);
  }
});

Deno.test("UnidirectionalStream reads a stream type in a longer form than needed", () => {
  for (
    const { name, chunks } of splits(
      concat([Uint8Array.fromHex("c000000000000000"), EMPTY_SETTINGS]),
    )
  ) {
    assert.equal(play(chunks).length, 1, name);
  }
});

Deno.test("UnidirectionalStream passes the encoder stream on, which unblocks requests, wherever its bytes are cut", () => {
  for (
    const { name, chunks } of splits(concat([encodeVarints(STREAM.QPACK_ENCODER), INSTRUCTIONS]))
  ) {
    const connection = newConnection();
    const request = connection.request(0);
    request.receive(BLOCKED_HEAD, 0);
    assert.equal(request.next(), null);
    assert.ok(request.blocked, name);
    assert.deepEqual(play(chunks, connection), [{ type: "unblocked", streamId: 0 }], name);
    request.unblock();
    assert.equal(request.next()?.type, "head", name);
  }
});

Deno.test("UnidirectionalStream passes the decoder stream on, wherever its bytes are cut", () => {
  // Insert Count Increment of 0 is refused by the encoder, so it got there (RFC 9204 §4.4.3).
  for (const { name, chunks } of splits(Uint8Array.of(STREAM.QPACK_DECODER, 0x00))) {
    assertConnectionError(() => play(chunks), H3.DECODER_STREAM_ERROR, name);
  }
});

const CRITICAL: readonly [name: string, type: number, start: Uint8Array][] = [
  ["control", STREAM.CONTROL, EMPTY_SETTINGS],
  ["encoder", STREAM.QPACK_ENCODER, new Uint8Array(0)],
  ["decoder", STREAM.QPACK_DECODER, new Uint8Array(0)],
];
for (const [name, type, start] of CRITICAL) {
  const bytes = concat([encodeVarints(type), start]);

  Deno.test(`UnidirectionalStream refuses a second ${name} stream with H3_STREAM_CREATION_ERROR`, () => {
    for (const split of splits(bytes)) {
      const connection = newConnection();
      play([bytes], connection);
      assertConnectionError(
        () => play(split.chunks, connection),
        H3.STREAM_CREATION_ERROR,
        split.name,
      );
    }
  });

  Deno.test(`UnidirectionalStream refuses FIN on the ${name} stream with H3_CLOSED_CRITICAL_STREAM`, () => {
    for (const received of [encodeVarints(type), bytes]) {
      const stream = newConnection().unidirectional(2);
      stream.receive(received, 0);
      assertConnectionError(() => stream.finish(), H3.CLOSED_CRITICAL_STREAM);
    }
  });

  Deno.test(`UnidirectionalStream refuses a reset of the ${name} stream with H3_CLOSED_CRITICAL_STREAM`, () => {
    const stream = newConnection().unidirectional(2);
    stream.receive(bytes, 0);
    assertConnectionError(() => stream.reset(H3.NO_ERROR), H3.CLOSED_CRITICAL_STREAM);
  });

  Deno.test(`UnidirectionalStream keeps the ${name} stream`, () => {
    const stream = newConnection().unidirectional(2);
    stream.receive(bytes, 0);
    assert.equal(stream.discard, false);
  });
}

Deno.test("UnidirectionalStream refuses a push stream of a client with H3_STREAM_CREATION_ERROR (RFC 9114 §6.2.2)", () => {
  for (const { name, chunks } of splits(encodeVarints(STREAM.PUSH, 0))) {
    assertConnectionError(() => play(chunks), H3.STREAM_CREATION_ERROR, name);
    assert.throws(() => play(chunks), /stream 2: only servers push$/);
  }
});

Deno.test("UnidirectionalStream refuses what QPACK refuses, with QPACK's code", () => {
  // Duplicate of an entry that is not there (RFC 9204 §4.3.4).
  const bytes = Uint8Array.of(STREAM.QPACK_ENCODER, 0x00);
  for (const { name, chunks } of splits(bytes)) {
    assertConnectionError(() => play(chunks), H3.ENCODER_STREAM_ERROR, name);
  }
});

for (const [name, type] of [["unknown", 0x54], ["GREASE", GREASE]] as const) {
  Deno.test(`UnidirectionalStream discards a stream of ${name} type: no event, no error, may end in any way (RFC 9114 §6.2)`, () => {
    const connection = newConnection();
    for (const { name, chunks } of splits(encodeVarints(type, 1, 2, 3))) {
      for (const end of ["finish", "reset"] as const) {
        const stream = connection.unidirectional(14);
        assert.equal(stream.discard, false, name);
        for (const chunk of chunks) assert.deepEqual(stream.receive(chunk, 0), []);
        assert.equal(stream.discard, true, name);
        if (end === "finish") stream.finish();
        else stream.reset(0);
      }
    }
  });
}

Deno.test("UnidirectionalStream discards a type beyond 2^53", () => {
  const stream = newConnection().unidirectional(2);
  stream.receive(Uint8Array.fromHex("ffffffffffffffff"), 0);
  assert.equal(stream.discard, true);
});

Deno.test("UnidirectionalStream tolerates a stream that ends or is reset before its type is complete (RFC 9114 §6.2)", () => {
  const connection = newConnection();
  for (const start of ["", "40", "c0000000000000"]) {
    for (const end of ["finish", "reset"] as const) {
      const stream = connection.unidirectional(2);
      stream.receive(Uint8Array.fromHex(start), 0);
      assert.equal(stream.discard, false);
      if (end === "finish") stream.finish();
      else stream.reset(0);
    }
  }
  assert.equal(
    play([concat([encodeVarints(STREAM.CONTROL), EMPTY_SETTINGS])], connection).length,
    1,
  );
});

Deno.test("UnidirectionalStream refuses a flood of unknown streams with H3_EXCESSIVE_LOAD", () => {
  const connection = newConnection();
  const open = () => connection.unidirectional(2).receive(encodeVarints(GREASE), 0);
  for (let count = 0; count < ODDITY_BURST; count++) open();
  assertConnectionError(open, H3.EXCESSIVE_LOAD);
  connection.unidirectional(6).receive(encodeVarints(STREAM.CONTROL), 0);
});

Deno.test("UnidirectionalStream refuses a flood of streams without a type with H3_EXCESSIVE_LOAD", () => {
  const connection = newConnection();
  for (let count = 0; count < ODDITY_BURST; count++) connection.unidirectional(2).finish();
  assertConnectionError(() => connection.unidirectional(2).finish(), H3.EXCESSIVE_LOAD);
  assertConnectionError(() => connection.unidirectional(2).reset(0), H3.EXCESSIVE_LOAD);
});

Deno.test("UnidirectionalStream refuses a flood of bytes that mean nothing with H3_EXCESSIVE_LOAD", () => {
  const connection = newConnection();
  const streams = [encodeVarints(GREASE), concat([encodeVarints(STREAM.CONTROL), EMPTY_SETTINGS])]
    .map((start, index) => {
      const stream = connection.unidirectional(index);
      stream.receive(start, 0);
      return stream;
    });
  streams[1]!.receive(encodeVarints(GREASE, 2 ** 40), 0);
  const half = new Uint8Array(OVERHEAD_RATIO * OVERHEAD_ALLOWANCE_BYTES / 2 - 20);
  for (const stream of streams) stream.receive(half, 0);
  for (const stream of streams) {
    assertConnectionError(() => stream.receive(new Uint8Array(40), 0), H3.EXCESSIVE_LOAD);
  }
});

Deno.test("property: UnidirectionalStream throws nothing but H3Error on random bytes of any type", () => {
  const type = fc.oneof(fc.nat(4), fc.maxSafeNat());
  fc.assert(fc.property(type, fc.uint8Array(), fc.array(fc.nat(100)), (type, bytes, cuts) => {
    const all = concat([encodeVarints(type), bytes]);
    const points = [0, ...cuts.filter((cut) => cut < all.length).sort((a, b) => a - b), all.length];
    const connection = newConnection();
    const stream = connection.unidirectional(2);
    assertOnlyH3Error(() => {
      for (const [index, start] of points.slice(0, -1).entries()) {
        stream.receive(all.slice(start, points[index + 1]), 0);
      }
      stream.finish();
    });
  }));
});

function hex(text: string): string {
  return new TextEncoder().encode(text).toHex();
}
