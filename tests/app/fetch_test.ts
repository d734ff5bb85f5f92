import assert from "node:assert/strict";
import { fetchApplication } from "../../src/app/fetch.ts";
import { ApplicationError, DisconnectError } from "../../src/errors.ts";
import type { FetchHandler, FetchInfo } from "../../src/fetch_types.ts";
import { upgradeWebSocket } from "../../mod.ts";
import {
  FakeExchange,
  type FakeExchangeOptions,
  FakeWebSocketExchange,
  settled,
} from "../_support/fake_exchange.ts";

/** Runs a handler to its end. */
async function run(app: FetchHandler, options: FakeExchangeOptions = {}): Promise<FakeExchange> {
  const exchange = new FakeExchange(options);
  await fetchApplication(app).http(exchange);
  return exchange;
}

/** What a handler gets. */
async function received(
  options: FakeExchangeOptions,
): Promise<{ request: Request; info: FetchInfo; text: string }> {
  let seen: { request: Request; info: FetchInfo; text: string } | undefined;
  await run(async (request, info) => {
    seen = { request, info, text: await request.text() };
    return new Response();
  }, options);
  return seen!;
}

// The request

Deno.test("a fetch handler gets the request as it was received", async () => {
  const { request, text } = await received({
    method: "POST",
    scheme: "https",
    authority: "h:81",
    target: "/a/../b%zz?x=%20#f",
    fields: [["x-a", "caf\xe9"], ["x-a", "2"]],
    content: ["ab", "c"],
  });
  assert.equal(request.url, "https://h:81/a/../b%zz?x=%20#f");
  assert.equal(request.method, "POST");
  assert.deepEqual([...request.headers], [["host", "h:81"], ["x-a", "caf\xe9, 2"]]);
  assert.equal(text, "abc");
});

for (
  const method of ["GET", "HEAD", "OPTIONS", "PROPFIND", "TRACE", "CONNECT", "get", "trace", "m-1"]
) {
  Deno.test(`a fetch handler gets method ${method} as it was received`, async () => {
    assert.equal((await received({ method })).request.method, method);
  });
}

for (const method of ["GET", "get", "DELETE", "TRACE"]) {
  Deno.test(`a fetch handler can read the content of ${method}`, async () => {
    const { request, text } = await received({
      method,
      fields: [["content-length", "3"]],
      content: "abc",
    });
    assert.deepEqual([request.method, text], [method, "abc"]);
  });
}

Deno.test("a fetch handler gets a URL where the client named no host", async () => {
  assert.equal((await received({ authority: "" })).request.url, "http://localhost/");
});

Deno.test("a fetch handler pulls content piece by piece", async () => {
  const exchange = new FakeExchange({ method: "POST", content: ["a", "b"] });
  const app: FetchHandler = async (request) => {
    await settled();
    assert.deepEqual(exchange.calls, []);
    const { value } = await request.body!.getReader().read();
    await settled();
    assert.deepEqual(exchange.calls, ["read"]);
    return new Response(value);
  };
  await fetchApplication(app).http(exchange);
  assert.equal(exchange.text, "a");
});

Deno.test("a fetch handler gets both addresses and the version", async () => {
  const { info } = await received({ httpVersion: "2" });
  assert.deepEqual(info.remoteAddr, { transport: "tcp", hostname: "192.0.2.1", port: 50_000 });
  assert.deepEqual(info.localAddr, { transport: "tcp", hostname: "127.0.0.1", port: 8000 });
  assert.equal(info.httpVersion, "2");
  const quic = await received({ httpVersion: "3" });
  assert.equal(quic.info.remoteAddr.transport, "udp");
  const unix = await received({ peer: { client: null, server: null } });
  assert.deepEqual(unix.info.remoteAddr, { transport: "unix", path: "" });
});

// The response

