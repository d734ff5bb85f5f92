/**
 * Sessions of fetch applications on fakes, and checks of the errors they get.
 *
 * @module
 */

import assert from "node:assert/strict";
import { FetchSession } from "../../src/app/webtransport_session.ts";
import { FakeSession } from "../_support/fake_webtransport.ts";

/** A session as the application has it, and the fake below. At its end the session ends. */
export class Opened implements AsyncDisposable {
  readonly fake = new FakeSession();
  readonly session = new FetchSession("");
  /** Settles when the handler's call would. */
  readonly done = this.session.run(this.fake);

  async [Symbol.asyncDispose](): Promise<void> {
    this.fake.end();
    await this.done;
  }
}

/** For `assert.rejects`: the session was lost, or is closed. */
export function lostSession(error: unknown): true {
  assert.ok(error instanceof WebTransportError, String(error));
  assert.deepEqual([error.source, error.streamErrorCode], ["session", null]);
  return true;
}

/** For `assert.rejects`: the client ended a stream with this code. */
export function endedStream(code: number | null): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof WebTransportError, String(error));
    assert.deepEqual([error.source, error.streamErrorCode], ["stream", code]);
    return true;
  };
}

/** Reads a stream to its end, as text. */
export async function textOf(readable: ReadableStream<Uint8Array>): Promise<string> {
  return await new Response(readable as ReadableStream<Uint8Array<ArrayBuffer>>).text();
}

/** The next item of a stream. @throws {Error} When there is none. */
export async function nextOf<T>(readable: ReadableStream<T>): Promise<T> {
  const reader = readable.getReader();
  try {
    const { value, done } = await reader.read();
    assert.ok(!done, "the stream is at its end");
    return value;
  } finally {
    reader.releaseLock();
  }
}
