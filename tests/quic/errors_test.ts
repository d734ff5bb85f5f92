/**
 * What Deno's messages are read as. Deno's own client can neither reset a stream nor choose a code, so the texts here are
 * those that Deno 2.9.6 gave when Bun's client did both; `tests/interop` does it again with the real one.
 */

import assert from "node:assert/strict";
import { identityError, receiveError, sendError } from "../../src/quic/deno_errors.ts";
import {
  ConnectionLostError,
  StreamResetError,
  StreamStoppedError,
} from "../../src/quic/transport.ts";

class ConnectionReset extends Error {
  override name = "ConnectionReset";
}

class NotConnected extends Error {
  override name = "NotConnected";
}

const RESETS = [
  { message: "stream reset by peer: error 268", code: 0x10c },
  { message: "stream reset by peer: error 0", code: 0 },
  { message: "stream reset by peer: error 4611686018427387903", code: 2 ** 62 },
  { message: "worded otherwise one day", code: 0 },
];
for (const { message, code } of RESETS) {
  Deno.test(`receiveError() reads ${code} out of "${message}"`, () => {
    const cause = new ConnectionReset(message);
    const error = receiveError(cause);
    assert(error instanceof StreamResetError);
    assert.equal(error.code, code);
    assert.equal(error.cause, cause);
  });
}

Deno.test("sendError() reads the code of STOP_SENDING", () => {
  const error = sendError(new ConnectionReset("sending stopped by peer: error 256"));
  assert(error instanceof StreamStoppedError);
  assert.equal(error.code, 0x100);
});

for (const cause of [new NotConnected("connection lost"), new Error("Bad resource ID"), "?"]) {
  Deno.test(`receiveError() and sendError() take "${cause}" for the end of the connection`, () => {
    for (const error of [receiveError(cause), sendError(cause)]) {
      assert(error instanceof ConnectionLostError);
      assert.equal(error.cause, cause);
    }
  });
}

const IDENTITY = [
  { message: "No certificates found in certificate data", key: "certfile" },
  { message: "invalid peer certificate: BadEncoding", key: "certfile" },
  { message: "No keys found in key data", key: "keyfile" },
  { message: "keys may not be consistent: KeyMismatch", key: "keyfile" },
];
for (const { message, key } of IDENTITY) {
  Deno.test(`identityError() names "${key}" for "${message}"`, () => {
    const error = identityError(new Error(message));
    assert.equal(error.key, key);
    assert(error.message.includes(message));
  });
}