Deno.test("a Response is written with its status, fields and content", async () => {
  const headers: [string, string][] = [["set-cookie", "a=1"], ["set-cookie", "b=2"], ["x", "\xe9"]];
  const exchange = await run(() => new Response("text", { status: 201, headers }));
  assert.equal(exchange.head?.status, 201);
  assert.deepEqual(
    exchange.head.fields.filter(([name]) => name === "set-cookie"),
    [["set-cookie", "a=1"], ["set-cookie", "b=2"]],
  );
  assert.equal(exchange.field("x"), "\xe9");
  assert.equal(exchange.text, "text");
  assert.deepEqual(exchange.calls, ["respond", "write", "end"]);
});

for (
  const { title, method = "GET", status = 200, content, declared } of [
    { title: "text", content: "text", declared: undefined },
    { title: "bytes", content: new Uint8Array(3), declared: undefined },
    { title: "nothing", content: null, declared: undefined },
    { title: "nothing, with status 204", status: 204, content: null, declared: undefined },
    { title: "nothing, for HEAD", method: "HEAD", content: null, declared: "9" },
    { title: "nothing, with status 304", status: 304, content: null, declared: "9" },
  ]
) {
  Deno.test(`a Response with the content-length of another, and ${title}, has ${declared ?? "none"} of it`, async () => {
    const respond = () => new Response(content, { status, headers: { "content-length": "9" } });
    const exchange = await run(respond, { method });
    assert.equal(exchange.head?.status, status);
    assert.equal(exchange.field("content-length"), declared);
    assert.equal(exchange.calls.at(-1), "end");
  });
}

Deno.test("a Response without content is ended without a write", async () => {
  const exchange = await run(() => new Response(null, { status: 204 }));
  assert.deepEqual(exchange.calls, ["respond", "end"]);
});

Deno.test("a response stream is asked for more when the transport wants more", async () => {
  let pulled = 0;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (++pulled > 3) controller.close();
      else controller.enqueue(new Uint8Array(1));
    },
  }, { highWaterMark: 0 });
  const exchange = new FakeExchange();
  exchange.holdWrites();
  const done = fetchApplication(() => new Response(body)).http(exchange);
  await exchange.until("write");
  await settled();
  assert.equal(pulled, 1);
  exchange.settleWrite();
  await exchange.until("write", 2);
  await settled();
  assert.equal(pulled, 2);
  exchange.releaseWrites();
  await done;
});

Deno.test("info.requestTrailers() gives the trailers of the request after its content", async () => {
  const exchange = new FakeExchange({ method: "POST", content: { open: true } });
  exchange.feed(new Uint8Array([0x61]));
  exchange.endContent([["x-sum", "1"], ["x-sum", "2"]]);
  let seen: unknown;
  await fetchApplication(async (request, info) => {
    seen = [await request.text(), (await info.requestTrailers())?.get("x-sum")];
    return new Response();
  }).http(exchange);
  assert.deepEqual(seen, ["a", "1, 2"]);
});

Deno.test("info.requestTrailers() gives null when there were none", async () => {
  const { info } = await received({ method: "POST" });
  assert.equal(await info.requestTrailers(), null);
});

Deno.test("info.trailers() sends trailers, from a function called when the content has ended", async () => {
  let callsBefore: unknown;
  const exchange = new FakeExchange();
  await fetchApplication((_request, info) => {
    const sent = info.trailers(() => {
      callsBefore = [...exchange.calls];
      return { "X-Sum": "1" };
    });
    assert.equal(sent, true);
    return new Response("content");
  }).http(exchange);
  assert.deepEqual(exchange.sentTrailers, [["x-sum", "1"]]);
  assert.deepEqual(callsBefore, ["respond", "write"]);
});

Deno.test("info says false for what the protocol cannot carry", async () => {
  const answers: boolean[] = [];
  const exchange = await run((_request, info) => {
    answers.push(info.trailers({ a: "b" }), info.informational(103, { link: "</a>" }));
    return new Response();
  }, { supports: { trailers: false, informational: false } });
  assert.deepEqual(answers, [false, false]);
  assert.deepEqual([exchange.sentTrailers, exchange.informational], [null, []]);
});

