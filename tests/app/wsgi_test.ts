import assert from "node:assert/strict";
import { denyWebSocket, wsgiHandler } from "../../src/app/wsgi.ts";
import type { WSGIFramework } from "../../src/wsgi_types.ts";
import { ApplicationError, DisconnectError } from "../../src/errors.ts";
import { FakeExchange, FakeWebSocketExchange, settled } from "../_support/fake_exchange.ts";
import { answering, OPTIONS, runWSGI, Watched } from "../_support/wsgi.ts";

Deno.test("wsgiHandler() echoes the request content", async () => {
  const app: WSGIFramework = (environ, startResponse) => {
    const content = environ["wsgi.input"].read();
    startResponse("200 OK", [["Content-Length", String(content.length)]]);
    return [content];
  };
  const exchange = await runWSGI(app, { method: "POST", content: ["hel", "lo"] });
  assert.deepEqual(exchange.head, { status: 200, fields: [["content-length", "5"]] });
  assert.equal(exchange.text, "hello");
  assert.equal(exchange.state, "ended");
});

Deno.test("wsgiHandler() answers Hypercorn's empty echo with content-length 0", async () => {
  const exchange = await runWSGI(answering([new Uint8Array(0)], [["Content-Length", "0"]]));
  assert.deepEqual(exchange.head, { status: 200, fields: [["content-length", "0"]] });
  assert.deepEqual(exchange.calls, ["read", "respond", "end"]);
});

// Request limits and paths

for (
  const { name, request, calls } of [
    {
      name: "declared content beyond the limit without reading it",
      request: { fields: [["content-length", "5"]], content: { open: true } },
      calls: ["respond", "end"],
    },
    {
      name: "streamed content beyond the limit",
      request: { content: ["abcd", "e"] },
      calls: ["read", "read", "respond", "end"],
    },
  ] as const
) {
  Deno.test(`wsgiHandler() answers 413 to ${name}, not running the application`, async () => {
    const refusals: string[] = [];
    const exchange = await runWSGI(() => assert.fail("called"), { method: "POST", ...request }, {
      maxBodySize: 4,
      logRefusal: (line) => refusals.push(line),
    });
    assert.deepEqual(refusals, [
      "Refused POST with 413: the content exceeds wsgi_max_body_size (4 bytes)",
    ]);
    assert.deepEqual(exchange.head, { status: 413, fields: [["content-length", "0"]] });
    assert.deepEqual(exchange.calls, calls);
  });
}

Deno.test("wsgiHandler() accepts content of exactly the limit", async () => {
  const exchange = await runWSGI(answering(["ok"]), { content: "abcd" }, { maxBodySize: 4 });
  assert.equal(exchange.head?.status, 200);
});

Deno.test("wsgiHandler() does not run the application when the client leaves during the upload", async () => {
  const exchange = new FakeExchange({ content: { open: true } });
  const done = wsgiHandler(() => assert.fail("called"), OPTIONS)(exchange);
  await exchange.until("read");
  exchange.disconnect();
  await assert.rejects(done, DisconnectError);
  assert.deepEqual(exchange.calls, ["read"]);
});

Deno.test("wsgiHandler() answers 404 outside root_path and splits the path inside", async () => {
  const app: WSGIFramework = (environ, startResponse) => {
    startResponse("200 OK", []);
    return [`${environ.SCRIPT_NAME}|${environ.PATH_INFO}|${environ.QUERY_STRING}`];
  };
  const refusals: string[] = [];
  const options = { rootPath: "/pre", logRefusal: (line: string) => refusals.push(line) };
  const outside = await runWSGI(app, { target: "/prefix" }, options);
  assert.deepEqual(outside.head, { status: 404, fields: [["content-length", "0"]] });
  assert.deepEqual(refusals, [`Refused GET with 404: the path is not below "/pre"`]);
  const inside = await runWSGI(app, { target: "/pre/fix?a=b" }, options);
  assert.equal(inside.text, "/pre|/fix|a=b");
});

Deno.test("wsgiHandler() sends wsgi.errors to logError, an incomplete line at the end", async () => {
  const lines: string[] = [];
  const app: WSGIFramework = (environ, startResponse) => {
    environ["wsgi.errors"].write("first\nsecond");
    startResponse("200 OK", []);
    throw new Error("broken");
  };
  const done = runWSGI(app, {}, { logError: (line) => lines.push(line) });
  await assert.rejects(done, { message: "broken" });
  assert.deepEqual(lines, ["first", "second"]);
});

// Iteration, close() and disconnects

