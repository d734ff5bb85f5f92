import assert from "node:assert/strict";
import fc from "fast-check";
import {
  checkCloseArguments,
  isCloseCode,
  isCloseReason,
  isLocalCloseCode,
  truncateCloseReason,
} from "../src/websocket_close.ts";

for (
  const { from, to, sendable } of [
    { from: -1, to: 999, sendable: false },
    { from: 1000, to: 1003, sendable: true },
    { from: 1004, to: 1006, sendable: false },
    { from: 1007, to: 1014, sendable: true },
    { from: 1015, to: 2999, sendable: false },
    { from: 3000, to: 4999, sendable: true },
    { from: 5000, to: 5001, sendable: false },
    { from: 65535, to: 65537, sendable: false },
  ]
) {
  Deno.test(`isCloseCode() says ${sendable} for ${from} to ${to}`, () => {
    for (let code = from; code <= to; code++) assert.equal(isCloseCode(code), sendable, `${code}`);
  });
}

Deno.test("isCloseCode() says false for what is no whole number", () => {
  for (const code of [NaN, Infinity, 1000.5, "1000", null]) {
    assert.equal(isCloseCode(code as number), false, String(code));
  }
});

Deno.test("isLocalCloseCode() knows the codes that never go on the wire", () => {
  const local = Array.from({ length: 20 }, (_, i) => 1000 + i).filter(isLocalCloseCode);
  assert.deepEqual(local, [1005, 1006, 1015]);
});

Deno.test("checkCloseArguments() throws as WebSocket.close() does", () => {
  checkCloseArguments(1000, "x".repeat(123));
  assert.throws(() => checkCloseArguments(1005, ""), { name: "InvalidAccessError" });
  assert.throws(() => checkCloseArguments(1000, "x".repeat(124)), { name: "SyntaxError" });
  assert.throws(() => checkCloseArguments(1000, "ü".repeat(62)), { name: "SyntaxError" });
});

Deno.test("truncateCloseReason() keeps what fits and whole characters", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), (reason) => {
    const kept = truncateCloseReason(reason);
    assert.ok(isCloseReason(kept));
    assert.ok(reason.startsWith(kept));
    if (isCloseReason(reason)) assert.equal(kept, reason);
    else assert.ok(new TextEncoder().encode(kept).length >= 120, "drops one character at most");
  }));
});
