import assert from "node:assert/strict";
import { asgiHttp } from "../../src/app/asgi_http.ts";
import type { ASGIFramework, ASGISendEvent } from "../../src/asgi_types.ts";
import { ApplicationError, DisconnectError, UnexpectedMessageError } from "../../src/errors.ts";
import { SENDS_AFTER_DISCONNECT } from "../../src/limits.ts";
import { FakeExchange, type FakeExchangeOptions, settled } from "../_support/fake_exchange.ts";

const OPTIONS = { rootPath: "", state: {}, maxAppQueueSize: 10 };
const START = { type: "http.response.start", status: 200 } as const;
const PART = { type: "http.response.body", body: "part", more_body: true } as const;
const END = { type: "http.response.body", body: "end" } as const;
const TRAILED = { ...START, trailers: true } as const;
const TRAILERS = { type: "http.response.trailers", headers: [["X-Sum", "1"]] } as const;
const HINT = { type: "http.response.early_hint", links: ["</a>; rel=preload"] } as const;
const FILE = { type: "http.response.pathsend", path: "/tmp/file" } as const;

/** Runs an application to its end. */
async function run(app: ASGIFramework, options: FakeExchangeOptions = {}): Promise<FakeExchange> {
  const exchange = new FakeExchange(options);
  await asgiHttp(app, OPTIONS)(exchange);
  return exchange;
}

/** An application that sends these messages. */
function sending(...messages: ASGISendEvent[]): ASGIFramework {
  return async (_scope, _receive, send) => {
    for (const message of messages) await send(message);
  };
}

Deno.test("asgiHttp() sends head, content and end", async () => {
  const headers = [["X-A", " b "], [new Uint8Array([0x58]), new Uint8Array([0xe9])]] as const;
  const exchange = await run(sending({ ...START, status: 201, headers }, PART, END));
  assert.deepEqual(exchange.head, { status: 201, fields: [["x-a", "b"], ["x", "\xe9"]] });
  assert.deepEqual(exchange.calls, ["respond", "write", "write", "end"]);
  assert.equal(exchange.text, "partend");
});

Deno.test("asgiHttp() ends in the turn of the last content, so that drivers can send one piece", async () => {
  const exchange = new FakeExchange();
  exchange.holdWrites();
  const done = asgiHttp(sending(START, END), OPTIONS)(exchange);
  await exchange.until("write");
  assert.deepEqual(exchange.calls, ["respond", "write", "end"]);
  exchange.releaseWrites();
  await done;
});

Deno.test('asgiHttp() accepts a status in digits, as Hypercorn does: "202"', async () => {
  const exchange = await run(sending({ ...START, status: "202" as unknown as number }, END));
  assert.equal(exchange.head?.status, 202);
});

Deno.test("asgiHttp() sends trailers in one or more messages", async () => {
  const more = { ...TRAILERS, more_trailers: true };
  const exchange = await run(sending(TRAILED, END, more, TRAILERS));
  assert.deepEqual(exchange.sentTrailers, [["x-sum", "1"], ["x-sum", "1"]]);
  assert.deepEqual(exchange.calls, ["respond", "write", "end"]);
});

Deno.test("asgiHttp() drops announced trailers where the protocol has none", async () => {
  const exchange = await run(sending(TRAILED, END, TRAILERS), { supports: { trailers: false } });
  assert.equal(exchange.sentTrailers, null);
  assert.equal(exchange.state, "ended");
});

Deno.test("asgiHttp() sends hints before the start", async () => {
  const exchange = await run(sending(HINT, HINT, START, END));
  const hint = { status: 103, fields: [["link", "</a>; rel=preload"]] };
  assert.deepEqual(exchange.informational, [hint, hint]);
});

Deno.test("asgiHttp() sends a file", async () => {
  const exchange = await run(sending(START, FILE));
  assert.equal(exchange.sentFile, "/tmp/file");
  assert.equal(exchange.state, "ended");
});

// The state machine: each state is reached by messages; the listed ones are accepted then.

const REACHED: Record<string, readonly ASGISendEvent[]> = {
  REQUEST: [],
  RESPONSE: [START],
  TRAILERS: [TRAILED, END],
  CLOSED: [START, END],
};

const MESSAGES: readonly { message: ASGISendEvent; accepted: readonly string[] }[] = [
  { message: START, accepted: ["REQUEST"] },
  { message: END, accepted: ["RESPONSE"] },
  { message: FILE, accepted: ["RESPONSE"] },
  { message: HINT, accepted: ["REQUEST"] },
  { message: TRAILERS, accepted: ["TRAILERS"] },
  { message: { type: "websocket.accept" }, accepted: [] },
  { message: { type: "lifespan.startup.complete" }, accepted: [] },
];

