/** Requests that are built when they are needed. */

import assert from "node:assert/strict";
import { lazyRequest, type RequestParts } from "../../src/app/lazy_request.ts";

/** A request with what was counted about it. */
function lazy(
  init: RequestInit = {},
): { request: Request; parts: RequestParts; built: () => number } {
  let built = 0;
  const parts: RequestParts = {
    url: "https://localhost/a/../b",
    method: init.method ?? "GET",
    signal: new AbortController().signal,
    build() {
      built++;
      return new Request(this.url, init);
    },
  };
  return { request: lazyRequest(parts), parts, built: () => built };
}

Deno.test("lazyRequest() shows URL, method and signal without building anything", () => {
  const { request, parts, built } = lazy();
  assert.equal(request.url, "https://localhost/a/../b");
  assert.equal(request.method, "GET");
  assert.equal(request.signal, parts.signal);
  assert.ok(request instanceof Request);
  assert.equal(built(), 0);
});

const USES: readonly (readonly [name: string, use: (request: Request) => unknown])[] = [
  ["request.headers", (request) => assert.equal(request.headers.get("a"), "b")],
  ["request.text()", async (request) => assert.equal(await request.text(), "content")],
  ["request.clone()", async (request) => assert.equal(await request.clone().text(), "content")],
  ["new Request(request)", async (request) => {
    const copy = new Request(request, { headers: { c: "d" } });
    assert.equal(copy.method, "POST");
    assert.equal(copy.headers.get("c"), "d");
    assert.equal(await copy.text(), "content");
  }],
  ["Deno.inspect(request)", (request) => assert.match(Deno.inspect(request), /^Request \{/)],
  ["a Proxy of it", async (request) => {
    const proxy = new Proxy(request, {});
    assert.equal(proxy.url, request.url);
    assert.equal(proxy.signal, request.signal);
    assert.equal(await proxy.text(), "content");
  }],
  ["Object.create(request)", async (request) => {
    const derived = Object.create(request) as Request;
    assert.equal(derived.method, "POST");
    assert.equal(await derived.text(), "content");
  }],
  [
    "a frozen request",
    async (request) => assert.equal(await Object.freeze(request).text(), "content"),
  ],
  ["a property of its own", (request) => {
    Object.defineProperty(request, "params", { value: 1 });
    assert.equal((request as unknown as { params: number }).params, 1);
    assert.equal(request.headers.get("a"), "b");
  }],
];

for (const [name, use] of USES) {
  Deno.test(`lazyRequest() works with ${name}, and is built once`, async () => {
    const { request, built } = lazy({ method: "POST", headers: { a: "b" }, body: "content" });
    await use(request);
    assert.equal(request.headers.get("a"), "b");
    assert.equal(built(), 1);
  });
}

Deno.test("lazyRequest() can be sent by fetch()", async () => {
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    async (request) => new Response(`${request.method} ${await request.text()}`),
  );
  const url = `http://127.0.0.1:${server.addr.port}/`;
  const { signal } = new AbortController();
  const init = { method: "PUT", body: "content", signal };
  const request = lazyRequest({ url, method: "PUT", signal, build: () => new Request(url, init) });
  assert.equal(await (await fetch(request)).text(), "PUT content");
});

Deno.test("lazyRequest() enumerates what any request does", () => {
  const membersOf = (request: Request): string[] => {
    const members: string[] = [];
    for (const member in request) members.push(member);
    return members.sort();
  };
  assert.deepEqual(membersOf(lazy().request), membersOf(new Request("https://localhost/")));
});

Deno.test("lazyRequest() tells of a body that was read", async () => {
  const { request } = lazy({ method: "POST", body: "content" });
  assert.equal(request.bodyUsed, false);
  await request.text();
  assert.equal(request.bodyUsed, true);
  await assert.rejects(request.text(), TypeError);
});
