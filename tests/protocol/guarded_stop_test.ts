/** Stopping a guarded listener with everything that can be in progress. */

import assert from "node:assert/strict";
import { CERTIFICATE } from "../_support/certificates.ts";
import { withDeadline } from "../_support/deadline.ts";
import { RawClient } from "../_support/raw_client.ts";
import { pause } from "../_support/waiting.ts";
import { DEADLINE_MS, GET, guarded, type GuardedHarness } from "./guarded_harness.ts";

const UPLOAD = "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 6\r\n\r\nabc";

/** Holds an answer back until it is released. */
class Gate {
  readonly #entered = Promise.withResolvers<void>();
  readonly #open = Promise.withResolvers<void>();

  /** Settles when a request has arrived. */
  get entered(): Promise<void> {
    return withDeadline(this.#entered.promise, "a request", DEADLINE_MS);
  }

  async pass(): Promise<void> {
    this.#entered.resolve();
    await this.#open.promise;
  }

  open(): void {
    this.#open.resolve();
  }
}

Deno.test("GuardedListener.shutdown() ends who has nothing in progress, and nobody new gets in", async () => {
  await guarded({}, async (harness) => {
    using fresh = await harness.connect();
    using half = await harness.connect();
    await half.send("GET / HTTP");
    using idle = await harness.connect();
    await idle.send(GET);
    await idle.readUntil("hello");
    await withDeadline(harness.driver.shutdown(), "the end", DEADLINE_MS);
    assert.equal(await fresh.readToEnd(), "");
    assert.equal(await half.readToEnd(), "");
    assert.match(await idle.readToEnd(), /hello$/);
    await assert.rejects(harness.connect(), Deno.errors.ConnectionRefused);
  });
});

Deno.test("GuardedListener.shutdown() answers what is in progress, then closes", async () => {
  const gate = new Gate();
  const handle = async () => {
    await gate.pass();
    return new Response("late");
  };
  await guarded({ handle }, async (harness) => {
    using client = await harness.connect();
    await client.send(GET);
    await gate.entered;
    const stopped = harness.driver.shutdown();
    await refusesSoon(harness);
    gate.open();
    assert.match(await client.readToEnd(), /connection: close\r\n[^]*late$/);
    await withDeadline(stopped, "the end", DEADLINE_MS);
  });
});

Deno.test("GuardedListener.shutdown() lets an upload come in to its end", async () => {
  const gate = new Gate();
  const handle = async (request: Request) => {
    const reader = request.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = (await reader.read()).value ?? "";
    gate.open();
    await gate.pass();
    for (let next = await reader.read(); !next.done; next = await reader.read()) text += next.value;
    return new Response(`got ${text}`);
  };
  await guarded({ handle }, async (harness) => {
    using client = await harness.connect();
    await client.send(UPLOAD);
    await gate.entered;
    const stopped = harness.driver.shutdown();
    await refusesSoon(harness);
    await client.send("def");
    assert.match(await client.readToEnd(), /got abcdef$/);
    await withDeadline(stopped, "the end", DEADLINE_MS);
  });
});

Deno.test("GuardedListener.shutdown() waits for a stream of events, which its end closes", async () => {
  const events = Promise.withResolvers<ReadableStreamDefaultController<Uint8Array>>();
  const handle = () => new Response(new ReadableStream({ start: events.resolve }));
  await guarded({ handle }, async (harness) => {
    using client = await harness.connect();
    await client.send(GET);
    const controller = await events.promise;
    const stopped = harness.driver.shutdown();
    await refusesSoon(harness);
    await pause(50); // so that the connection is told before its response ends; passes without as well
    controller.enqueue(new TextEncoder().encode("data: last\n\n"));
    controller.close();
    assert.match(await client.readToEnd(), /data: last\n\n\r\n0\r\n\r\n$/);
    await withDeadline(stopped, "the end", DEADLINE_MS);
  });
});

Deno.test("GuardedListener.shutdown() of HTTP/2 answers what is in progress and ends", async () => {
  const gate = new Gate();
  const handle = async (request: Request) => {
    const text = await request.text();
    await gate.pass();
    return new Response(`late ${text}`);
  };
  await guarded({ handle, tls: true }, async (harness) => {
    using http = Deno.createHttpClient({ caCerts: [CERTIFICATE], http1: false });
    const answer = fetch(harness.url, { client: http, method: "POST", body: "abc" });
    await gate.entered;
    const stopped = harness.driver.shutdown();
    await refusesSoon(harness);
    gate.open();
    assert.equal(await (await answer).text(), "late abc");
    await withDeadline(stopped, "the end", DEADLINE_MS);
  });
});

Deno.test("GuardedListener.abort() cuts what shutdown() waits for", async () => {
  const entered = Promise.withResolvers<void>();
  const signals: AbortSignal[] = [];
  const handle = (request: Request) => {
    signals.push(request.signal);
    entered.resolve();
    return new Promise<Response>((resolve) =>
      request.signal.addEventListener("abort", () => resolve(new Response()), { once: true })
    );
  };
  await guarded({ handle }, async (harness) => {
    using client = await harness.connect();
    await client.send(GET);
    await entered.promise;
    const stopped = harness.driver.shutdown();
    await refusesSoon(harness);
    harness.driver.abort();
    assert.equal(await client.readToEnd(), "");
    await withDeadline(stopped, "the end", DEADLINE_MS);
    assert.equal(signals[0]?.aborted, true);
  });
});

Deno.test("GuardedListener.goaway() serves who is connected, and requests that were queued", async () => {
  await guarded({}, async (harness) => {
    using connected = await harness.connect();
    using queued = await harness.connect();
    await queued.send(GET); // not accepted yet: nothing here gave the event loop a turn for it
    harness.driver.goaway();
    assert.match(await queued.readUntil("hello"), /200 OK/);
    await refusesSoon(harness);
    await connected.send(GET);
    assert.match(await connected.readUntil("hello"), /200 OK/);
    await withDeadline(harness.driver.shutdown(), "the end", DEADLINE_MS);
  });
});

/** Waits until nobody new gets in. */
async function refusesSoon({ url }: GuardedHarness): Promise<void> {
  for (;;) {
    const client = await RawClient.connect(url).catch(() => null);
    if (client === null) return;
    client.close();
  }
}
