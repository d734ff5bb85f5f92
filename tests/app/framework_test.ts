import assert from "node:assert/strict";
import { type AdapterOptions, detectMode, normalise } from "../../src/app/framework.ts";
import type { Framework, Mode } from "../../src/framework_types.ts";
import { dispatcher, proxyFix, redirectToHttps } from "../../src/middleware/mod.ts";
import { FakeExchange, FakeWebSocketExchange } from "../_support/fake_exchange.ts";
import { LogSink } from "../_support/log_sink.ts";

const OPTIONS: AdapterOptions = {
  rootPath: "",
  maxAppQueueSize: 10,
  wsgiMaxBodySize: 1000,
  multiprocess: false,
  log: new LogSink(),
};

class Router {
  readonly #text = "from a class";
  fetch(): Response {
    return new Response(this.#text);
  }
}

const DETECTED: { name: string; app: unknown; mode: Mode }[] = [
  { name: "a function without parameters", app: () => new Response(), mode: "fetch" },
  { name: "a function of one", app: (_request: Request) => new Response(), mode: "fetch" },
  { name: "a function of two", app: (_a: unknown, _b: unknown) => new Response(), mode: "fetch" },
  { name: "a function with rest parameters", app: (..._all: unknown[]) => 0, mode: "fetch" },
  { name: "an object with fetch", app: { fetch: () => new Response() }, mode: "fetch" },
  { name: "an object of a class with fetch", app: new Router(), mode: "fetch" },
  {
    name: "a function of three that has fetch",
    app: Object.assign((_a: unknown, _b: unknown, _c: unknown) => 0, { fetch: () => 0 }),
    mode: "fetch",
  },
  { name: "a function of three", app: (_s: unknown, _r: unknown, _t: unknown) => 0, mode: "asgi" },
  {
    name: "an async function of three",
    async app(_scope: unknown, _receive: unknown, _send: unknown) {},
    mode: "asgi",
  },
  {
    name: "an arrow with startResponse",
    app: (_e: unknown, startResponse: unknown) => startResponse,
    mode: "wsgi",
  },
  // deno-lint-ignore camelcase -- the name that PEP 3333 uses
  {
    name: "an arrow with start_response",
    app: (_e: unknown, start_response: unknown) => start_response,
    mode: "wsgi",
  },
  {
    name: "a named function with startResponse",
    app: function app(_environ: unknown, startResponse: unknown) {
      return startResponse;
    },
    mode: "wsgi",
  },
  {
    name: "a generator function with startResponse",
    app: function* (_environ: unknown, startResponse: unknown) {
      yield startResponse;
    },
    mode: "wsgi",
  },
  {
    name: "a method with startResponse",
    app: {
      app(_environ: unknown, startResponse: unknown) {
        return startResponse;
      },
    }.app,
    mode: "wsgi",
  },
  {
    name: "a function whose second parameter only begins like it",
    app: (_e: unknown, startResponses: unknown) => startResponses,
    mode: "fetch",
  },
];

for (const { name, app, mode } of DETECTED) {
  Deno.test(`detectMode() takes ${name} for ${mode}`, () => {
    assert.equal(detectMode(app), mode);
  });
}

const REFUSED: { name: string; app: unknown; message: RegExp }[] = [
  { name: "undefined", app: undefined, message: /^Cannot serve undefined: expected a function/ },
  { name: "null", app: null, message: /^Cannot serve null/ },
  { name: "a string", app: "main:app", message: /^Cannot serve the string "main:app"/ },
  { name: "an object without fetch", app: { handler() {} }, message: /^Cannot serve an Object/ },
  {
    name: "an object whose fetch is no function",
    app: { fetch: 1 },
    message: /^Cannot serve an Object/,
  },
  {
    name: "a function of four",
    app: function four(_a: unknown, _b: unknown, _c: unknown, _d: unknown) {},
    message:
      /^Cannot tell the form of the function four with 4 parameters: pass mode: "fetch", "asgi" or "wsgi"$/,
  },
];

for (const { name, app, message } of REFUSED) {
  Deno.test(`detectMode() refuses ${name}`, () => {
    assert.throws(() => detectMode(app), { name: "TypeError", message });
  });
}

Deno.test("normalise() lets mode win over detection", async () => {
  const app = ((_environ: unknown, begin: (status: string, headers: []) => void) => {
    begin("200 OK", []);
    return ["wsgi"];
  }) as Framework;
  assert.equal(detectMode(app), "fetch");
  const exchange = new FakeExchange();
  await normalise(app, "wsgi", OPTIONS).http(exchange);
  assert.equal(exchange.text, "wsgi");
});

Deno.test("normalise() refuses an unknown mode", () => {
  const mode = "cgi" as Mode;
  assert.throws(() => normalise(() => new Response(), mode, OPTIONS), {
    name: "TypeError",
    message: 'Cannot use mode "cgi": expected "fetch", "asgi" or "wsgi"',
  });
});

for (const mode of ["fetch", "asgi", "wsgi"] as const) {
  Deno.test(`normalise() refuses an object without fetch as ${mode}`, () => {
    assert.throws(() => normalise({} as Framework, mode, OPTIONS), {
      name: "TypeError",
      message: `Cannot serve an Object as ${mode}: expected a function`,
    });
  });
}

Deno.test("normalise() keeps the receiver of an object with fetch", async () => {
  const { fetch, http } = normalise(new Router(), undefined, OPTIONS);
  const exchange = new FakeExchange();
  await http(exchange);
  assert.equal(exchange.text, "from a class");
  const info = {} as Parameters<NonNullable<typeof fetch>>[1];
  assert.equal(await (await fetch!(new Request("http://h/"), info)).text(), "from a class");
});

Deno.test("normalise() gives only fetch applications the short cut, only ASGI a lifespan", () => {
  const shapes = (["fetch", "asgi", "wsgi"] as const).map((mode) => {
    const application = normalise(() => new Response(), mode, OPTIONS);
    return [mode, "fetch" in application, "startup" in application, "shutdown" in application];
  });
  assert.deepEqual(shapes, [
    ["fetch", true, false, false],
    ["asgi", false, true, true],
    ["wsgi", false, false, false],
  ]);
});

Deno.test("normalise() denies WebSockets of WSGI applications with 403", async () => {
  const exchange = new FakeWebSocketExchange();
  await normalise(() => assert.fail("called"), "wsgi", OPTIONS).websocket(exchange);
  assert.equal(exchange.head?.status, 403);
});

for (const mode of ["fetch", "asgi", "wsgi"] as const) {
  const has = mode !== "wsgi";
  Deno.test(`normalise() gives ${mode} applications ${has ? "" : "no "}WebTransport, and middleware around them too`, () => {
    const app = () => assert.fail("called");
    const around = [dispatcher([{ app }]), proxyFix(app), redirectToHttps(app)];
    for (const framework of [app, ...around]) {
      assert.equal("webtransport" in normalise(framework, mode, OPTIONS), has);
    }
  });
}

Deno.test("normalise() shares the lifespan state with every ASGI scope", async () => {
  const application = normalise(
    async (scope, receive, send) => {
      if (scope.type === "lifespan") {
        scope.state.greeting = "hello";
        await receive();
        return await send({ type: "lifespan.startup.complete" });
      }
      await send({ type: "http.response.start", status: 200 });
      await send({ type: "http.response.body", body: String(scope.state.greeting) });
    },
    "asgi",
    OPTIONS,
  );
  await application.startup?.();
  const exchange = new FakeExchange();
  await application.http(exchange);
  assert.equal(exchange.text, "hello");
});
