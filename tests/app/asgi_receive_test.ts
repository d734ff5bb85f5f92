import assert from "node:assert/strict";
import { RequestEvents } from "../../src/app/asgi_receive.ts";
import { FakeExchange, type FakeExchangeOptions, settled } from "../_support/fake_exchange.ts";

const DISCONNECT = { type: "http.disconnect" };
const END = { type: "http.request", body: new Uint8Array(0), more_body: false };

function part(text: string) {
  return { type: "http.request", body: new TextEncoder().encode(text), more_body: true };
}

function events(options: FakeExchangeOptions = {}, queueSize = 10) {
  const exchange = new FakeExchange(options);
  return { exchange, events: new RequestEvents(exchange, queueSize) };
}

/** Fails when `promise` has settled by itself. */
async function assertWaiting(promise: Promise<unknown>): Promise<void> {
  const waiting = Symbol("waiting");
  assert.equal(await Promise.race([promise, settled().then(() => waiting)]), waiting);
}

for (
  const { name, content, seen } of [
    { name: "no content is one empty message", content: [], seen: [END] },
    { name: "content ends with a separate empty message", content: ["a"], seen: [part("a"), END] },
    {
      name: "content comes in its pieces",
      content: ["a", "b", "c"],
      seen: [part("a"), part("b"), part("c"), END],
    },
  ]
) {
  Deno.test(`RequestEvents.next(): ${name}`, async () => {
    const { events: receiver } = events({ content });
    for (const event of seen) assert.deepEqual(await receiver.next(), event);
  });
}

Deno.test("RequestEvents.next() gives the disconnect exactly once, then waits for ever", async () => {
  const { exchange, events: receiver } = events();
  await receiver.next();
  const first = receiver.next();
  await assertWaiting(first);
  exchange.disconnect();
  assert.deepEqual(await first, DISCONNECT);
  await assertWaiting(receiver.next());
});

Deno.test("RequestEvents.next() gives every one of several waiting calls its own event", async () => {
  const { exchange, events: receiver } = events({ content: { open: true } });
  const calls = [receiver.next(), receiver.next(), receiver.next()];
  await settled();
  exchange.feed("a");
  exchange.feed("b");
  exchange.endContent();
  assert.deepEqual(await Promise.all(calls), [part("a"), part("b"), END]);
});

Deno.test("RequestEvents.next() gives one of several waiting calls the disconnect", async () => {
  const { exchange, events: receiver } = events();
  await receiver.next();
  const calls = [receiver.next(), receiver.next()];
  exchange.disconnect();
  assert.deepEqual(await Promise.race(calls), DISCONNECT);
  await assertWaiting(Promise.all(calls));
});

Deno.test("RequestEvents.next() gives what was received before the client left during the upload", async () => {
  const { exchange, events: receiver } = events({ content: { open: true } });
  const first = receiver.next();
  await exchange.until("read");
  exchange.feed("a");
  await settled();
  exchange.feed("b");
  await settled();
  exchange.disconnect();
  const seen = [await first, await receiver.next(), await receiver.next()];
  assert.deepEqual(seen, [part("a"), part("b"), DISCONNECT]);
});

Deno.test("RequestEvents.next() gives the disconnect to a client that left before the first call", async () => {
  const { exchange, events: receiver } = events({ content: { open: true } });
  exchange.disconnect();
  assert.deepEqual(await receiver.next(), DISCONNECT);
});

Deno.test("RequestEvents.complete() is the disconnect for a waiting call", async () => {
  for (const content of [[], { open: true }] as const) {
    const { events: receiver } = events({ content });
    if (!("open" in content)) await receiver.next();
    const waiting = receiver.next();
    await assertWaiting(waiting);
    receiver.complete();
    assert.deepEqual(await waiting, DISCONNECT);
    await assertWaiting(receiver.next());
  }
});

Deno.test("RequestEvents.complete() before the first call leaves the content to come first", async () => {
  const { events: receiver } = events({ content: ["a"] });
  receiver.complete();
  const seen = [await receiver.next(), await receiver.next(), await receiver.next()];
  assert.deepEqual(seen, [part("a"), END, DISCONNECT]);
});

Deno.test("RequestEvents reads nothing before the first call", async () => {
  const { exchange } = events({ content: ["a"] });
  await settled();
  assert.deepEqual(exchange.calls, []);
});

for (const queueSize of [1, 3]) {
  Deno.test(`RequestEvents reads at most ${queueSize} pieces ahead`, async () => {
    const { exchange, events: receiver } = events(
      { content: ["a", "b", "c", "d", "e"] },
      queueSize,
    );
    assert.deepEqual(await receiver.next(), part("a"));
    await settled();
    const ahead = exchange.calls.length - 1;
    assert.equal(ahead, queueSize);
    const rest = [];
    for (let count = 0; count < 5; count++) rest.push(await receiver.next());
    assert.deepEqual(rest, [part("b"), part("c"), part("d"), part("e"), END]);
  });
}

Deno.test("RequestEvents.next() throws what a read failed with, if it was no disconnect", async () => {
  const { exchange, events: receiver } = events();
  exchange.read = () => Promise.reject(new RangeError("broken driver"));
  await assert.rejects(receiver.next(), RangeError);
});
