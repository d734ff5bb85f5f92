/** Responses that are on their way for longer than a guarded connection may be idle. */

import assert from "node:assert/strict";
import { GuardedHarness } from "./guarded_harness.ts";

const CONTENT = "x".repeat(60_000);
const REQUESTS = 300;

/** Milliseconds a connection may be idle, and a client that takes its time does not read. */
const [IDLE_MS, PAUSE_MS] = [500, 1_500];

Deno.test("GuardedListener does not cut a client that takes its time over small responses, many at once", async () => {
  await using harness = await GuardedHarness.start({
    keepAliveMs: IDLE_MS,
    handle: () => new Response(CONTENT),
  });
  const { port } = new URL(harness.url);
  using client = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
  const request = new TextEncoder().encode("GET / HTTP/1.1\r\nhost: a\r\n\r\n".repeat(REQUESTS));
  await client.write(request);
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  let bytes = 0;
  const piece = new Uint8Array(65_536);
  while (bytes < REQUESTS * CONTENT.length) {
    const read = await client.read(piece);
    if (read === null) break;
    bytes += read;
  }
  assert.ok(bytes >= REQUESTS * CONTENT.length, `${bytes} bytes`);
});
