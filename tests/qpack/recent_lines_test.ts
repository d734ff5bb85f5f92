import assert from "node:assert/strict";
import type { Field } from "../../src/fields.ts";
import { RecentLines } from "../../src/qpack/recent_lines.ts";
import { makeDecoder, makeEncoder } from "./support.ts";

/** Lines of requests as a proxy makes them, to a port that differs from connection to connection. */
function linesTo(port: number): Field[] {
  return [
    [":authority", `127.0.0.1:${port}`],
    [":path", "/describe"],
    ["x-latin", "\xe9".repeat(99)],
    ["x-long", "a".repeat(200)],
    ["user-agent", "curl/8.14.1"],
    ["accept", "application/json"],
    ["x-request-source", "edge-7"],
    ["x-tenant", "example"],
    ["x-forwarded-for", "192.0.2.7"],
    ["x-forwarded-proto", "https"],
    ["x-forwarded-host", `www.example:${port}`],
    ["accept-language", "de, en;q=0.5"],
  ];
}

Deno.test("RecentLines knows every line of a request when it comes again, whatever the hashes", () => {
  for (let port = 1; port < 65_536; port++) {
    const recent = new RecentLines();
    const asked = () => linesTo(port).map(([name, value]) => recent.has(name, value));
    assert.ok(asked().every((known) => !known), `port ${port}, first`);
    assert.ok(asked().every((known) => known), `port ${port}, second`);
  }
});

Deno.test("RecentLines forgets what did not come again among many others", () => {
  const recent = new RecentLines();
  recent.has("x", "first");
  for (let i = 0; i < 10_000; i++) recent.has("x", String(i));
  assert.ok(!recent.has("x", "first"));
});

Deno.test("RecentLines knows nearly all of the last 64 lines: hashes spread over the places", () => {
  const recent = new RecentLines();
  for (let i = 0; i < 1_000; i++) recent.has("x", String(i));
  let known = 0;
  for (let i = 999; i >= 936; i--) known += Number(recent.has("x", String(i)));
  assert.ok(known >= 60, `${known} of 64`);
});

Deno.test("QPACKEncoder.encode() refers to every line of a request when it comes for the third time", () => {
  for (let port = 1; port < 65_536; port += 16) {
    const encoder = makeEncoder();
    const decoder = makeDecoder();
    encoder.configure({ maxTableCapacity: 4096, maxBlockedStreams: 16 });
    const fields = linesTo(port);
    let length = Infinity;
    for (let id = 0; id < 12; id += 4) {
      const section = encoder.encode(id, fields);
      length = section.length;
      const instructions = encoder.take();
      if (instructions !== null) decoder.receive(instructions);
      assert.deepEqual(decoder.decode(id, section), fields);
      const acknowledgments = decoder.take();
      if (acknowledgments !== null) encoder.receive(acknowledgments);
    }
    assert.equal(length, 2 + fields.length, `port ${port}: the prefix, and a byte for each line`);
  }
});