Deno.test("info.informational() sends an interim response", async () => {
  const exchange = await run((_request, info) => {
    assert.equal(info.informational(103, { Link: "</a>" }), true);
    return new Response();
  });
  assert.deepEqual(exchange.informational, [{ status: 103, fields: [["link", "</a>"]] }]);
});

Deno.test("info.completed settles with the response", async () => {
  let completed: Promise<void> | undefined;
  await run((_request, info) => {
    completed = info.completed;
    return new Response("x");
  });
  await completed;
});

// Failures

for (
  const { name, result, message } of [
    { name: "undefined", result: undefined, message: /received undefined\..*mode: "asgi"/ },
    { name: "a function", result: () => {}, message: /received the function .*--factory/ },
    { name: "an iterable", result: ["x"], message: /received an Array\..*mode: "wsgi"/ },
    { name: "a string", result: "x", message: /received the string "x"/ },
    { name: "an object", result: {}, message: /received an Object/ },
  ]
) {
  Deno.test(`a fetch handler that returns ${name} is refused`, async () => {
    const done = run((() => result) as unknown as FetchHandler);
    await assert.rejects(done, { name: "ApplicationError", message });
  });
}

Deno.test("what a fetch handler throws is passed on, and rejects info.completed", async () => {
  const failure = new Error("boom");
  let completed: Promise<void> | undefined;
  const done = run((_request, info) => {
    completed = info.completed;
    throw failure;
  });
  await assert.rejects(done, (error) => error === failure);
  await assert.rejects(completed!, (error) => error === failure);
});

Deno.test("a failing response stream is passed on", async () => {
  const failure = new Error("boom");
  const body = new ReadableStream({ pull: () => Promise.reject(failure) });
  await assert.rejects(run(() => new Response(body)), (error) => error === failure);
});

for (
  const { name, response } of [
    {
      name: "consumed already",
      response: async () => {
        const used = new Response("x");
        await used.text();
        return used;
      },
    },
    {
      name: "locked",
      response: () => {
        const locked = new Response("x");
        locked.body!.getReader();
        return locked;
      },
    },
  ]
) {
  Deno.test(`a Response whose content is ${name} is refused before anything is sent`, async () => {
    const exchange = new FakeExchange();
    await assert.rejects(fetchApplication(response).http(exchange), ApplicationError);
    assert.deepEqual(exchange.calls, []);
  });
}

// Disconnects

/** A response stream that never ends, and the reasons it was cancelled with. */
function endless(): { response: Response; reasons: unknown[] } {
  const reasons: unknown[] = [];
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (controller) => controller.enqueue(new Uint8Array(1)),
    cancel: (reason) => void reasons.push(reason),
  });
  return { response: new Response(body), reasons };
}

Deno.test("request.signal aborts with the disconnect, and reading the content fails", async () => {
  const exchange = new FakeExchange({ method: "POST", content: { open: true } });
  let reason: unknown;
  const done = fetchApplication(async (request) => {
    request.signal.addEventListener("abort", () => reason = request.signal.reason);
    return new Response(await request.text());
  }).http(exchange);
  await exchange.until("read");
  const disconnect = exchange.disconnect();
  await assert.rejects(done, DisconnectError);
  assert.equal(reason, disconnect);
});

Deno.test("a response stream is cancelled when the client leaves between two pieces", async () => {
  const { response, reasons } = endless();
  const exchange = new FakeExchange();
  const done = fetchApplication(() => response).http(exchange);
  await exchange.until("write");
  await settled();
  const disconnect = exchange.disconnect();
  await assert.rejects(done, DisconnectError);
  assert.deepEqual(reasons, [disconnect]);
});

