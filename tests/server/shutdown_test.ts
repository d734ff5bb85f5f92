import assert from "node:assert/strict";
import {
  type ASGIFramework,
  type ConfigInit,
  type Framework,
  LifespanError,
  LifespanTimeoutError,
  serve,
  ShutdownError,
  start,
} from "../../mod.ts";
import { LogSink } from "../_support/log_sink.ts";
import { RawClient } from "../_support/raw_client.ts";

/** Seconds a stop may take beyond its timeout on a busy machine. */
const SLACK = 15;

function options(log = new LogSink()): ConfigInit {
  return { bind: "127.0.0.1:0", gracefulTimeout: 0.3, shutdownTimeout: 0.3, errorlog: log };
}

async function seconds(work: Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work;
  return (performance.now() - started) / 1000;
}

/** An ASGI application out of its HTTP part. */
function asgi(http: ASGIFramework): ASGIFramework {
  return async (scope, receive, send) => {
    if (scope.type !== "lifespan") return await http(scope, receive, send);
    for (;;) {
      const { type } = await receive();
      if (type === "lifespan.startup") await send({ type: "lifespan.startup.complete" });
      else return await send({ type: "lifespan.shutdown.complete" });
    }
  };
}

const endless = () => new Promise<never>(() => {});

/** Endless responses that tell when the client was cut off from them. */
function sse(): Response {
  return new Response(
    new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode("data: 1\n\n")),
    }),
    { headers: { "content-type": "text/event-stream" } },
  );
}

const HANGING: { name: string; app: Framework; request: string; wait?: string }[] = [
  {
    name: "a fetch handler that never answers",
    app: endless,
    request: "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
  },
  {
    name: "a server-sent event stream of a fetch handler",
    app: sse,
    request: "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
    wait: "data: 1",
  },
  {
    name: "an ASGI application that never answers",
    app: asgi(endless),
    request: "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
  },
  {
    name: "an ASGI stream that never ends",
    app: asgi(async (_scope, _receive, send) => {
      await send({ type: "http.response.start", status: 200 });
      await send({ type: "http.response.body", body: "data: 1\n\n", more_body: true });
      await endless();
    }),
    request: "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
    wait: "data: 1",
  },
  {
    name: "an upload whose client went silent",
    app: async (request: Request) => new Response(await request.text()),
    request: "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf",
  },
  {
    name: "an ASGI upload whose client went silent",
    app: asgi(async (_scope, receive) => {
      for (;;) await receive();
    }),
    request: "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf",
  },
  {
    name: "a request head that never ends",
    app: () => new Response("x"),
    request: "GET / HTTP/1.1\r\nHost: h\r\n",
  },
  {
    name: "an idle connection",
    app: () => new Response("x"),
    request: "",
  },
];

for (const { name, app, request, wait } of HANGING) {
  Deno.test(`shutdown() ends within graceful_timeout with ${name}`, async () => {
    const log = new LogSink();
    const called = Promise.withResolvers<void>();
    const server = await start(app, options(log));
    using client = await RawClient.connect(server.binds[0]!.url);
    await client.send(request);
    if (wait) await client.readUntil(wait);
    else setTimeout(() => called.resolve(), 50);
    if (!wait) await called.promise;
    const took = await seconds(server.shutdown());
    assert.ok(took < 0.3 + SLACK, `took ${took} s`);
    const received = await client.readToEnd();
    assert.ok(!received.endsWith("0\r\n\r\n"), "a cut response must not look complete");
    assert.deepEqual(log.matching("ERROR"), []);
  });
}

Deno.test("shutdown() lets a slow response finish and announces the close", async () => {
  const entered = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const server = await start(async () => {
    entered.resolve();
    await release.promise;
    return new Response("done");
  }, { ...options(), gracefulTimeout: 60 });
  using client = await RawClient.connect(server.binds[0]!.url);
  await client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  await entered.promise;
  const stopped = server.shutdown();
  release.resolve();
  const response = await client.readToEnd();
  assert.match(response, /^HTTP\/1\.1 200 /);
  assert.match(response, /\r\nconnection: close\r\n/i);
  assert.ok(response.endsWith("done"));
  await stopped;
});

Deno.test("shutdown() lets an upload in progress finish and refuses a new one with 503", async () => {
  const entered = Promise.withResolvers<void>();
  const log = new LogSink();
  const server = await start(async (request) => {
    entered.resolve();
    return new Response(await request.text());
  }, { ...options(log), gracefulTimeout: 60 });
  const { url } = server.binds[0]!;
  using client = await RawClient.connect(url);
  using late = await RawClient.connect(url);
  await client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\n\r\nhalf");
  await entered.promise;
  const stopped = server.shutdown();
  await late.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nlate");
  assert.match(await late.readUntil("\r\n\r\n"), /^HTTP\/1\.1 503 .*retry-after: 1/s);
  await client.send("half");
  assert.ok((await client.readToEnd()).endsWith("halfhalf"));
  await stopped;
  assert.equal(log.matching("Refused POST with 503").length, 1);
});

Deno.test("nobody accepts connections after shutdown()", async () => {
  const server = await start(() => new Response("x"), options());
  const { addr } = server.binds[0]!;
  await server.shutdown();
  assert.ok("port" in addr);
  await assert.rejects(
    Deno.connect({ hostname: "127.0.0.1", port: addr.port }),
    Deno.errors.ConnectionRefused,
  );
});

