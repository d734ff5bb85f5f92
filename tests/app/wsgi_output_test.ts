import assert from "node:assert/strict";
import { wsgiHandler } from "../../src/app/wsgi.ts";
import { ApplicationError } from "../../src/errors.ts";
import { FakeExchange, settled } from "../_support/fake_exchange.ts";
import { answering, OPTIONS, runWSGI, Watched } from "../_support/wsgi.ts";

const RESULT_ROWS: {
  name: string;
  result: () => Iterable<string>;
  method?: string;
  status?: string;
  headers?: [string, string][];
  length: string | undefined;
  text: string;
}[] = [
  { name: "an array of one chunk", result: () => ["häuser"], length: "7", text: "häuser" },
  { name: "an array of several chunks", result: () => ["a", "", "bc"], length: "3", text: "abc" },
  { name: "an empty array", result: () => [], length: "0", text: "" },
  { name: "an empty iterable", result: () => new Set<string>(), length: "0", text: "" },
  { name: "an iterable of empty chunks", result: () => new Set([""]), length: "0", text: "" },
  {
    name: "an iterable of unknown length",
    result: () => new Set(["a", "b"]),
    length: undefined,
    text: "ab",
  },
  {
    name: "content that has a length",
    result: () => new Set(["a", "b"]),
    headers: [["content-length", "2"]],
    length: "2",
    text: "ab",
  },
  { name: "an empty 204", result: () => [], status: "204 No Content", length: undefined, text: "" },
  {
    name: "a 304 with content",
    result: () => ["dropped"],
    status: "304 Not Modified",
    length: undefined,
    text: "",
  },
  {
    name: "a streamed 204 with content",
    result: () => new Set(["dropped"]),
    status: "204 ",
    length: undefined,
    text: "",
  },
  { name: "HEAD with content", result: () => ["hello"], method: "HEAD", length: "5", text: "" },
  { name: "HEAD without content", result: () => [], method: "HEAD", length: undefined, text: "" },
  {
    name: "HEAD with a declared length",
    result: () => [],
    method: "HEAD",
    headers: [["Content-Length", "9"]],
    length: "9",
    text: "",
  },
];

for (const { name, result, method, status, headers, length, text } of RESULT_ROWS) {
  Deno.test(`wsgiHandler() sends ${name} with content-length ${length ?? "absent"}`, async () => {
    const exchange = await runWSGI(answering(result(), headers, status), {
      method: method ?? "GET",
    });
    assert.equal(exchange.field("content-length"), length);
    assert.equal(exchange.text, text);
    assert.equal(exchange.state, "ended");
  });
}

Deno.test("wsgiHandler() ends directly after the last chunk of an array", async () => {
  const exchange = new FakeExchange();
  exchange.holdWrites();
  const done = wsgiHandler(answering(["only"]), OPTIONS)(exchange);
  await exchange.until("end");
  assert.equal(exchange.heldWrites, 1);
  exchange.releaseWrites();
  await done;
});

Deno.test("wsgiHandler() stops an endless result of HEAD after the first chunk", async () => {
  const result = new Watched("a", "b", "c");
  const exchange = await runWSGI(answering(result), { method: "HEAD" });
  assert.deepEqual(result.log, ["next", "close", "return"]);
  assert.deepEqual(exchange.calls, ["read", "respond", "end"]);
});

for (const form of ["an array", "an iterable"]) {
  Deno.test(`wsgiHandler() cuts ${form} off at its content-length and logs it`, async () => {
    const lines: string[] = [];
    const chunks = ["abc", "def", "ghi"];
    const result = form === "an array" ? chunks : new Set(chunks);
    const app = answering(result, [["content-length", "5"]]);
    const exchange = await runWSGI(app, {}, { logError: (line) => lines.push(line) });
    assert.equal(exchange.text, "abcde");
    assert.equal(lines.length, 1);
  });
}

Deno.test("wsgiHandler() stops iterating when content-length is reached", async () => {
  const result = new Watched("abc", "never asked for");
  await runWSGI(answering(result, [["content-length", "3"]]));
  assert.deepEqual(result.log, ["next", "close", "return"]);
});

Deno.test("wsgiHandler() rejects when the content is shorter than content-length", async () => {
  const app = answering(["abc"], [["content-length", "5"]]);
  await assert.rejects(runWSGI(app), ApplicationError);
});

// Wrong results

async function* asyncChunks(): AsyncGenerator<string> {
  yield "chunk";
}

const WRONG_RESULTS: { name: string; result: () => unknown; message: RegExp }[] = [
  { name: "undefined", result: () => undefined, message: /received undefined\. Return an array/ },
  { name: "null", result: () => null, message: /received null/ },
  { name: "a number", result: () => 5, message: /received number 5/ },
  { name: "an object", result: () => ({}), message: /received an Object/ },
  {
    name: "a string",
    result: () => "text",
    message: /received the string "text"\. Put it into an array/,
  },
  {
    name: "bytes",
    result: () => new Uint8Array(2),
    message: /received a Uint8Array\. Put it into an array/,
  },
  {
    name: "a Response",
    result: () => new Response("x"),
    message: /received a Response\. Use mode: "fetch"/,
  },
  {
    name: "a Promise",
    result: () => Promise.resolve([]),
    message: /received a Promise\..*mode: "fetch" or "asgi"/,
  },
  {
    name: "a failing Promise",
    result: () => Promise.reject(new Error("async")),
    message: /received a Promise/,
  },
  { name: "a function", result: () => () => [], message: /received the function/ },
  { name: "an async generator", result: () => asyncChunks(), message: /an async iterable/ },
  {
    name: "an async iterable",
    result: () => new ReadableStream(),
    message: /received an async iterable\..*synchronous/,
  },
  {
    name: "an array of numbers",
    result: () => [1],
    message: /chunk: expected a Uint8Array or a string, received number 1/,
  },
  {
    name: "an iterable of arrays",
    result: () => new Set([[1]]),
    message: /chunk: .*received an Array/,
  },
  {
    name: "an array of ArrayBuffer",
    result: () => [new ArrayBuffer(1)],
    message: /received an ArrayBuffer/,
  },
];

for (const { name, result, message } of WRONG_RESULTS) {
  Deno.test(`wsgiHandler() names what is wrong with a result that is ${name}`, async () => {
    await assert.rejects(runWSGI(answering(result())), (error) => {
      assert.ok(error instanceof ApplicationError);
      assert.match(error.message, message);
      return true;
    });
    await settled(); // a failing Promise would be an unhandled rejection now
  });
}
