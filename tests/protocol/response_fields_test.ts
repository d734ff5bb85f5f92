import assert from "node:assert/strict";
import { addToResponse, mergeFields, responseFields } from "../../src/protocol/response_fields.ts";

Deno.test("responseFields() names the protocol as Hypercorn does", () => {
  const { http1, http2 } = responseFields({ includeServerHeader: true, altSvc: [] });
  assert.deepEqual(http1, [["server", "hypercorn-h11"]]);
  assert.deepEqual(http2, [["server", "hypercorn-h2"]]);
});

Deno.test("responseFields() has nothing to add when everything is off", () => {
  const { http1, http2 } = responseFields({ includeServerHeader: false, altSvc: [] });
  assert.deepEqual([http1, http2], [[], []]);
});

Deno.test("responseFields() sends several alt-svc values as one list (RFC 7838 §3)", () => {
  const { http1 } = responseFields({
    includeServerHeader: false,
    altSvc: [`h3=":443"`, `h3=":8443"`],
  });
  assert.deepEqual(http1, [["alt-svc", `h3=":443", h3=":8443"`]]);
});

Deno.test("mergeFields() lets the application's field win", () => {
  const merged = mergeFields([["server", "mine"], ["a", "b"]], [["server", "ours"], [
    "alt-svc",
    "x",
  ]]);
  assert.deepEqual(merged, [["server", "mine"], ["a", "b"], ["alt-svc", "x"]]);
});

Deno.test("addToResponse() lets the application's field win and returns the same response", () => {
  const response = new Response("x", { headers: { server: "mine" } });
  assert.equal(addToResponse(response, [["server", "ours"], ["alt-svc", "x"]]), response);
  assert.equal(response.headers.get("server"), "mine");
  assert.equal(response.headers.get("alt-svc"), "x");
});

Deno.test("addToResponse() rebuilds a response whose headers are immutable", async () => {
  const original = Response.redirect("http://localhost/next", 303);
  assert.throws(() => original.headers.set("a", "b"), TypeError);
  const response = addToResponse(original, [["server", "ours"]]);
  assert.equal(response.status, 303);
  assert.equal(response.headers.get("location"), "http://localhost/next");
  assert.equal(response.headers.get("server"), "ours");
  assert.equal(await response.text(), "");
});
