import assert from "node:assert/strict";
import {
  asTransportError,
  isSessionError,
  transportError,
} from "../../src/app/webtransport_error.ts";
import { DisconnectError, ShutdownError } from "../../src/errors.ts";
import { WebTransportStreamError } from "../../src/webtransport_exchange.ts";

const KINDS = ["that of the runtime", "one of the same shape where the runtime has none"] as const;
for (const kind of KINDS) {
  Deno.test(`transportError() makes a WebTransportError, ${kind}`, () => {
    const Own = WebTransportError;
    const property = Object.getOwnPropertyDescriptor(globalThis, "WebTransportError")!;
    if (kind !== KINDS[0]) Reflect.deleteProperty(globalThis, "WebTransportError");
    try {
      const error = transportError("It went wrong", "stream", 7);
      assert.ok(error instanceof DOMException);
      assert.equal(error instanceof Own, kind === KINDS[0]);
      const { name, message, source, streamErrorCode } = error;
      assert.deepEqual(
        { name, message, source, streamErrorCode },
        {
          name: "WebTransportError",
          message: "It went wrong",
          source: "stream",
          streamErrorCode: 7,
        },
      );
    } finally {
      Object.defineProperty(globalThis, "WebTransportError", property);
    }
  });
}

for (
  const { error, source, code } of [
    { error: new WebTransportStreamError("reset", 9), source: "stream", code: 9 },
    { error: new WebTransportStreamError("reset", null), source: "stream", code: null },
    { error: new DisconnectError("left"), source: "session", code: null },
    { error: new ShutdownError(), source: "session", code: null },
  ]
) {
  Deno.test(`asTransportError() says "${source}" of ${error.name} "${error.message}" ${code}`, () => {
    const made = asTransportError(error) as WebTransportError;
    assert.deepEqual(
      [made.message, made.source, made.streamErrorCode],
      [`${error.message}. Catch this where the ${source} is read or written`, source, code],
    );
  });
}

Deno.test("asTransportError() leaves other errors as they are, and those of a session are known", () => {
  const error = new TypeError("on purpose");
  assert.equal(asTransportError(error), error);
  for (const other of [error, new WebTransportError("on purpose"), "on purpose", null]) {
    assert.equal(isSessionError(other), false);
  }
  assert.equal(isSessionError(asTransportError(new DisconnectError("left"))), true);
});
