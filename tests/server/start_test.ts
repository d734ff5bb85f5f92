import assert from "node:assert/strict";
import {
  type ASGIFramework,
  type ConfigInit,
  type FetchHandler,
  LifespanError,
  LifespanTimeoutError,
  start,
  toFetchHandler,
  type WSGIFramework,
} from "../../mod.ts";
import { LogSink } from "../_support/log_sink.ts";

function options(log: LogSink | null = null): ConfigInit {
  return { bind: "127.0.0.1:0", errorlog: log, startupTimeout: 0.2 };
}

const FAILING: { name: string; app: ASGIFramework; reason: string }[] = [
  {
    name: "lifespan.startup.failed",
    app: async (_scope, _receive, send) =>
      await send({ type: "lifespan.startup.failed", message: "no database" }),
    reason: "Lifespan failure in startup: no database",
  },
  {
    name: "lifespan.startup.failed without a message",
    app: async (_scope, _receive, send) => await send({ type: "lifespan.startup.failed" }),
    reason: "Lifespan failure in startup: the application gave no reason",
  },
];

for (const { name, app, reason } of FAILING) {
  Deno.test(`start() rejects after ${name} and binds nothing`, async () => {
    const log = new LogSink();
    await assert.rejects(
      start(app, options(log)),
      (error) =>
        error instanceof LifespanError && error.stage === "startup" && error.message === reason,
    );
    assert.deepEqual(log.matching("Running on"), []);
  });
}

Deno.test("start() rejects with LifespanTimeoutError when the application never starts", async () => {
  const app: ASGIFramework = async (_scope, _receive, _send) => await new Promise<never>(() => {});
  await assert.rejects(
    start(app, options()),
    (error) =>
      error instanceof LifespanTimeoutError && error.stage === "startup" &&
      /raise "startup_timeout"/.test(error.message),
  );
});

Deno.test("start() rejects with what the startup hook rejected with", async () => {
  await assert.rejects(
    start(() => new Response(), options(), {
      startup: () => Promise.reject(new Error("no cache")),
    }),
    /^Error: no cache$/,
  );
});

Deno.test("start() serves an application that does not know the lifespan, with a warning", async () => {
  const log = new LogSink();
  const app: ASGIFramework = async (scope, _receive, send) => {
    if (scope.type !== "http") throw new Error(`unknown scope ${scope.type}`);
    await send({ type: "http.response.start", status: 200 });
    await send({ type: "http.response.body", body: "served" });
  };
  await using server = await start(app, options(log));
  assert.equal(await (await fetch(server.binds[0]!.url)).text(), "served");
  assert.deepEqual(log.matching("WARN"), [
    "WARN ASGI Framework Lifespan error, continuing without Lifespan support: Error: unknown scope lifespan",
  ]);
});

Deno.test("start() logs a warning for every option without effect", async () => {
  const log = new LogSink();
  await using _server = await start(() => new Response(), {
    ...options(log),
    debug: true,
    workers: 4,
  });
  assert.equal(log.matching(`WARN Option "debug"`).length, 1);
  assert.equal(log.matching(`WARN Option "workers"`).length, 1);
});

Deno.test("start() writes errorlog to a file in Hypercorn's format", async () => {
  const path = await Deno.makeTempFile();
  {
    await using server = await start(() => new Response(), { bind: "127.0.0.1:0", errorlog: path });
    const text = await Deno.readTextFile(path);
    assert.match(
      text,
      /^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}\] \[\d+\] \[INFO\] Running on http/,
    );
    assert.ok(text.includes(server.binds[0]!.url));
  }
  await Deno.remove(path);
});

Deno.test("toFetchHandler() serves each form without a socket", async () => {
  const asgi: ASGIFramework = async (scope, _receive, send) => {
    if (scope.type !== "http") return;
    await send({ type: "http.response.start", status: 201 });
    await send({ type: "http.response.body", body: scope.path });
  };
  const request = () => new Request("http://localhost/a%20b");
  const call = (handler: unknown) =>
    (handler as (request: Request) => Promise<Response>)(request());
  const fromASGI = await call(toFetchHandler(asgi));
  assert.deepEqual([fromASGI.status, await fromASGI.text()], [201, "/a b"]);
  const fromFetch = await toFetchHandler((request) => new Response(request.url))(request());
  assert.equal(await fromFetch.text(), "http://localhost/a%20b");
  const wsgi: WSGIFramework = (environ, startResponse) => {
    startResponse("202 Accepted", []);
    return [environ.PATH_INFO];
  };
  const fromWSGI = await toFetchHandler(wsgi)(request());
  assert.deepEqual([fromWSGI.status, await fromWSGI.text()], [202, "/a b"]);
});

