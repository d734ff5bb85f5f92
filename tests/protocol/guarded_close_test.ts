/** How guarded connections end by themselves: after the last response, for good, and never in the middle of one. */

import assert from "node:assert/strict";
import { CERTIFICATE } from "../_support/certificates.ts";
import { withDeadline } from "../_support/deadline.ts";
import { DEADLINE_MS, GET, guarded, type HarnessOptions } from "./guarded_harness.ts";

const MEBIBYTE = 1024 * 1024;

const close = { connection: "close" };

const RESPONSES: readonly { name: string; response: () => Response; content: number }[] = [
  { name: "text", response: () => new Response("hello", { headers: close }), content: 5 },
  {
    name: "text and several options",
    response: () => new Response("hello", { headers: { Connection: "Keep-Alive, Close" } }),
    content: 5,
  },
  {
    name: "bytes",
    response: () => new Response(new Uint8Array(16 * MEBIBYTE), { headers: close }),
    content: 16 * MEBIBYTE,
  },
  {
    name: "a stream with a length",
    response: () => {
      const headers = { ...close, "content-length": String(16 * MEBIBYTE) };
      return new Response(new Blob([new Uint8Array(16 * MEBIBYTE)]).stream(), { headers });
    },
    content: 16 * MEBIBYTE,
  },
  { name: "204", response: () => new Response(null, { status: 204, headers: close }), content: 0 },
];

for (const { name, response, content } of RESPONSES) {
  Deno.test(`GuardedListener closes after "connection: close" with ${name}, all of it sent`, async () => {
    const options: HarnessOptions = {
      handle: (request) => request.url.endsWith("/last") ? response() : new Response("hello"),
    };
    await guarded(options, async (harness) => {
      using client = await harness.connect();
      await client.send(GET);
      await client.readUntil("hello");
      await client.send("GET /last HTTP/1.1\r\nhost: localhost\r\n\r\n");
      const received = await withDeadline(client.readToEnd(), "the end", DEADLINE_MS);
      const [, , ...rest] = received.split("\r\n\r\n");
      assert.equal(rest.join("\r\n\r\n").length, content);
      await harness.servesOthers();
      await harness.empties();
    });
  });
}

for (
  const { name, options, served } of [
    { name: "maxRequests", options: { maxRequests: 3 }, served: 3 },
    { name: "an idle time of 0", options: { keepAliveMs: 0 }, served: 1 },
  ]
) {
  Deno.test(`GuardedListener with ${name} serves ${served} of ten pipelined requests`, async () => {
    await guarded(options, async (harness) => {
      using client = await harness.connect();
      await client.send(GET.repeat(10));
      const received = await withDeadline(client.readToEnd(), "the end", DEADLINE_MS);
      assert.equal(received.match(/HTTP\/1.1 200 OK/g)?.length, served);
      assert.equal(received.match(/connection: close/g)?.length, 1);
      assert.match(received, /connection: close\r\n[^]*hello$/);
      await harness.servesOthers();
      await harness.empties();
    });
  });
}

for (const options of [{ maxRequests: 3 }, { keepAliveMs: 0 }]) {
  Deno.test(`GuardedListener with ${JSON.stringify(options)} loses no request of HTTP/2`, async () => {
    await guarded({ ...options, tls: true }, async (harness) => {
      const http = Deno.createHttpClient({ caCerts: [CERTIFICATE], http1: false });
      for (let round = 0; round < 10; round++) {
        const response = await fetch(harness.url, { client: http });
        assert.equal(response.headers.get("connection"), null);
        assert.equal(await response.text(), "hello");
      }
      http.close();
      await harness.empties();
    });
  });
}

Deno.test("GuardedListener ends a connection whose client goes away in the middle of a response", async () => {
  const cancelled = Promise.withResolvers<void>();
  const body = () =>
    new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(1024)),
      cancel: () => cancelled.resolve(),
    });
  await guarded({ handle: () => new Response(body()) }, async (harness) => {
    const client = await harness.connect();
    await client.send(GET);
    await client.readUntil("200 OK");
    client.close();
    await withDeadline(cancelled.promise, "cancel()", DEADLINE_MS);
    await harness.empties();
  });
});
