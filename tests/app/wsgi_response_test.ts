import assert from "node:assert/strict";
import { wsgiHandler } from "../../src/app/wsgi.ts";
import type { WSGIFramework, WSGIResult, WSGIWrite } from "../../src/wsgi_types.ts";
import { ApplicationError } from "../../src/errors.ts";
import { FakeExchange, settled } from "../_support/fake_exchange.ts";
import { answering, OPTIONS, runWSGI, Watched } from "../_support/wsgi.ts";

Deno.test("startResponse() may come as late as the first chunk of a generator", async () => {
  const app: WSGIFramework = function* (_environ, startResponse) {
    yield "";
    startResponse("201 Created", [["X-Late", "yes"]]);
    yield "made";
  };
  const exchange = await runWSGI(app);
  assert.deepEqual(exchange.head, { status: 201, fields: [["x-late", "yes"]] });
  assert.equal(exchange.text, "made");
});

Deno.test("startResponse() may be called again until the first chunk, the last call wins", async () => {
  const app: WSGIFramework = function* (_environ, startResponse) {
    startResponse("200 OK", [["x-first", "1"], ["content-length", "1"]]);
    yield "";
    startResponse("500 Oops", [["x-second", "2"]], new Error("caught"));
    yield "failed";
  };
  const exchange = await runWSGI(app);
  assert.deepEqual(exchange.head, { status: 500, fields: [["x-second", "2"]] });
  assert.equal(exchange.text, "failed");
});

Deno.test("startResponse() with excInfo throws it once content was sent", async () => {
  const failure = new Error("too late");
  const result = function* (startResponse: Parameters<WSGIFramework>[1]) {
    startResponse("200 OK", []);
    yield "content";
    startResponse("500 Oops", [], failure);
  };
  const done = runWSGI((_environ, startResponse) => result(startResponse));
  await assert.rejects(done, (error) => error === failure);
});

Deno.test("startResponse() without excInfo is refused once content was sent", async () => {
  const app: WSGIFramework = function* (_environ, startResponse) {
    startResponse("200 OK", []);
    yield "content";
    startResponse("200 OK", []);
  };
  await assert.rejects(runWSGI(app), /^ApplicationError: Cannot call startResponse\(\) again/);
});

for (
  const { name, result } of [{ name: "array", result: [] }, {
    name: "iterable",
    result: new Set(["a"]),
  }]
) {
  Deno.test(`wsgiHandler() rejects an ${name} without startResponse(), sending nothing`, async () => {
    const exchange = new FakeExchange();
    const done = wsgiHandler(() => result as WSGIResult, OPTIONS)(exchange);
    await assert.rejects(done, /^ApplicationError: .*did not call startResponse\(\)$/);
    assert.equal(exchange.state, "initial");
  });
}

for (
  const status of [
    "200",
    "200OK",
    "20 OK",
    "2000 OK",
    "199 Early",
    "101 Switching",
    "600 X",
    " 200 OK",
    "200 a\r\nb",
    200,
  ]
) {
  Deno.test(`startResponse() refuses the status ${JSON.stringify(status)}`, async () => {
    const app = answering(["x"], [], status as string);
    await assert.rejects(runWSGI(app), /^ApplicationError: .*expected a status of 200 to 599/);
  });
}

const BAD_HEADERS: { name: string; headers: unknown; message: RegExp }[] = [
  { name: "no list", headers: null, message: /received null$/ },
  { name: "an object", headers: { a: "b" }, message: /pairs, received an Object$/ },
  { name: "a string", headers: "a: b", message: /pairs, received the string "a: b"$/ },
  { name: "not a pair", headers: [["a"]], message: /pair, received an Array$/ },
  {
    name: "a name with a colon",
    headers: [[":status", "200"]],
    message: /received the string ":status"$/,
  },
  { name: "an empty name", headers: [["", "x"]], message: /token characters/ },
  { name: "a name that is a number", headers: [[1, "x"]], message: /received number 1$/ },
  {
    name: "a value that is a number",
    headers: [["content-length", 5]],
    message: /received number 5$/,
  },
  { name: "a line break in a value", headers: [["a", "b\r\nc: d"]], message: /control characters/ },
  { name: "a value beyond latin-1", headers: [["a", "中"]], message: /latin-1/ },
  {
    name: "content-length that is no number",
    headers: [["content-length", "-1"]],
    message: /one decimal number/,
  },
  {
    name: "two content-lengths",
    headers: [["content-length", "1"], ["Content-Length", "2"]],
    message: /received the string "1, 2"$/,
  },
  ...[
    "Connection",
    "keep-alive",
    "Proxy-Authenticate",
    "proxy-authorization",
    "proxy-connection",
    "TE",
    "trailer",
    "Trailers",
    "Transfer-Encoding",
    "upgrade",
  ]
    .map((name) => ({ name: `hop-by-hop ${name}`, headers: [[name, "x"]], message: /hop-by-hop/ })),
];