Deno.test("a response stream is cancelled when the client left before the handler answered", async () => {
  const { response, reasons } = endless();
  const exchange = new FakeExchange();
  const done = fetchApplication(async () => {
    await settled();
    return response;
  }).http(exchange);
  exchange.respond = () => Promise.reject(exchange.disconnect());
  await assert.rejects(done, DisconnectError);
  assert.equal(reasons.length, 1);
  assert.ok(reasons[0] instanceof DisconnectError);
});

// WebSockets

Deno.test("a WebSocket handshake can be answered with an ordinary response", async () => {
  const exchange = new FakeWebSocketExchange();
  await fetchApplication(() => new Response("no", { status: 403 })).websocket(exchange);
  assert.equal(exchange.head?.status, 403);
  assert.equal(exchange.text, "no");
});

Deno.test("upgradeWebSocket() accepts the handshake with subprotocol and fields", async () => {
  const exchange = new FakeWebSocketExchange({ subprotocols: ["a", "b"] });
  const done = fetchApplication((request) => {
    const { socket, response } = upgradeWebSocket(request, {
      protocol: "b",
      headers: { "x-a": "1" },
    });
    socket.onmessage = ({ data }) => {
      socket.send(`echo ${data}`);
      socket.close(1000, "done");
    };
    return response;
  }).websocket(exchange);
  exchange.message("hi");
  await done;
  assert.equal(exchange.accepted?.subprotocol, "b");
  assert.deepEqual(exchange.accepted.fields, [["x-a", "1"]]);
  assert.deepEqual(exchange.sent, ["echo hi"]);
  assert.deepEqual(exchange.closed, { code: 1000, reason: "done" });
});

Deno.test("a WebSocket of HTTP/3 looks to fetch applications like one of HTTP/1.1", async () => {
  const exchange = new FakeWebSocketExchange({
    method: "CONNECT",
    httpVersion: "3",
    target: "/chat",
    fields: [["host", "localhost"], ["sec-websocket-version", "13"]],
  });
  let seen: unknown[] = [];
  await fetchApplication((request, info) => {
    const { method, url, headers } = request;
    seen = [method, url, [...headers], new Request(request).method, info.httpVersion];
    return new Response(null, { status: 403 });
  }).websocket(exchange);
  assert.deepEqual(seen, [
    "GET",
    "http://localhost/chat",
    [["connection", "Upgrade"], ["host", "localhost"], ["sec-websocket-version", "13"], [
      "upgrade",
      "websocket",
    ]],
    "GET",
    "3",
  ]);
});

Deno.test("an application that takes no notice of a WebSocket by GET answers as to any request", async () => {
  const exchange = new FakeWebSocketExchange();
  await fetchApplication(() => new Response("page")).websocket(exchange);
  assert.deepEqual([exchange.head?.status, exchange.text], [200, "page"]);
});

Deno.test("an application that takes no notice of a WebSocket by CONNECT has the driver deny it with 501", async () => {
  const exchange = new FakeWebSocketExchange({ method: "CONNECT" });
  let completed: Promise<void> | undefined;
  const done = fetchApplication((_request, info) => {
    completed = info.completed;
    return new Response("page");
  }).websocket(exchange);
  await assert.rejects(done, { name: "HandshakeError", status: 501 });
  await completed;
  assert.equal(exchange.head, null);
});

Deno.test("upgradeWebSocket() on an exchange passes on idleTimeout, and tells what the exchange holds", async () => {
  const exchange = new FakeWebSocketExchange();
  Object.defineProperty(exchange, "buffered", { value: 7 });
  const amounts: number[] = [];
  await fetchApplication((request) => {
    const { socket, response } = upgradeWebSocket(request, { idleTimeout: 3 });
    socket.onopen = () => {
      amounts.push(socket.bufferedAmount);
      socket.close();
    };
    return response;
  }).websocket(exchange);
  assert.equal(exchange.accepted?.idleTimeout, 3);
  assert.deepEqual(amounts, [7]);
});
