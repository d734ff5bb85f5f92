import assert from "node:assert/strict";
import { ContentTooLargeError, DisconnectError, type ReadTimeoutError } from "../../src/errors.ts";
import { DeadlineClock } from "../../src/protocol/deadline_clock.ts";
import { isTooLarge, RequestContent } from "../../src/protocol/request_content.ts";

const PIECE = new Uint8Array(10);

function requestOf(body: ReadableStream<Uint8Array<ArrayBuffer>> | null): Request {
  return new Request("http://localhost/", { method: "POST", body, duplex: "half" } as RequestInit);
}

function limits(bodySize: number | null, readMs = 60_000) {
  return { bodySize, readMs, clock: new DeadlineClock() };
}

function noStall(): void {
  assert.fail("nothing stalls");
}

Deno.test("RequestContent passes pieces on, none of them empty, and ends", async () => {
  const pieces = [PIECE, new Uint8Array(0), PIECE];
  const content = new RequestContent(requestOf(ReadableStream.from(pieces)), limits(20), noStall);
  const sizes = [await content.read(), await content.read(), await content.read()];
  assert.deepEqual(sizes.map((piece) => piece?.length), [10, 10, undefined]);
  assert.equal(content.tooLarge, null);
});

Deno.test("RequestContent ends at once where there is none", async () => {
  const content = new RequestContent(requestOf(null), limits(0), noStall);
  assert.equal(await content.read(), null);
});

Deno.test("RequestContent fails for ever beyond max_body_size, and reads no further", async () => {
  let cancelled: unknown;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: (controller) => controller.enqueue(PIECE),
    cancel: (reason) => void (cancelled = reason),
  });
  const content = new RequestContent(requestOf(body), limits(15), noStall);
  assert.equal((await content.read())?.length, 10);
  for (let count = 0; count < 2; count++) {
    const error = await content.read().then(() => null, (error) => error);
    assert.ok(error instanceof ContentTooLargeError);
    assert.equal(error.limit, 15);
    assert.match(error.message, /"max_body_size" \(15 bytes\)/);
    assert.equal(content.tooLarge, error);
    assert.equal(cancelled, error);
  }
});

Deno.test("RequestContent tells of a client that sends nothing, then the reader", async () => {
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (controller) => controller.enqueue(PIECE),
  });
  const stalled: ReadTimeoutError[] = [];
  const content = new RequestContent(
    requestOf(body),
    limits(null, 50),
    (error) => stalled.push(error),
  );
  assert.equal((await content.read())?.length, 10);
  await assert.rejects(content.read(), (error) => error === stalled[0]);
  assert.equal(stalled.length, 1);
  assert.match(stalled[0]!.message, /for 0.05 s \(read_timeout\)/);
  assert.equal(content.tooLarge, null);
});

Deno.test("RequestContent.stop() ends a read that waits", async () => {
  const content = new RequestContent(requestOf(new ReadableStream()), limits(null), noStall);
  const reading = content.read();
  const reason = new DisconnectError();
  content.stop(reason);
  await assert.rejects(reading, (error) => error === reason);
  await assert.rejects(content.read(), (error) => error === reason);
});

Deno.test("isTooLarge() follows causes, and takes anything", () => {
  const excess = new ContentTooLargeError(10);
  const circular = new Error("circular");
  circular.cause = circular;
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  assert.equal(isTooLarge(excess), true);
  assert.equal(
    isTooLarge(new Error("outer", { cause: new Error("inner", { cause: excess }) })),
    true,
  );
  for (const other of [new Error("other"), circular, proxy, null, undefined, "text"]) {
    assert.equal(isTooLarge(other), false);
  }
});
