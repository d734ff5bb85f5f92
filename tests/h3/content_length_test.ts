import assert from "node:assert/strict";
import fc from "fast-check";
import { checkComplete, checkReceived, parseContentLength } from "../../src/h3/content_length.ts";
import { assertMalformed } from "./request_support.ts";

const VALID: readonly [value: string, length: number][] = [
  ["0", 0],
  ["5", 5],
  ["005", 5],
  ["9007199254740991", Number.MAX_SAFE_INTEGER],
  ["5, 5", 5],
  ["5,5 ,\t5", 5],
];

for (const [value, length] of VALID) {
  Deno.test(`parseContentLength() reads ${JSON.stringify(value)}`, () => {
    assert.equal(parseContentLength(value), length);
  });
}

const INVALID = [
  "",
  " ",
  "+5",
  "-5",
  "5.0",
  "5e1",
  "0x5",
  "5 5",
  "5;5",
  "5, 6",
  "5,",
  ",5",
  "5, 05", // the same number, but not identical: somebody plays tricks
  "9007199254740992",
  "1".repeat(400),
  "\xb2",
];

for (const value of INVALID) {
  Deno.test(`parseContentLength() refuses ${JSON.stringify(value.slice(0, 20))}`, () => {
    const shown = JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
    assertMalformed(
      () => parseContentLength(value),
      `field "content-length" must be one whole number below 2^53, received ${shown}`,
    );
  });
}

Deno.test("parseContentLength() reads every number that is safe", () => {
  fc.assert(fc.property(fc.maxSafeNat(), (length) => {
    assert.equal(parseContentLength(String(length)), length);
  }));
});

Deno.test("checkReceived() refuses the first byte beyond the declared length (RFC 9114 §4.1.2)", () => {
  checkReceived(null, 1_000);
  checkReceived(5, 4);
  checkReceived(5, 5);
  assertMalformed(
    () => checkReceived(5, 6),
    `field "content-length" declares 5 bytes of content, received more`,
  );
  assertMalformed(
    () => checkReceived(0, 1),
    `field "content-length" declares 0 bytes of content, received more`,
  );
});

Deno.test("checkComplete() refuses content shorter than declared (RFC 9114 §4.1.2)", () => {
  checkComplete(null, 0);
  checkComplete(5, 5);
  checkComplete(0, 0);
  assertMalformed(
    () => checkComplete(5, 4),
    `field "content-length" declares 5 bytes of content, received only 4`,
  );
});