Deno.test("a stream that a fetch handler returns after the deadline is cancelled", async () => {
  const [begun, cut] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const cancelled = Promise.withResolvers<unknown>();
  const server = await start(async () => {
    begun.resolve();
    await cut.promise;
    return new Response(new ReadableStream({ cancel: cancelled.resolve }));
  }, options());
  const answer = fetch(server.binds[0]!.url);
  await begun.promise;
  const stopped = server.shutdown();
  const response = await answer;
  assert.equal(response.status, 503);
  await response.text();
  cut.resolve();
  assert.ok(await cancelled.promise instanceof ShutdownError);
  await stopped;
});

Deno.test("shutdown() called twice stops once", async () => {
  let stops = 0;
  const server = await start(() => new Response("x"), options(), { shutdown: () => ++stops });
  await Promise.all([server.shutdown(), server.shutdown()]);
  await server.shutdown();
  assert.equal(stops, 1);
});

Deno.test("shutdown() waits for an ASGI task that goes on after its response", async () => {
  const release = Promise.withResolvers<void>();
  let finished = false;
  const server = await start(
    asgi(async (_scope, _receive, send) => {
      await send({ type: "http.response.start", status: 200 });
      await send({ type: "http.response.body", body: "x" });
      await release.promise;
      finished = true;
    }),
    { ...options(), gracefulTimeout: 60 },
  );
  assert.equal(await (await fetch(server.binds[0]!.url)).text(), "x");
  const stopped = server.shutdown();
  release.resolve();
  await stopped;
  assert.equal(finished, true);
});

Deno.test("shutdown() rejects with LifespanTimeoutError when the application ignores lifespan.shutdown", async () => {
  const app: ASGIFramework = async (_scope, receive, send) => {
    await receive();
    await send({ type: "lifespan.startup.complete" });
    await endless();
  };
  const server = await start(app, options());
  await assert.rejects(
    server.shutdown(),
    (error) => error instanceof LifespanTimeoutError && error.stage === "shutdown",
  );
  await assert.rejects(server.finished, LifespanTimeoutError);
});

Deno.test("shutdown() rejects with the reason of lifespan.shutdown.failed", async () => {
  const app: ASGIFramework = async (_scope, receive, send) => {
    await receive();
    await send({ type: "lifespan.startup.complete" });
    await receive();
    await send({ type: "lifespan.shutdown.failed", message: "disk is full" });
  };
  const server = await start(app, options());
  await assert.rejects(
    server.shutdown(),
    (error) =>
      error instanceof LifespanError &&
      error.message === "Lifespan failure in shutdown: disk is full",
  );
});

Deno.test("serve() runs the lifespan shutdown after the last response", async () => {
  const events: string[] = [];
  const trigger = Promise.withResolvers<void>();
  const entered = Promise.withResolvers<void>();
  const started = Promise.withResolvers<string>();
  const served = serve(
    async () => {
      entered.resolve();
      await trigger.promise;
      await new Promise((resolve) => setTimeout(resolve, 10));
      events.push("response");
      return new Response("x");
    },
    { ...options(), gracefulTimeout: 60 },
    {
      shutdownTrigger: () => trigger.promise,
      taskStatus: { started: (binds) => started.resolve(binds[0]!.url) },
      startup: () => events.push("startup"),
      shutdown: () => events.push("shutdown"),
    },
  );
  const response = fetch(await started.promise);
  await entered.promise;
  trigger.resolve();
  assert.equal(await (await response).text(), "x");
  await served;
  assert.deepEqual(events, ["startup", "response", "shutdown"]);
});

Deno.test("serve() stops gracefully and rejects with what the trigger rejected with", async () => {
  const events: string[] = [];
  await assert.rejects(
    serve(() => new Response("x"), options(), {
      shutdownTrigger: () => Promise.reject(new Error("broken trigger")),
      shutdown: () => events.push("shutdown"),
    }),
    /^Error: broken trigger$/,
  );
  assert.deepEqual(events, ["shutdown"]);
});

Deno.test("serve() stops when its signal aborts", async () => {
  const abort = new AbortController();
  await serve(() => new Response("x"), options(), {
    signal: abort.signal,
    taskStatus: { started: () => abort.abort() },
  });
});

Deno.test("serve() with an aborted signal does not start", async () => {
  let started = false;
  await serve(() => new Response("x"), options(), {
    signal: AbortSignal.abort(),
    startup: () => started = true,
  });
  assert.equal(started, false);
});

Deno.test("await using stops the server at the end of the block", async () => {
  let port = 0;
  {
    await using server = await start(() => new Response("x"), options());
    const { addr } = server.binds[0]!;
    if ("port" in addr) port = addr.port;
  }
  await assert.rejects(
    Deno.connect({ hostname: "127.0.0.1", port }),
    Deno.errors.ConnectionRefused,
  );
});

Deno.test("an ASGI producer that was cut at the deadline is told with its next send()", async () => {
  const told = Promise.withResolvers<unknown>();
  const server = await start(
    asgi(async (_scope, _receive, send) => {
      await send({ type: "http.response.start", status: 200 });
      for (;;) {
        await send({ type: "http.response.body", body: "data: 1\n\n", more_body: true }).catch(
          (error) => {
            told.resolve(error);
            throw error;
          },
        );
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }),
    options(),
  );
  using client = await RawClient.connect(server.binds[0]!.url);
  await client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  await client.readUntil("data: 1");
  const took = await seconds(Promise.all([server.shutdown(), told.promise]));
  assert.ok(await told.promise instanceof ShutdownError);
  assert.ok(took < 0.3 + SLACK, `took ${took} s`);
});