for (const { name, headers, message } of BAD_HEADERS) {
  Deno.test(`startResponse() refuses headers: ${name}`, async () => {
    const app = answering(["x"], headers as [string, string][]);
    await assert.rejects(runWSGI(app), (error) => {
      assert.ok(error instanceof ApplicationError);
      assert.match(error.message, message);
      return true;
    });
  });
}

Deno.test("startResponse() keeps repeated headers and their order", async () => {
  const exchange = await runWSGI(
    answering(["x"], [["Set-Cookie", "a=1"], ["X", ""], ["set-cookie", "b=2"]]),
  );
  const expected = [["set-cookie", "a=1"], ["x", ""], ["set-cookie", "b=2"], [
    "content-length",
    "1",
  ]];
  assert.deepEqual(exchange.head?.fields, expected);
});

// write()

/** Calls `write` on the way to `result`. */
function writing(
  use: (write: WSGIWrite) => void,
  result: WSGIResult,
  headers: [string, string][] = [],
): WSGIFramework {
  return (_environ, startResponse) => {
    use(startResponse("200 OK", headers));
    return result;
  };
}

for (
  const { name, result, chunks } of [
    { name: "an array", result: ["d"], chunks: ["ab", "c", "d"] },
    { name: "an empty array", result: [], chunks: ["ab", "c"] },
    { name: "an iterable", result: new Set(["d"]), chunks: ["ab", "c", "d"] },
    { name: "an empty iterable", result: new Set<string>(), chunks: ["ab", "c"] },
  ]
) {
  Deno.test(`write() sends its data before ${name}`, async () => {
    const app = writing((write) => ["ab", "", "c"].forEach((data) => write(data)), result);
    const exchange = await runWSGI(app);
    assert.deepEqual(exchange.chunks.map((chunk) => new TextDecoder().decode(chunk)), chunks);
  });
}

Deno.test("write() sends its data before the iterable is asked for its first chunk", async () => {
  const result = new Watched("b");
  const exchange = new FakeExchange();
  exchange.holdWrites();
  const done = wsgiHandler(writing((write) => write("a"), result), OPTIONS)(exchange);
  await exchange.until("write");
  await settled();
  assert.deepEqual(result.log, []);
  exchange.releaseWrites();
  await done;
  assert.equal(exchange.text, "ab");
});

Deno.test("write() inside a generator is sent before the chunk that follows", async () => {
  const app: WSGIFramework = function* (_environ, startResponse) {
    const write = startResponse("200 OK", []);
    write("a");
    yield "b";
    write("c");
  };
  assert.equal((await runWSGI(app)).text, "abc");
});

Deno.test("write() fixes the head: excInfo is thrown afterwards", async () => {
  const failure = new Error("after write");
  const app: WSGIFramework = (_environ, startResponse) => {
    startResponse("200 OK", [])("content");
    startResponse("500 Oops", [], failure);
    return [];
  };
  await assert.rejects(runWSGI(app), (error) => error === failure);
});

Deno.test("write() past content-length throws inside the application", async () => {
  const app = writing(
    (write) => {
      write("abc");
      assert.throws(() => write("def"), /^ApplicationError: .*leaves room for 2$/);
      write("de");
    },
    [],
    [["content-length", "5"]],
  );
  assert.equal((await runWSGI(app)).text, "abcde");
});