for (const [state, before] of Object.entries(REACHED)) {
  for (const { message, accepted } of MESSAGES) {
    const legal = accepted.includes(state);
    Deno.test(`asgiHttp() ${legal ? "accepts" : "refuses"} ${message.type} in state ${state}`, async () => {
      let thrown: unknown;
      const app: ASGIFramework = async (_scope, _receive, send) => {
        for (const earlier of before) await send(earlier);
        await send(message).catch((error) => thrown = error);
      };
      await run(app).catch(() => {}); // what is left undone is not the point here
      if (legal) return assert.equal(thrown, undefined);
      assert.ok(thrown instanceof UnexpectedMessageError);
      assert.equal(
        thrown.message,
        `Unexpected message type, ${message.type} given the state ${state}`,
      );
    });
  }
}

for (
  const { message, missing } of [
    { message: HINT, missing: "informational" },
    { message: FILE, missing: "sendFile" },
  ] as const
) {
  Deno.test(`asgiHttp() refuses ${message.type} where the protocol has no ${missing}`, async () => {
    const before = message === FILE ? [START] : [];
    const done = run(sending(...before, message), { supports: { [missing]: false } });
    await assert.rejects(done, UnexpectedMessageError);
  });
}

for (
  const { name, messages, reason } of [
    { name: "nothing", messages: [], reason: /without sending "http.response.start"/ },
    { name: "only the start", messages: [START], reason: /the state is RESPONSE/ },
    { name: "half the content", messages: [START, PART], reason: /the state is RESPONSE/ },
    { name: "no announced trailers", messages: [TRAILED, END], reason: /the state is TRAILERS/ },
  ]
) {
  Deno.test(`asgiHttp() rejects when the application sent ${name}`, async () => {
    await assert.rejects(run(sending(...messages)), { name: "ApplicationError", message: reason });
  });
}

Deno.test("asgiHttp() rejects when the application returned a Response, naming the mode", async () => {
  const app = (() => Promise.resolve(new Response())) as unknown as ASGIFramework;
  await assert.rejects(run(app), (error: Error) => {
    assert.ok(error instanceof ApplicationError);
    assert.match(error.message, /received a Response.* mode: "fetch"/);
    return true;
  });
});

Deno.test("asgiHttp() refuses content in shared memory before it ends the response", async () => {
  const exchange = new FakeExchange();
  const body = new Uint8Array(new SharedArrayBuffer(4));
  await assert.rejects(
    asgiHttp(sending(START, { type: "http.response.body", body }), OPTIONS)(exchange),
    { name: "ApplicationError", message: /shared memory/ },
  );
  assert.deepEqual(exchange.calls, ["respond"]);
});

Deno.test("asgiHttp() passes on what the application throws", async () => {
  const failure = new Error("boom");
  await assert.rejects(run(() => Promise.reject(failure)), (error) => error === failure);
});

// Disconnects

Deno.test("asgiHttp() ignores messages to a client that left, then tells the application", async () => {
  let ignored = 0;
  const app: ASGIFramework = async (_scope, _receive, send) => {
    await send(START);
    exchange.disconnect();
    for (;;) {
      await send(PART);
      ignored++;
    }
  };
  const exchange = new FakeExchange();
  await assert.rejects(asgiHttp(app, OPTIONS)(exchange), DisconnectError);
  assert.equal(ignored, SENDS_AFTER_DISCONNECT);
});

Deno.test("asgiHttp() accepts that an application returns early when the client left", async () => {
  const app: ASGIFramework = async (_scope, _receive, send) => {
    await send(START);
    exchange.disconnect();
    await send(PART);
  };
  const exchange = new FakeExchange();
  await asgiHttp(app, OPTIONS)(exchange);
});

Deno.test("asgiHttp() ignores a whole response after a disconnect", async () => {
  const exchange = new FakeExchange();
  await asgiHttp(async (_scope, _receive, send) => {
    exchange.disconnect();
    await send({ type: "http.response.start", status: 200, headers: [] });
    await send({ type: "http.response.body", body: "one", more_body: true });
    await send({ type: "http.response.body", body: "two" });
  }, OPTIONS)(exchange);
});

Deno.test("asgiHttp() reports the disconnect when the application waited for it and sent nothing", async () => {
  const app: ASGIFramework = async (_scope, receive) => {
    await receive();
    assert.deepEqual(await receive(), { type: "http.disconnect" });
  };
  const exchange = new FakeExchange();
  const done = asgiHttp(app, OPTIONS)(exchange);
  await settled();
  exchange.disconnect();
  await assert.rejects(done, DisconnectError);
});

Deno.test("asgiHttp() gives the disconnect after the response, once", async () => {
  const seen: string[] = [];
  const app: ASGIFramework = async (_scope, receive, send) => {
    await send(START);
    await send(END);
    for (let count = 0; count < 2; count++) seen.push((await receive()).type);
  };
  await run(app);
  assert.deepEqual(seen, ["http.request", "http.disconnect"]);
});

Deno.test("asgiHttp() leaves no rejection unhandled when sends are not awaited", async () => {
  const app: ASGIFramework = async (_scope, _receive, send) => {
    send(END); // out of order
    await send(START);
    exchange.disconnect();
    for (let count = 0; count < 2 * SENDS_AFTER_DISCONNECT; count++) send(PART);
    await settled();
  };
  const exchange = new FakeExchange();
  await asgiHttp(app, OPTIONS)(exchange);
  await settled();
});