Deno.test("toFetchHandler() fits what deno serve takes, and what serve() takes", () => {
  const handler = toFetchHandler(() => new Response());
  const module = { fetch: handler } satisfies Deno.ServeDefaultExport;
  const app: FetchHandler = module.fetch;
  assert.equal(app, handler);
});

/** An ASGI application that notes the lifespan events it gets. */
function noting(events: string[], startup = Promise.resolve()): ASGIFramework {
  return async (scope, receive, send) => {
    if (scope.type !== "lifespan") return;
    for (;;) {
      const { type } = await receive();
      events.push(type);
      if (type === "lifespan.shutdown") return await send({ type: "lifespan.shutdown.complete" });
      await startup;
      await send({ type: "lifespan.startup.complete" });
    }
  };
}

Deno.test("start() leaves nothing running when taskStatus.started() throws", async () => {
  const events: string[] = [];
  let port = 0;
  await assert.rejects(
    start(noting(events), options(), {
      taskStatus: {
        started([bind]) {
          if (bind && "port" in bind.addr) port = bind.addr.port;
          throw new Error("from started");
        },
      },
    }),
    /^Error: from started$/,
  );
  await assert.rejects(
    Deno.connect({ hostname: "127.0.0.1", port }),
    Deno.errors.ConnectionRefused,
  );
  assert.deepEqual(events, ["lifespan.startup", "lifespan.shutdown"]);
});

Deno.test("start() stops the application again when the startup hook fails", async () => {
  const events: string[] = [];
  await assert.rejects(
    start(noting(events), options(), { startup: () => Promise.reject(new Error("no cache")) }),
    /^Error: no cache$/,
  );
  assert.deepEqual(events, ["lifespan.startup", "lifespan.shutdown"]);
});

Deno.test("start() rejects with what the startup hook rejected with, whatever stopping then does", async () => {
  const app: ASGIFramework = async (_scope, receive, send) => {
    await receive();
    await send({ type: "lifespan.startup.complete" });
    await receive();
    await send({ type: "lifespan.shutdown.failed", message: "no way back" });
  };
  await assert.rejects(
    start(app, options(), { startup: () => Promise.reject(new Error("no cache")) }),
    /^Error: no cache$/,
  );
});

Deno.test("start() tells where metrics and probes are", async () => {
  const log = new LogSink();
  await using _server = await start(() => new Response(), {
    ...options(log),
    adminBind: "127.0.0.1:0",
  });
  const [, url] = /Metrics and probes on (.*)/.exec(log.lines.join("\n")) ?? [];
  assert.equal(await (await fetch(`${url}/readyz`)).text(), "ready\n");
});

Deno.test("start() stops an application that starts after the timeout", async () => {
  const events: string[] = [];
  const startup = Promise.withResolvers<void>();
  await assert.rejects(start(noting(events, startup.promise), options()), LifespanTimeoutError);
  startup.resolve();
  while (events.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.deepEqual(events, ["lifespan.startup", "lifespan.shutdown"]);
});

Deno.test("a shutdown hook that fails does not keep the application from stopping", async () => {
  const events: string[] = [];
  const server = await start(noting(events), options(), {
    shutdown: () => Promise.reject(new Error("no backup")),
  });
  await assert.rejects(server.shutdown(), /^Error: no backup$/);
  assert.deepEqual(events, ["lifespan.startup", "lifespan.shutdown"]);
});

Deno.test("toFetchHandler() takes scheme, name and port from the URL", async () => {
  const wsgi: WSGIFramework = (environ, startResponse) => {
    startResponse("200 OK", []);
    const { SERVER_NAME, SERVER_PORT } = environ;
    return [[environ["wsgi.url_scheme"], SERVER_NAME, SERVER_PORT].join(" ")];
  };
  const handler = toFetchHandler(wsgi);
  const ask = async (url: string) => await (await handler(new Request(url))).text();
  assert.equal(await ask("https://shop.example:8443/x"), "https shop.example 8443");
  assert.equal(await ask("http://shop.example/x"), "http shop.example 80");
});

Deno.test("toFetchHandler() tries a failed startup again with the next request", async () => {
  let attempts = 0;
  const app: ASGIFramework = async (scope, _receive, send) => {
    if (scope.type === "lifespan") {
      const type = ++attempts === 1 ? "lifespan.startup.failed" : "lifespan.startup.complete";
      return await send({ type });
    }
    await send({ type: "http.response.start", status: 200 });
    await send({ type: "http.response.body", body: "started" });
  };
  const handler = toFetchHandler(app);
  await assert.rejects(async () => await handler(new Request("http://h/")), LifespanError);
  assert.equal(await (await handler(new Request("http://h/"))).text(), "started");
});
