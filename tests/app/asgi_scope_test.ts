import assert from "node:assert/strict";
import fc from "fast-check";
import { httpScope, webSocketScope } from "../../src/app/asgi_scope.ts";
import {
  FakeExchange,
  type FakeExchangeOptions,
  FakeWebSocketExchange,
} from "../_support/fake_exchange.ts";

const OPTIONS = { rootPath: "", state: {} };

function scopeOf(options: FakeExchangeOptions = {}) {
  return httpScope(new FakeExchange(options), OPTIONS);
}

Deno.test("httpScope() has the keys and types that ASGI says", () => {
  const scope = scopeOf({
    method: "post",
    target: "/a%20b?x=%20",
    scheme: "https",
    httpVersion: "2",
    authority: "h",
    fields: [["x-a", "1"], ["x-a", "2"]],
  });
  assert.deepEqual(scope, {
    type: "http",
    asgi: { version: "3.0", spec_version: "2.1" },
    http_version: "2",
    method: "POST",
    scheme: "https",
    path: "/a b",
    raw_path: "/a%20b",
    query_string: "x=%20",
    root_path: "",
    headers: [["host", "h"], ["x-a", "1"], ["x-a", "2"]],
    client: ["192.0.2.1", 50000],
    server: ["127.0.0.1", 8000],
    state: {},
    extensions: {
      "http.response.trailers": {},
      "http.response.early_hint": {},
      "http.response.pathsend": {},
    },
  });
});

const TARGETS = [
  { target: "/", path: "/", raw: "/", query: "" },
  { target: "/?", path: "/", raw: "/", query: "" },
  { target: "/a/../b//c/.", path: "/a/../b//c/.", raw: "/a/../b//c/.", query: "" },
  { target: "/caf%C3%A9", path: "/café", raw: "/caf%C3%A9", query: "" },
  { target: "/%FF", path: "/\ufffd", raw: "/%FF", query: "" },
  { target: "/%zz%4", path: "/%zz%4", raw: "/%zz%4", query: "" },
  { target: "/a%2Fb%00", path: "/a/b\0", raw: "/a%2Fb%00", query: "" },
  { target: "/a%3Fb?c?d", path: "/a?b", raw: "/a%3Fb", query: "c?d" },
  { target: "/+?+", path: "/+", raw: "/+", query: "+" },
  { target: "*", path: "*", raw: "*", query: "" },
];

for (const { target, path, raw, query } of TARGETS) {
  Deno.test(`httpScope() splits and decodes ${target}`, () => {
    const scope = scopeOf({ target });
    assert.deepEqual([scope.path, scope.raw_path, scope.query_string], [path, raw, query]);
  });
}

Deno.test("httpScope() undoes encodeURIComponent() for every text", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), fc.webQueryParameters(), (text, query) => {
    let encoded;
    try {
      encoded = encodeURIComponent(text);
    } catch {
      return; // a lone surrogate
    }
    const scope = scopeOf({ target: `/${encoded}?${query}` });
    assert.equal(scope.path, `/${text}`);
    assert.equal(scope.query_string, query);
  }));
});

Deno.test("httpScope() leaves out extensions that the protocol cannot carry", () => {
  const supports = { trailers: false, informational: false, sendFile: true };
  assert.deepEqual(scopeOf({ supports }).extensions, { "http.response.pathsend": {} });
});

Deno.test("httpScope() has null for the addresses of a Unix socket", () => {
  const scope = scopeOf({ peer: { client: null, server: null } });
  assert.deepEqual([scope.client, scope.server], [null, null]);
});

Deno.test("httpScope() tells the root path and leaves the path whole", () => {
  const scope = httpScope(new FakeExchange({ target: "/app/x" }), { rootPath: "/app", state: {} });
  assert.deepEqual([scope.root_path, scope.path, scope.raw_path], ["/app", "/app/x", "/app/x"]);
});

Deno.test("httpScope() gives each request a shallow copy of the state as it is now", () => {
  const shared = { count: 0 };
  const state: Record<string, unknown> = { shared };
  const first = httpScope(new FakeExchange(), { rootPath: "", state });
  first.state.own = 1;
  state.later = 2;
  const second = httpScope(new FakeExchange(), { rootPath: "", state });
  assert.deepEqual(second.state, { shared, later: 2 });
  assert.equal(second.state.shared, shared);
  assert.deepEqual(state, { shared, later: 2 });
});

Deno.test("httpScope() gives each request its own list of headers", () => {
  const exchange = new FakeExchange({ fields: [["x", "1"]] });
  httpScope(exchange, OPTIONS).headers.push(["y", "2"]);
  assert.deepEqual(httpScope(exchange, OPTIONS).headers, [["host", "localhost"], ["x", "1"]]);
});

for (const [scheme, expected] of [["http", "ws"], ["https", "wss"]] as const) {
  Deno.test(`webSocketScope() has scheme ${expected} on a bind of ${scheme}`, () => {
    const exchange = new FakeWebSocketExchange({
      scheme,
      target: "/chat?room=1",
      subprotocols: ["a", "b"],
    });
    const scope = webSocketScope(exchange, OPTIONS);
    assert.equal(scope.type, "websocket");
    assert.equal(scope.scheme, expected);
    assert.deepEqual(scope.asgi, { version: "3.0", spec_version: "2.3" });
    assert.deepEqual(scope.subprotocols, ["a", "b"]);
    assert.deepEqual(scope.extensions, { "websocket.http.response": {} });
    assert.deepEqual([scope.path, scope.query_string], ["/chat", "room=1"]);
    assert.ok(!("method" in scope));
  });
}
