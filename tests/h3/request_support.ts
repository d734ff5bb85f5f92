/** What the tests of requests share. */

import assert from "node:assert/strict";
import { H3, H3Error } from "../../src/h3/errors.ts";

/** What an {@link H3Error} is expected to be. */
export interface Expected {
  readonly code: number;
  readonly scope: "connection" | "stream";
  readonly status: number | null;
  /** The whole message. */
  readonly message: string;
}

/** Checks that `act` throws exactly the expected error. */
export function assertH3Error(act: () => unknown, expected: Expected): void {
  assert.throws(act, (error) => {
    assert.ok(error instanceof H3Error, String(error));
    const { code, scope, status, message } = error;
    assert.deepEqual({ code, scope, status, message }, expected);
    return true;
  });
}

/** Checks that `act` refuses a malformed request: H3_MESSAGE_ERROR, the stream only, status 400. */
export function assertMalformed(act: () => unknown, why: string): void {
  assertH3Error(act, {
    code: H3.MESSAGE_ERROR,
    scope: "stream",
    status: 400,
    message: `Cannot accept the request: ${why}`,
  });
}
