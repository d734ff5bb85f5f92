import assert from "node:assert/strict";
import type { FieldList } from "../../src/fields.ts";
import { readTrailers } from "../../src/h3/trailers.ts";
import { assertMalformed } from "./request_support.ts";

Deno.test("readTrailers() passes on what is allowed, without copying", () => {
  const lines: FieldList = [["x-checksum", "abc"], ["x-checksum", "def"], ["server-timing", ""]];
  assert.equal(readTrailers(lines), lines);
  assert.deepEqual(readTrailers([]), []);
});

const DROPPED = [
  "authorization",
  "cache-control",
  "content-encoding",
  "content-length",
  "content-range",
  "content-type",
  "cookie",
  "expect",
  "forwarded",
  "host",
  "if-match",
  "if-none-match",
  "max-forwards",
  "pragma",
  "proxy-authorization",
  "range",
  "trailer",
];

for (const name of DROPPED) {
  Deno.test(`readTrailers() drops "${name}", which must be known before the content (RFC 9110 §6.5.1)`, () => {
    assert.deepEqual(readTrailers([["a", "1"], [name, "x"], ["b", "2"]]), [["a", "1"], ["b", "2"]]);
  });
}

const REFUSED: readonly [rule: string, name: string, value: string, message: string][] = [
  [
    "a pseudo-header field of requests (RFC 9114 §4.3)",
    ":path",
    "/",
    `pseudo-header field ":path" is in a trailer section`,
  ],
  [
    "a pseudo-header field of responses (RFC 9114 §4.3)",
    ":status",
    "200",
    `pseudo-header field ":status" is in a trailer section`,
  ],
  [
    "an unknown pseudo-header field (RFC 9114 §4.3)",
    ":x",
    "",
    `pseudo-header field ":x" is in a trailer section`,
  ],
  [
    "a connection-specific field (RFC 9114 §4.2)",
    "transfer-encoding",
    "chunked",
    `field "transfer-encoding" is about one connection and not allowed in HTTP/3`,
  ],
  [
    "te, which is for header sections only (RFC 9114 §4.2)",
    "te",
    "trailers",
    `field "te" is not allowed in a trailer section`,
  ],
  [
    "an upper-case name (RFC 9114 §4.2)",
    "X-Checksum",
    "abc",
    `field name "X-Checksum" must be a token in lower case`,
  ],
  [
    "a value with a line break (RFC 9114 §10.3)",
    "x-checksum",
    "abc\r\nhost: evil",
    `the value of field "x-checksum" must hold no control characters and no white space at its ends`,
  ],
  [
    "a bad value of a field that would be dropped",
    "content-length",
    "5\n",
    `the value of field "content-length" must hold no control characters and no white space at its ends`,
  ],
];

for (const [rule, name, value, message] of REFUSED) {
  Deno.test(`readTrailers() refuses ${rule}`, () => {
    assertMalformed(() => readTrailers([["a", "1"], [name, value]]), message);
  });
}
