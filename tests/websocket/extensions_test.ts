import assert from "node:assert/strict";
import { acceptDeflate, type Extension, parseExtensions } from "../../src/websocket/mod.ts";

const PARSED: readonly (readonly [value: string, extensions: readonly Extension[] | null])[] = [
  ["", []],
  ["a", [{ name: "a", parameters: [] }]],
  ["a;b;c=1", [{ name: "a", parameters: [["b", null], ["c", "1"]] }]],
  ['a ; b = "10" , c', [{ name: "a", parameters: [["b", "10"]] }, { name: "c", parameters: [] }]],
  ['a; b="\\1\\0"', [{ name: "a", parameters: [["b", "10"]] }]],
  ["a; b; b=1", [{ name: "a", parameters: [["b", null], ["b", "1"]] }]],
  [",a,,b,", [{ name: "a", parameters: [] }, { name: "b", parameters: [] }]],
  ["a\t;\tb", [{ name: "a", parameters: [["b", null]] }]],
  ["a b", null],
  ["a;", null],
  [";a", null],
  ["=", null],
  ["a=1", null],
  ["a; b=", null],
  ["a; b=1 2", null],
  ["a; b=c=d", null],
  ['a; b="', null],
  ['a; b="x', null],
  ['a; b=""', null],
  ['a; b="x y"', null],
  ['a; b=","', null],
  ['"a"', null],
  ['a, ","', null],
  ["a; \u00e9", null],
  ["a/b", null],
];
for (const [value, extensions] of PARSED) {
  const outcome = extensions === null ? "refuses" : "reads";
  Deno.test(`parseExtensions() ${outcome} ${JSON.stringify(value)} (RFC 6455 §9.1)`, () => {
    assert.deepEqual(parseExtensions(value), extensions);
  });
}

Deno.test("parseExtensions() takes time in proportion to what it reads", () => {
  for (const unit of [" ", "\t", ",", ";", '"', '\\"', "a;", "a; b=", "a,"]) {
    const value = unit.repeat(100_000);
    const started = performance.now();
    parseExtensions(`a; b="${value}`);
    parseExtensions(value);
    assert.ok(performance.now() - started < 5_000, JSON.stringify(unit));
  }
});

const CONTEXTS = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

const ACCEPTED: readonly (readonly [offer: string, answer: string, windowBits: number])[] = [
  ["permessage-deflate", CONTEXTS, 15],
  ["permessage-deflate; client_max_window_bits", CONTEXTS, 15],
  ["permessage-deflate; client_max_window_bits=8", CONTEXTS, 15],
  ["permessage-deflate; server_no_context_takeover; client_no_context_takeover", CONTEXTS, 15],
  ["permessage-deflate; server_max_window_bits=10", `${CONTEXTS}; server_max_window_bits=10`, 10],
  ['permessage-deflate; server_max_window_bits="15"', `${CONTEXTS}; server_max_window_bits=15`, 15],
  ["x-other, permessage-deflate", CONTEXTS, 15],
  ["permessage-deflate; unknown, permessage-deflate", CONTEXTS, 15],
  ["permessage-deflate; server_max_window_bits=8, permessage-deflate", CONTEXTS, 15],
];
for (const [offer, answer, windowBits] of ACCEPTED) {
  Deno.test(`acceptDeflate() accepts ${offer} (RFC 7692 §7.1)`, () => {
    assert.deepEqual(acceptDeflate(parseExtensions(offer)!), { answer, windowBits });
  });
}

const DECLINED = [
  "",
  "permessage-bzip2",
  "x-webkit-deflate-frame",
  "permessage-deflate; unknown",
  "permessage-deflate; server_no_context_takeover=1",
  "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
  "permessage-deflate; server_max_window_bits",
  "permessage-deflate; server_max_window_bits=7",
  "permessage-deflate; server_max_window_bits=8",
  "permessage-deflate; server_max_window_bits=16",
  "permessage-deflate; server_max_window_bits=010",
  "permessage-deflate; server_max_window_bits=1e1",
  "permessage-deflate; client_max_window_bits=16",
];
for (const offer of DECLINED) {
  Deno.test(`acceptDeflate() declines "${offer}" (RFC 7692 §7.1)`, () => {
    assert.equal(acceptDeflate(parseExtensions(offer)!), null);
  });
}
