import assert from "node:assert/strict";
import { addToResponse, mergeFields, responseFields } from "../../src/protocol/response_fields.ts";

Deno.test("responseFields() names the protocol as Hypercorn does", () => {
  const { http1, http2, http3 } = responseFields({ includeServerHeader: true, altSvc: [] });
  assert.deepEqual(http1, [["server", "hypercorn-h11"]]);
  assert.deepEqual(http2, [["server", "hypercorn-h2"]]);
  assert.deepEqual(http3, [["server", "hypercorn-h3"]]);
});

Deno.test("responseFields() has nothing to add when everything is off", () => {
  const { http1, http2, http3 } = responseFields({ includeServerHeader: false, altSvc: [] });
  assert.deepEqual([http1, http2, http3], [[], [], []]);
});

Deno.test("responseFields() sends several alt-svc values as one list (RFC 7838 §3)", () => {
  const { http1 } = responseFields({
    includeServerHeader: false,
    altSvc: [`h3=":443"`, `h3=":8443"`],
  });
  assert.deepEqual(http1, [["alt-svc", `h3=":443", h3=":8443"`]]);
});

const H3 = `h3=":443"; ma=86400`;

Deno.test("responseFields() leads to HTTP/3 from the other versions, until the server drains", () => {
  const fields = responseFields({ includeServerHeader: false, altSvc: [], http3: [H3] });
  assert.deepEqual(fields, {
    http1: [["alt-svc", H3]],
    http2: [["alt-svc", H3]],
    http3: [],
    http1Draining: [["connection", "close"]],
    http2Draining: [],
  });
});

Deno.test("responseFields() sends configured alt-svc values instead, on every version and always", () => {
  const fields = responseFields({ includeServerHeader: false, altSvc: ["clear"], http3: [H3] });
  const clear = ["alt-svc", "clear"];
  assert.deepEqual(fields, {
    http1: [clear],
    http2: [clear],
    http3: [clear],
    http1Draining: [clear, ["connection", "close"]],
    http2Draining: [clear],
  });
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

Deno.test("addToResponse() adds lines that the application may change without changing other responses", () => {
  const added = [["server", "ours"]] as const;
  const kept = addToResponse(new Response("x"), added);
  kept.headers.set("server", "theirs");
  assert.equal(addToResponse(new Response("y"), added).headers.get("server"), "ours");
  assert.deepEqual(added, [["server", "ours"]]);
});
