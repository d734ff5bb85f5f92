/** How guarded connections end that are too old or had all their requests, by version and by what their client does. */

import assert from "node:assert/strict";
import { withDeadline } from "../_support/deadline.ts";
import { WebSocketClient } from "../_support/websocket_client.ts";
import { DEADLINE_MS, GET, guarded, type HarnessOptions } from "./guarded_harness.ts";
import { Http2Client, TYPE } from "./guarded_http2.ts";

const SOON_MS = 400;

const SLOW = "GET /slow HTTP/1.1\r\nhost: localhost\r\n\r\n";

Deno.test("GuardedListener has a busy HTTP/1 connection leave with a response once it is too old", async () => {
  let requests = 0;
  const handle = () => new Response(`hello ${++requests};`);
  await guarded({ maxAgeMs: SOON_MS, handle }, async (harness) => {
    const start = performance.now();
    using client = await harness.connect();
    for (let received = ""; !received.includes("connection: close");) {
      await client.send(GET);
      received = await client.readUntil(`hello ${requests + 1};`);
    }
    assert.ok(performance.now() - start >= SOON_MS);
    assert.match(await withDeadline(client.readToEnd(), "the end", DEADLINE_MS), /;$/);
    await harness.servesOthers();
    await harness.empties();
  });
});

Deno.test("GuardedListener lets a request end that is in progress when its connection is too old", async () => {
  const gate = Promise.withResolvers<void>();
  const handle = async ({ url }: Request) => {
    if (url.endsWith("/slow")) await gate.promise;
    return new Response("hello");
  };
  await guarded({ maxAgeMs: SOON_MS, handle }, async (harness) => {
    using client = await harness.connect();
    await client.send(SLOW);
    using idle = await harness.connect();
    assert.equal(await withDeadline(idle.readToEnd(), "the end of another", DEADLINE_MS), "");
    gate.resolve();
    assert.match(await client.readToEnd(), /connection: close\r\n[^]*hello$/);
    await harness.empties();
  });
});

Deno.test("GuardedListener closes idle connections that are too old", async () => {
  await guarded({ maxAgeMs: SOON_MS }, async (harness) => {
    using fresh = await harness.connect();
    using idle = await harness.connect();
    await idle.send(GET);
    using http2 = await Http2Client.open(harness.url);
    await http2.fetch();
    for (const end of [fresh.readToEnd(), idle.readToEnd(), http2.ended] as Promise<unknown>[]) {
      await withDeadline(end, "the end", DEADLINE_MS);
    }
    assert.ok(!http2.has(TYPE.goaway));
    await harness.empties();
  });
});

for (
  const [why, options] of [
    ["is too old", { maxAgeMs: SOON_MS }],
    ["had all its requests", { maxRequests: 3 }],
    ["may not be idle", { keepAliveMs: 0 }],
  ] as const
) {
  Deno.test(`GuardedListener ends an HTTP/2 connection that ${why} when its client pauses`, async () => {
    await guarded(options, async (harness) => {
      using client = await Http2Client.open(harness.url);
      const start = performance.now();
      for (let i = 0; i < 10 || performance.now() - start < SOON_MS; i++) await client.fetch();
      await client.fetch(); // it is not cut while it asks
      await withDeadline(client.ended, "the end", DEADLINE_MS);
      assert.ok(!client.has(TYPE.goaway));
      await harness.servesOthers();
      await harness.empties();
    });
  });

  for (
    const [name, handle, ask] of [
      ["asks without a pause", undefined, (client: Http2Client) => client.fetch()],
      ["holds a request", holds(), (client: Http2Client) => client.request()],
    ] as const
  ) {
    Deno.test(`GuardedListener sends GOAWAY over an HTTP/2 connection that ${why} and ${name}`, async () => {
      const settings: HarnessOptions = { ...options, graceMs: SOON_MS, ...(handle && { handle }) };
      await guarded(settings, async (harness) => {
        using client = await Http2Client.open(harness.url);
        for (let i = 0; i < 3 || (!handle && !client.has(TYPE.goaway)); i++) await ask(client);
        await withDeadline(client.hears(TYPE.goaway), "GOAWAY", DEADLINE_MS);
      });
    });
  }
}

Deno.test("GuardedListener leaves WebSockets alone that are too old", async () => {
  const sockets = new WeakMap<Request, WebSocket>();
  const handle = (request: Request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onmessage = ({ data }) => socket.send(data);
    sockets.set(request, socket);
    return response;
  };
  const options = { handle, maxAgeMs: SOON_MS, socketOf: sockets.get.bind(sockets) };
  await guarded(options, async (harness) => {
    using client = await WebSocketClient.open(harness.url);
    using idle = await harness.connect();
    await withDeadline(idle.readToEnd(), "the end of another", DEADLINE_MS);
    await client.send("still here");
    assert.equal(await client.message(), "still here");
    assert.equal(harness.driver.connections, 1);
    await client.close(1000);
    await harness.empties();
  });
});

/** Answers no request before the connection ends. */
function holds(): (request: Request) => Promise<Response> {
  return ({ signal }) => {
    const { promise, resolve } = Promise.withResolvers<Response>();
    signal.addEventListener("abort", () => resolve(new Response()), { once: true });
    return promise;
  };
}
