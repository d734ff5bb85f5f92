import assert from "node:assert/strict";
import fc from "fast-check";
import { CODE_LENGTHS, CODES, EOS } from "../../src/qpack/huffman_code.ts";
import {
  decodeHuffman,
  HUFFMAN_BAD_PADDING,
  HUFFMAN_EOS,
  HUFFMAN_LONG_PADDING,
  HUFFMAN_TOO_LONG,
} from "../../src/qpack/huffman_decode.ts";
import { encodeHuffman, huffmanLength } from "../../src/qpack/huffman_encode.ts";
import { fromHex, toHex } from "./support.ts";

/** Strings of RFC 7541 appendix C.4 and C.6. */
const VECTORS = {
  "www.example.com": "f1e3c2e5f23a6ba0ab90f4ff",
  "no-cache": "a8eb10649cbf",
  "custom-key": "25a849e95ba97d7f",
  "custom-value": "25a849e95bb8e8b4bf",
  "302": "6402",
  "307": "640eff",
  "private": "aec3771a4b",
  "gzip": "9bd9ab",
  "Mon, 21 Oct 2013 20:13:21 GMT": "d07abe941054d444a8200595040b8166e082a62d1bff",
  "https://www.example.com": "9d29ad171863c78f0b97c8e9ae82ae43d3",
  "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1":
    "94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
};

for (const [text, hex] of Object.entries(VECTORS)) {
  Deno.test(`encodeHuffman() writes ${JSON.stringify(text)} as RFC 7541 does`, () => {
    assert.equal(encode(text), hex);
  });

  Deno.test(`decodeHuffman() reads ${JSON.stringify(text)} as RFC 7541 does`, () => {
    assert.equal(decode(fromHex(hex)), text);
  });
}

/** One symbol of each length, from the table of RFC 7541 appendix B. */
const CODE_SAMPLES = [
  { symbol: 97, code: 0x3, length: 5 },
  { symbol: 45, code: 0x16, length: 6 },
  { symbol: 122, code: 0x7b, length: 7 },
  { symbol: 88, code: 0xfc, length: 8 },
  { symbol: 33, code: 0x3f8, length: 10 },
  { symbol: 124, code: 0x7fc, length: 11 },
  { symbol: 62, code: 0xffb, length: 12 },
  { symbol: 0, code: 0x1ff8, length: 13 },
  { symbol: 125, code: 0x3ffd, length: 14 },
  { symbol: 123, code: 0x7ffe, length: 15 },
  { symbol: 92, code: 0x7fff0, length: 19 },
  { symbol: 128, code: 0xfffe6, length: 20 },
  { symbol: 153, code: 0x1fffdc, length: 21 },
  { symbol: 129, code: 0x3fffd2, length: 22 },
  { symbol: 1, code: 0x7fffd8, length: 23 },
  { symbol: 9, code: 0xffffea, length: 24 },
  { symbol: 199, code: 0x1ffffec, length: 25 },
  { symbol: 255, code: 0x3ffffee, length: 26 },
  { symbol: 254, code: 0x7fffff0, length: 27 },
  { symbol: 249, code: 0xffffffe, length: 28 },
  { symbol: 22, code: 0x3ffffffe, length: 30 },
  { symbol: EOS, code: 0x3fffffff, length: 30 },
];

Deno.test("CODES and CODE_LENGTHS are those of RFC 7541 appendix B", () => {
  for (const { symbol, code, length } of CODE_SAMPLES) {
    assert.equal(CODES[symbol], code, `code of ${symbol}`);
    assert.equal(CODE_LENGTHS[symbol], length, `length of ${symbol}`);
  }
  // A complete prefix code: any wrong length would break the sum.
  assert.equal(CODE_LENGTHS.reduce((sum, length) => sum + 2 ** -length, 0), 1);
});

Deno.test("decodeHuffman() reads every pair of bytes that encodeHuffman() wrote", () => {
  for (let first = 0; first < 256; first++) {
    for (let second = 0; second < 256; second++) {
      const text = String.fromCharCode(first, second);
      assert.equal(decode(fromHex(encode(text))), text);
    }
  }
});

