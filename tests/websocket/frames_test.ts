import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeFrame, encodeTextFrame, FrameReader, OPCODE } from "../../src/websocket/mod.ts";
import { opcodeName } from "../../src/websocket/frames.ts";
import { applyMask } from "../../src/websocket/mask.ts";
import { concat } from "../_support/bytes.ts";
import { frame, hex } from "./families/case.ts";
import { frameBytes, utf8 } from "./wire.ts";

/** RFC 6455 §5.7. */
const EXAMPLES: readonly (readonly [name: string, bytes: Uint8Array, expected: string])[] = [
  [
    "an unmasked text",
    encodeFrame({ opcode: OPCODE.TEXT, payload: utf8("Hello") }),
    "810548656c6c6f",
  ],
  [
    "a masked text",
    encodeFrame({ opcode: OPCODE.TEXT, payload: utf8("Hello") }, 0x37fa213d),
    "818537fa213d7f9f4d5158",
  ],
  [
    "a first fragment",
    encodeFrame({ opcode: OPCODE.TEXT, payload: utf8("Hel"), fin: false }),
    "010348656c",
  ],
  [
    "a last fragment",
    encodeFrame({ opcode: OPCODE.CONTINUATION, payload: utf8("lo") }),
    "80026c6f",
  ],
  ["a ping", encodeFrame({ opcode: OPCODE.PING, payload: utf8("Hello") }), "890548656c6c6f"],
  [
    "a masked pong",
    encodeFrame({ opcode: OPCODE.PONG, payload: utf8("Hello") }, 0x37fa213d),
    "8a8537fa213d7f9f4d5158",
  ],
  [
    "256 bytes",
    encodeFrame({ opcode: OPCODE.BINARY, payload: new Uint8Array(256) }).subarray(0, 4),
    "827e0100",
  ],
  [
    "64 KiB",
    encodeFrame({ opcode: OPCODE.BINARY, payload: new Uint8Array(65_536) }).subarray(0, 10),
    "827f0000000000010000",
  ],
  [
    "a compressed message (RFC 7692 §7.2.3.1)",
    encodeFrame({ opcode: OPCODE.TEXT, payload: hex("f248cdc9c90700"), compressed: true }),
    "c107f248cdc9c90700",
  ],
];
for (const [name, bytes, expected] of EXAMPLES) {
  Deno.test(`encodeFrame() writes ${name} as RFC 6455 §5.7 has it`, () => {
    assert.equal(bytes.toHex(), expected);
  });
}

/** Lengths at the borders of their forms, and of the scratch space for text. */
const LENGTHS = [0, 1, 125, 126, 127, 5461, 5462, 16_384, 65_535, 65_536, 70_000];

Deno.test("encodeFrame() and encodeTextFrame() write what a client would, at every border", () => {
  for (const length of LENGTHS) {
    for (const masked of [false, true]) {
      const content = "*".repeat(length);
      const key = masked ? hex("37fa213d") : null;
      const mask = masked ? 0x37fa213d : null;
      const expected = frameBytes(frame("text", content, { key }));
      const payload = utf8(content);
      assert.deepEqual(encodeTextFrame(content, mask), expected);
      assert.deepEqual(encodeFrame({ opcode: OPCODE.TEXT, payload }, mask), expected);
      assert.deepEqual(payload, utf8(content), "the payload is left as it is");
    }
  }
});

Deno.test("encodeTextFrame() writes UTF-8, and U+FFFD for half a surrogate pair", () => {
  assert.equal(encodeTextFrame("é€😀").toHex(), "8109c3a9e282acf09f9880");
  assert.equal(encodeTextFrame("a\ud83d").toHex(), "810461efbfbd");
});

Deno.test("property: applyMask() is a byte-wise XOR at every offset, phase and length", () => {
  const inputs = fc.tuple(
    fc.uint8Array({ maxLength: 300 }),
    fc.integer({ min: -(2 ** 31), max: 2 ** 32 - 1 }),
    fc.nat(9),
    fc.nat(9),
  );
  fc.assert(fc.property(inputs, ([data, key, offset, phase]) => {
    const bytes = concat([new Uint8Array(offset), data, new Uint8Array(3)]);
    applyMask(bytes.subarray(offset, offset + data.length), key, phase);
    const expected = data.map((byte, at) => byte ^ key >>> 24 - 8 * ((phase + at) % 4));
    assert.deepEqual(bytes, concat([new Uint8Array(offset), expected, new Uint8Array(3)]));
  }));
});

Deno.test("FrameReader passes payloads on as views of what it received, as they come", () => {
  const reader = new FrameReader({ role: "server", admit: () => {} });
  const bytes = frameBytes(frame("binary", utf8("hello world")));
  const [head, tail] = [bytes.slice(0, 11), bytes.slice(11)];
  reader.receive(head);
  const first = reader.next()!;
  assert.equal(first.payload.buffer, head.buffer);
  assert.deepEqual([new TextDecoder().decode(first.payload), first.remaining], ["hello", 6]);
  assert.equal(reader.next(), null);
  reader.receive(tail);
  const second = reader.next()!;
  assert.deepEqual([new TextDecoder().decode(second.payload), second.remaining], [" world", 0]);
  assert.equal(second.frame, first.frame);
  assert.equal(reader.pending, false);
});

Deno.test("FrameReader asks about a frame once, before its payload came", () => {
  const lengths: number[] = [];
  const reader = new FrameReader({ role: "server", admit: ({ length }) => lengths.push(length) });
  for (const byte of frameBytes(frame("binary", new Uint8Array(200))).subarray(0, 8)) {
    reader.receive(Uint8Array.of(byte));
    assert.equal(reader.next(), null);
  }
  assert.deepEqual(lengths, [200]);
});

Deno.test("opcodeName() names what is known", () => {
  assert.deepEqual([0, 1, 8, 0xa, 3, 0xf].map(opcodeName), [
    "continuation",
    "text",
    "close",
    "pong",
    "0x3",
    "0xf",
  ]);
});
