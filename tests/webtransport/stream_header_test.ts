import assert from "node:assert/strict";
import { streamHeader, WEBTRANSPORT_TOKENS } from "../../src/webtransport/mod.ts";

const HEADERS = [
  ["bidirectional", 0, "404100"],
  ["bidirectional", 64, "40414040"],
  ["unidirectional", 4, "405404"],
  ["unidirectional", 0x4000_0000, "4054c000000040000000"],
] as const;
for (const [kind, sessionId, hex] of HEADERS) {
  Deno.test(`streamHeader() of a ${kind} stream of session ${sessionId} is ${hex} (§4.2, §4.3)`, () => {
    assert.equal(streamHeader(kind, sessionId).toHex(), hex);
  });
}

Deno.test("WEBTRANSPORT_TOKENS are those of browsers and of the latest draft", () => {
  assert.deepEqual([...WEBTRANSPORT_TOKENS], ["webtransport", "webtransport-h3"]);
});