Deno.test("decodeHuffman() reads what encodeHuffman() wrote, and agrees with a decoder bit by bit", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    const text = String.fromCharCode(...bytes);
    const encoded = fromHex(encode(text));
    assert.equal(encoded.length, huffmanLength(text));
    assert.equal(decode(encoded), text);
    assert.equal(decodeBitByBit(encoded), text);
  }));
});

Deno.test("decodeHuffman() accepts and refuses the same bytes as a decoder bit by bit", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 12 }), fc.nat({ max: 12 }), (bytes, ones) => {
      // Random bytes alone hardly ever end in a padding that counts.
      const encoded = Uint8Array.from([...bytes, ...new Array(ones % 5).fill(0xff)]);
      const decoded = decode(encoded);
      assert.equal(typeof decoded === "string" ? decoded : null, decodeBitByBit(encoded));
    }),
    { numRuns: 2000 },
  );
});

const REFUSED = [
  { name: "padding of 8 bits", hex: "1fff", reason: HUFFMAN_LONG_PADDING },
  { name: "padding of 8 bits and nothing else", hex: "ff", reason: HUFFMAN_LONG_PADDING },
  { name: "padding of 11 bits", hex: "f8ff", reason: HUFFMAN_LONG_PADDING },
  { name: "padding with zeros", hex: "18", reason: HUFFMAN_BAD_PADDING },
  { name: "padding with ones and a zero", hex: "1e", reason: HUFFMAN_BAD_PADDING },
  { name: "EOS", hex: "ffffffff", reason: HUFFMAN_EOS },
  { name: "EOS behind a symbol", hex: "1fffffffff", reason: HUFFMAN_EOS },
  {
    name: "an end inside a symbol of 30 bits",
    hex: "fffffffc".slice(0, 6),
    reason: HUFFMAN_LONG_PADDING,
  },
];
for (const { name, hex, reason } of REFUSED) {
  Deno.test(`decodeHuffman() refuses ${name}`, () => {
    assert.equal(decode(fromHex(hex)), reason);
    assert.equal(decodeBitByBit(fromHex(hex)), null);
  });
}

Deno.test("decodeHuffman() stops at the limit, wherever the text is too long", () => {
  for (const text of ["aaaaaaaa", "aaa\x00\x00", "zz\\\\", "0123456789", "\xff"]) {
    const encoded = fromHex(encode(text));
    for (let limit = 0; limit < text.length; limit++) {
      const target = new Uint8Array(limit);
      assert.equal(decodeHuffman(encoded, 0, encoded.length, target, limit), HUFFMAN_TOO_LONG);
    }
    assert.equal(decode(encoded), text);
  }
});

Deno.test("decodeHuffman() reads from the middle of its bytes only", () => {
  const bytes = fromHex(`00${encode("gzip")}00`);
  const target = new Uint8Array(8);
  assert.equal(decodeHuffman(bytes, 1, bytes.length - 1, target, 8), 4);
  assert.equal(new TextDecoder().decode(target.subarray(0, 4)), "gzip");
});

Deno.test("huffmanLength() is NaN for text beyond latin-1", () => {
  assert(Number.isNaN(huffmanLength("\u0100")));
  assert.equal(huffmanLength(""), 0);
});

function encode(text: string): string {
  const target = new Uint8Array(huffmanLength(text));
  assert.equal(encodeHuffman(target, 0, text), target.length);
  return toHex(target)!;
}

/** The text, or the number of the problem. */
function decode(encoded: Uint8Array): string | number {
  const target = new Uint8Array(encoded.length * 2 + 1);
  const length = decodeHuffman(encoded, 0, encoded.length, target, target.length);
  return length < 0 ? length : String.fromCharCode(...target.subarray(0, length));
}

const SYMBOLS = new Map(
  Array.from(
    CODES,
    (code, symbol) => [code.toString(2).padStart(CODE_LENGTHS[symbol]!, "0"), symbol],
  ),
);

/** The slow and obvious way; `null` when the bytes are refused. */
function decodeBitByBit(encoded: Uint8Array): string | null {
  let text = "";
  let code = "";
  for (const bit of [...encoded].map((byte) => byte.toString(2).padStart(8, "0")).join("")) {
    code += bit;
    const symbol = SYMBOLS.get(code);
    if (symbol === EOS) return null;
    if (symbol === undefined) continue;
    text += String.fromCharCode(symbol);
    code = "";
  }
  return code.length > 7 || code.includes("0") ? null : text;
}