const CLOSE_ROWS: { name: string; steps: (string | Error)[]; log: string[] }[] = [
  { name: "at the end", steps: ["a"], log: ["next", "next", "close"] },
  { name: "of an empty result", steps: [], log: ["next", "close"] },
  {
    name: "after a failure of the iterator",
    steps: ["a", new Error("x")],
    log: ["next", "next", "close"],
  },
  { name: "after a failure of the first step", steps: [new Error("x")], log: ["next", "close"] },
];

for (const { name, steps, log } of CLOSE_ROWS) {
  Deno.test(`wsgiHandler() calls close() once ${name}`, async () => {
    const result = new Watched(...steps);
    const failure = steps.find((step) => step instanceof Error);
    const done = runWSGI(answering(result));
    if (failure === undefined) await done;
    else await assert.rejects(done, (error) => error === failure);
    assert.deepEqual(result.log, log);
  });
}

for (const { name, parts } of [{ name: "sent", parts: ["a"] }, { name: "refused", parts: [1] }]) {
  Deno.test(`wsgiHandler() calls close() of an array once when it was ${name}`, async () => {
    let closed = 0;
    const result = Object.assign(parts, { close: () => closed++ });
    await runWSGI(answering(result)).catch((error) => assert.ok(error instanceof ApplicationError));
    assert.equal(closed, 1);
  });
}

Deno.test("wsgiHandler() asks for the next chunk only when the last one was taken", async () => {
  const result = new Watched("a", "b");
  const exchange = new FakeExchange();
  exchange.holdWrites();
  const done = wsgiHandler(answering(result), OPTIONS)(exchange);
  await exchange.until("write");
  await settled();
  assert.deepEqual(result.log, ["next"]);
  exchange.settleWrite();
  await exchange.until("write", 2);
  assert.deepEqual(result.log, ["next", "next"]);
  exchange.releaseWrites();
  await done;
});

Deno.test("wsgiHandler() stops, closes and returns the iterator when the client leaves", async () => {
  const result = new Watched("a", "b", "c");
  const exchange = new FakeExchange();
  exchange.holdWrites();
  const done = wsgiHandler(answering(result), OPTIONS)(exchange);
  await exchange.until("write");
  exchange.disconnect();
  await assert.rejects(done, DisconnectError);
  assert.deepEqual(result.log, ["next", "close", "return"]);
});

Deno.test("wsgiHandler() leaves a result of endless empty chunks when the client leaves", async () => {
  let chunks = 0;
  const idle = function* () {
    for (;;) {
      chunks++;
      yield "";
    }
  };
  const exchange = new FakeExchange();
  const done = wsgiHandler(answering(idle()), OPTIONS)(exchange);
  await settled();
  assert.ok(chunks > 0);
  exchange.disconnect();
  await assert.rejects(done, DisconnectError);
});

Deno.test("wsgiHandler() runs the finally block of a generator that is stopped early", async () => {
  let released = false;
  const result = function* () {
    try {
      yield "abc";
      yield "never sent";
    } finally {
      released = true;
    }
  };
  await runWSGI(answering(result(), [["content-length", "3"]]));
  assert.ok(released);
});

Deno.test("wsgiHandler() rejects with the first failure and logs that of close()", async () => {
  const lines: string[] = [];
  const result = new Watched(new Error("first"));
  result.close = () => {
    throw new Error("second");
  };
  const done = runWSGI(answering(result), {}, { logError: (line) => lines.push(line) });
  await assert.rejects(done, { message: "first" });
  assert.deepEqual(lines, ["Cannot close the result of the WSGI application: Error: second"]);
});

Deno.test("wsgiHandler() rejects when close() fails after a complete response", async () => {
  const result = new Watched("a");
  result.close = () => {
    throw new Error("close failed");
  };
  const exchange = new FakeExchange();
  await assert.rejects(wsgiHandler(answering(result), OPTIONS)(exchange), {
    message: "close failed",
  });
  assert.equal(exchange.state, "ended");
});

Deno.test("wsgiHandler() leaves no rejection unhandled when end() throws beside a failed write", async () => {
  const exchange = new FakeExchange();
  exchange.write = () => Promise.reject(new DisconnectError());
  exchange.end = () => {
    throw new ApplicationError("out of order");
  };
  await assert.rejects(wsgiHandler(answering(["a"]), OPTIONS)(exchange), {
    message: "out of order",
  });
  await settled();
});

Deno.test("denyWebSocket() answers the handshake with 403", async () => {
  const exchange = new FakeWebSocketExchange();
  const refusals: string[] = [];
  await denyWebSocket((line) => refusals.push(line))(exchange);
  assert.deepEqual(refusals, ["Refused GET with 403: WSGI has no WebSockets"]);
  assert.deepEqual(exchange.head, { status: 403, fields: [["content-length", "0"]] });
  assert.deepEqual(exchange.calls, ["respond", "end"]);
});
