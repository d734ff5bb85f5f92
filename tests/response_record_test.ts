import assert from "node:assert/strict";
import { contentBytes } from "../src/content.ts";
import {
  hasStreamBody,
  isDecoded,
  peekField,
  peekStaticContent,
  truthfulHeaders,
  withBody,
} from "../src/response_record.ts";

const BODIES: { name: string; response: () => Response; stream: boolean }[] = [
  { name: "a string", response: () => new Response("x"), stream: false },
  {
    name: "a string with fields",
    response: () => new Response("x", { headers: { a: "b" } }),
    stream: false,
  },
  { name: "bytes", response: () => new Response(new Uint8Array(1)), stream: false },
  { name: "JSON", response: () => Response.json({}), stream: false },
  { name: "a form", response: () => new Response(new URLSearchParams("a=b")), stream: false },
  { name: "nothing", response: () => new Response(null, { status: 204 }), stream: false },
  { name: "a stream", response: () => new Response(new ReadableStream()), stream: true },
  {
    name: "a stream with fields",
    response: () => new Response(new ReadableStream(), { headers: { a: "b" } }),
    stream: true,
  },
];

for (const { name, response, stream } of BODIES) {
  Deno.test(`hasStreamBody() is ${stream} for ${name} and leaves the body alone`, async () => {
    const subject = response();
    assert.equal(hasStreamBody(subject), stream);
    assert.equal(isDecoded(subject), false);
    assert.equal(subject.bodyUsed, false);
    await subject.body?.cancel();
  });
}

for (const { name, response, stream } of BODIES) {
  for (const looked of [false, true]) {
    if (stream) continue;
    const when = looked ? "after somebody looked at its fields" : "of a response nobody looked at";
    Deno.test(`peekStaticContent() finds ${name} ${when} and leaves it alone`, async () => {
      const subject = response();
      if (looked) void subject.headers;
      const content = peekStaticContent(subject);
      assert.equal(subject.bodyUsed, false);
      const bytes = new Uint8Array(await subject.arrayBuffer());
      if (name === "nothing") return assert.equal(content, null);
      assert.equal(typeof content === "string", name !== "bytes");
      assert.deepEqual(contentBytes(content!), bytes);
    });
  }
}

Deno.test("truthfulHeaders() keeps the fields of an application's own encoded content", () => {
  const headers = { "content-encoding": "gzip", "content-length": "1", "a": "b" };
  const kept = truthfulHeaders(new Response(new Uint8Array(1), { headers }));
  assert.deepEqual(Object.fromEntries(kept), headers);
});

Deno.test("withBody() keeps status, reason and repeated fields", async () => {
  const original = new Response("x", { status: 418, statusText: "Teapot" });
  original.headers.append("set-cookie", "a=1");
  original.headers.append("set-cookie", "b=2");
  const copy = withBody(original, new Blob(["y"]).stream());
  assert.deepEqual([copy.status, copy.statusText], [418, "Teapot"]);
  assert.deepEqual(copy.headers.getSetCookie(), ["a=1", "b=2"]);
  assert.equal(await copy.text(), "y");
});

for (const looked of [false, true]) {
  const when = looked ? "after" : "before";
  Deno.test(`peekField() finds a field in any case ${when} somebody looked at the headers`, () => {
    const made = [
      new Response("x", { headers: { Connection: "close" } }),
      new Response(null, { status: 204, headers: new Headers({ connection: "close" }) }),
      Response.json({}, { headers: [["connection", "close"]] }),
    ];
    for (const response of made) {
      if (looked) void response.headers;
      assert.equal(peekField(response, "connection"), "close");
      assert.equal(peekField(response, "upgrade"), null);
      response.headers.delete("connection");
      assert.equal(peekField(response, "connection"), null);
    }
    const set = new Response("x");
    set.headers.set("connection", "close");
    assert.equal(peekField(set, "connection"), "close");
  });
}
