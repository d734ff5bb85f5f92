import assert from "node:assert/strict";
import { ApplicationError, HandshakeError } from "../../src/errors.ts";
import {
  checkAcceptFields,
  checkHandshake,
  isWebSocketRequest,
  offeredSubprotocols,
} from "../../src/protocol/handshake.ts";
import { KEY } from "../_support/websocket_client.ts";

const VALID = {
  upgrade: "websocket",
  connection: "Upgrade",
  "sec-websocket-key": KEY,
  "sec-websocket-version": "13",
};

/** Headers of a valid handshake with changes; `null` leaves a field out. */
function headersWith(changes: Record<string, string | null>): Headers {
  const fields = Object.entries({ ...VALID, ...changes });
  return new Headers(fields.filter((field): field is [string, string] => field[1] !== null));
}

for (
  const { name, method = "GET", changes = {}, status } of [
    { name: "a minimal handshake", status: 101 },
    {
      name: "several connection options",
      changes: { connection: "keep-alive, upgrade" },
      status: 101,
    },
    { name: "another case", changes: { upgrade: "WebSocket", connection: "UPGRADE" }, status: 101 },
    {
      name: "several protocols to upgrade to",
      changes: { upgrade: "h2c, websocket" },
      status: 101,
    },
    {
      name: "a key of zeros",
      changes: { "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==" },
      status: 101,
    },
    { name: "POST", method: "POST", status: 405 },
    { name: "HEAD", method: "HEAD", status: 405 },
    { name: "no upgrade", changes: { upgrade: null }, status: 426 },
    { name: "another upgrade", changes: { upgrade: "h2c" }, status: 426 },
    { name: "no connection", changes: { connection: null }, status: 426 },
    { name: "another connection", changes: { connection: "keep-alive" }, status: 426 },
    { name: "no version", changes: { "sec-websocket-version": null }, status: 426 },
    { name: "version 8", changes: { "sec-websocket-version": "8" }, status: 426 },
    { name: "version 12", changes: { "sec-websocket-version": "12" }, status: 426 },
    { name: "two versions", changes: { "sec-websocket-version": "13, 13" }, status: 426 },
    { name: "no key", changes: { "sec-websocket-key": null }, status: 400 },
    { name: "an empty key", changes: { "sec-websocket-key": "" }, status: 400 },
    { name: "a short key", changes: { "sec-websocket-key": "abc" }, status: 400 },
    {
      name: "a key of 15 bytes",
      changes: { "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAA" },
      status: 400,
    },
    {
      name: "a key of 17 bytes",
      changes: { "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAAA=" },
      status: 400,
    },
    {
      name: "a key that is not base64",
      changes: { "sec-websocket-key": "AAAAAAAAAAA-AAAAAAAAAA==" },
      status: 400,
    },
    {
      name: "a key with stray bits",
      changes: { "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAB==" },
      status: 400,
    },
    { name: "two keys", changes: { "sec-websocket-key": `${KEY}, ${KEY}` }, status: 400 },
  ] as { name: string; method?: string; changes?: Record<string, string | null>; status: number }[]
) {
  Deno.test(`checkHandshake() answers ${status} to ${name}`, () => {
    const headers = headersWith(changes);
    if (status === 101) {
      checkHandshake(method, headers);
      assert.ok(isWebSocketRequest(method, headers));
      return;
    }
    assert.throws(() => checkHandshake(method, headers), (error) => {
      assert.ok(error instanceof HandshakeError);
      assert.equal(error.status, status);
      const fields = Object.fromEntries(error.fields);
      const version = name.includes("version") ? "13" : undefined;
      assert.equal(fields["sec-websocket-version"], version);
      assert.equal(fields["allow"], status === 405 ? "GET" : undefined);
      assert.equal(fields["upgrade"], status === 426 ? "websocket" : undefined);
      return true;
    });
  });
}

for (
  const { lines, offered } of [
    { lines: [], offered: [] },
    { lines: [""], offered: [] },
    { lines: ["a"], offered: ["a"] },
    { lines: ["a, b"], offered: ["a", "b"] },
    { lines: ["a,b"], offered: ["a", "b"] },
    { lines: [" a ,\tb,, c "], offered: ["a", "b", "c"] },
    { lines: ["a", "b,c"], offered: ["a", "b", "c"] },
  ]
) {
  Deno.test(`offeredSubprotocols() reads ${JSON.stringify(lines)}`, () => {
    const headers = new Headers(lines.map((line) => ["sec-websocket-protocol", line]));
    assert.deepEqual(offeredSubprotocols(headers), offered);
  });
}

for (
  const field of [
    ["upgrade", "h2c"],
    ["connection", "close"],
    ["content-length", "0"],
    ["transfer-encoding", "chunked"],
    ["sec-websocket-accept", "x"],
    ["sec-websocket-protocol", "chat"],
    ["sec-websocket-extensions", "permessage-deflate"],
    ["x a", "1"],
    ["x-a", "1\r\nx-b: 2"],
  ] as const
) {
  Deno.test(`checkAcceptFields() refuses ${JSON.stringify(field)}`, () => {
    assert.throws(() => checkAcceptFields([["x-ok", "1"], field]), ApplicationError);
  });
}

Deno.test("checkAcceptFields() takes ordinary fields", () => {
  checkAcceptFields([["set-cookie", "a=1"], ["set-cookie", "b=2"], ["x-a", ""]]);
});

Deno.test("HandshakeError has its answer ready for frameworks that handle errors themselves", async () => {
  const error = new HandshakeError(426, "there is none", [["upgrade", "websocket"]]);
  const response = error.getResponse();
  assert.deepEqual([response.status, [...response.headers]], [426, [["upgrade", "websocket"]]]);
  assert.equal(await response.text(), "");
});
