import assert from "node:assert/strict";
import { InFlight } from "../../src/protocol/in_flight.ts";
import { trackStream } from "../../src/protocol/response_body.ts";

/** A body that notes why it was cancelled. */
function noting(cancelled: unknown[]): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    pull: (controller) => controller.enqueue(new TextEncoder().encode("content")),
    cancel: (reason) => void cancelled.push(reason),
  });
}

class OwnResponse extends Response {
  override get statusText(): string {
    return "OK\r\nx-evil: 1";
  }
}

Deno.test("trackStream() notes a response until its stream is over", async () => {
  const cancelled: unknown[] = [];
  const inFlight = new InFlight();
  const tracked = trackStream(new Response(noting(cancelled)), inFlight, false, null);
  assert.equal(inFlight.requests, 1);
  await tracked.body!.cancel("enough");
  assert.equal(inFlight.requests, 0);
  assert.deepEqual(cancelled, ["enough"]);
});

Deno.test("trackStream() keeps nothing of a response that cannot be made again, and cancels its body", () => {
  const cancelled: unknown[] = [];
  const inFlight = new InFlight();
  const response = new OwnResponse(noting(cancelled));
  assert.throws(() => trackStream(response, inFlight, false, null), TypeError);
  assert.equal(inFlight.requests, 0);
  assert.equal(cancelled.length, 1);
  assert.ok(cancelled[0] instanceof TypeError);
});
