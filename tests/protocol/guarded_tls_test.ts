import assert from "node:assert/strict";
import type { NativeInfo } from "../../src/protocol/serve_info.ts";
import { CERTIFICATE } from "../_support/certificates.ts";
import { withDeadline } from "../_support/deadline.ts";
import { eventually } from "../_support/waiting.ts";
import { DEADLINE_MS, guarded, type HarnessOptions } from "./guarded_harness.ts";

const tellsVersion: HarnessOptions = {
  tls: true,
  handle: (_request, info: NativeInfo & { httpVersion?: string | null }) =>
    new Response(`hello from ${info.httpVersion}`),
};

for (
  const { version, http } of [
    { version: "2", http: { http1: false, http2: true } },
    { version: "1.1", http: { http1: true, http2: false } },
  ]
) {
  Deno.test(`GuardedListener knows HTTP/${version} by ALPN, whatever Host says`, async () => {
    await guarded(tellsVersion, async (harness) => {
      using client = Deno.createHttpClient({ caCerts: [CERTIFICATE], allowHost: true, ...http });
      for (const headers of [{}, { host: "localhost" }] as Record<string, string>[]) {
        const response = await fetch(harness.url, { client, headers });
        assert.equal(await response.text(), `hello from ${version}`);
      }
      assert.deepEqual(new Set(harness.observed), new Set([version === "2" ? "h2" : "h11"]));
      client.close();
      await harness.empties();
    });
  });
}

Deno.test("GuardedListener takes a TLS handshake that is none for no news", async () => {
  await guarded(tellsVersion, async (harness) => {
    using client = await harness.connect();
    await client.send("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n");
    await withDeadline(client.readToEnd(), "the end", DEADLINE_MS);
    await harness.empties();
    assert.deepEqual(harness.closed, []);
    await answersOthers(harness.url);
  });
});

Deno.test("GuardedListener counts a client that never says hello in TLS until it leaves", async () => {
  const limits = { total: 3, perClient: 100 };
  await guarded({ ...tellsVersion, limits, handshakeMs: 200 }, async (harness) => {
    const silent = [await harness.connect(), await harness.connect()];
    await eventually(() => harness.closed.length > 0, "the report");
    assert.match(harness.closed[0] ?? "", /ssl_handshake_timeout/);
    assert.equal(harness.driver.connections, 2);
    await answersOthers(harness.url);
    for (const client of silent) client.close();
    await harness.empties();
  });
});

Deno.test("GuardedListener ends with clients that never say hello in TLS", async () => {
  await guarded(tellsVersion, async (harness) => {
    using _silent = await harness.connect();
    await eventually(() => harness.driver.connections === 1, "the connection");
    await withDeadline(harness.driver.shutdown(), "the end", DEADLINE_MS);
  });
});

async function answersOthers(url: string): Promise<void> {
  using client = Deno.createHttpClient({ caCerts: [CERTIFICATE] });
  assert.match(await (await fetch(url, { client })).text(), /^hello/);
}
