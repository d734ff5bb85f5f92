import assert from "node:assert/strict";
import { type ConfigInit, start, upgradeWebSocket } from "../../mod.ts";
import { resolveConfig } from "../../src/config/mod.ts";
import { host } from "../../src/server/host.ts";
import { drawBudget, requestBudget } from "../../src/server/retirement.ts";
import { LogSink } from "../_support/log_sink.ts";
import { RawClient } from "../_support/raw_client.ts";
import { eventually } from "../_support/waiting.ts";

const APP = () => new Response("hello");

function options(init: ConfigInit, log = new LogSink()): ConfigInit {
  return { bind: "127.0.0.1:0", errorlog: log, ...init };
}

Deno.test("a request beyond max_requests is served and stops the server", async () => {
  const log = new LogSink();
  const server = await start(APP, options({ maxRequests: 2 }, log));
  const url = server.binds[0]!.url;
  for (let request = 0; request < 3; request++) {
    assert.equal(await (await fetch(url)).text(), "hello", `request ${request}`);
  }
  await server.finished;
  assert.equal(log.matching("max_requests").length, 1);
});

Deno.test("an upload and a WebSocket beyond max_requests are served, too", async () => {
  const beyond = {
    async upload(url: string) {
      assert.equal(await (await fetch(url, { method: "POST", body: "hello" })).text(), "got 5");
    },
    async webSocket(url: string) {
      const socket = new WebSocket(url.replace("http", "ws"));
      await new Promise((resolve) => socket.onopen = socket.onerror = resolve);
      assert.equal(socket.readyState, WebSocket.OPEN);
      await new Promise((resolve) => socket.onclose = resolve);
    },
  };
  for (const act of Object.values(beyond)) {
    const server = await start(NAMED, options({ maxRequests: 1 }));
    const { url } = server.binds[0]!;
    await (await fetch(url)).text();
    await act(url);
    await server.finished;
  }
});

Deno.test("host() leaves a process that reached max_requests to its supervisor", async () => {
  const reasons: string[] = [];
  const server = await host(APP, resolveConfig(options({ maxRequests: 1 })), {
    onRetire: (reason) => reasons.push(reason),
  });
  for (let request = 0; request < 5; request++) await (await fetch(server.binds[0]!.url)).text();
  assert.deepEqual(reasons, ["max_requests"]);
  await server.shutdown();
});

Deno.test("host() tells once that max_memory was exceeded", async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const hold = setTimeout(() => {}, 60_000); // the watch does not keep a process alive
  const server = await host(APP, resolveConfig(options({ maxMemory: 1 })), { onRetire: resolve });
  assert.equal(await promise, "max_memory");
  clearTimeout(hold);
  await server.shutdown();
});

Deno.test("probes find a server alive while it starts and stops, and ready only between", async () => {
  const starting = Promise.withResolvers<void>();
  const answering = Promise.withResolvers<void>();
  const log = new LogSink();
  const init = options({ adminBind: "127.0.0.1:0", gracefulTimeout: 30 }, log);
  const app = () => {
    log.info("asked");
    return answering.promise.then(APP);
  };
  const started = start(app, init, { startup: () => starting.promise });
  await eventually(() => log.matching("Metrics and probes").length > 0, "the probes");
  const [, url] = /probes on (.*)/.exec(log.lines.join("\n")) ?? [];
  const ask = async () => [await statusOf(`${url}/healthz`), await statusOf(`${url}/readyz`)];
  assert.deepEqual(await ask(), [200, 503]);
  starting.resolve();
  const server = await started;
  assert.deepEqual(await ask(), [200, 200]);
  const response = fetch(server.binds[0]!.url);
  await eventually(() => log.matching("asked").length > 0, "the request");
  const stopped = server.shutdown();
  assert.deepEqual(await ask(), [200, 503]);
  answering.resolve();
  assert.equal(await (await response).text(), "hello");
  await stopped;
});

async function statusOf(url: string): Promise<number> {
  const response = await fetch(url);
  await response.body?.cancel();
  return response.status;
}

Deno.test("requestBudget() counts every request and tells once", () => {
  let exceeded = 0;
  const observer = requestBudget(3, () => exceeded++);
  const request = {} as Parameters<typeof observer.begin>[0]; // looks at nothing
  for (let count = 1; count <= 10; count++) {
    assert.equal(observer.begin(request), null);
    assert.equal(exceeded, count > 3 ? 1 : 0);
  }
});

Deno.test("drawBudget() adds at most the jitter, and both ends occur", () => {
  assert.equal(drawBudget({ maxRequests: null, maxRequestsJitter: 5 }), null);
  assert.equal(drawBudget({ maxRequests: 5, maxRequestsJitter: 0 }), 5);
  const drawn = Array.from(
    { length: 300 },
    () => drawBudget({ maxRequests: 10, maxRequestsJitter: 2 })!,
  );
  assert.deepEqual([...new Set(drawn)].sort(), [10, 11, 12]);
});

const UNUSED: ConfigInit[] = [
  { workers: 2 },
  { workerFlags: ["-A"] },
  { useReloader: true },
  { reloadPaths: ["views"] },
  { pidPath: "server.pid" },
  { applicationPath: "main.ts" },
];
for (const init of UNUSED) {
  const name = Object.keys(init)[0];
  Deno.test(`start() warns that "${name}" is for the command line`, async () => {
    const log = new LogSink();
    await using _server = await start(APP, options(init, log));
    assert.deepEqual(log.matching("WARN"), [
      `WARN Option "${name}" has no effect on serve() and start(): it is for the command line`,
    ]);
  });
}

/** Two servers on one address, as during a reload; the first is told to hand over. */
async function handover(
  act: (first: { url: string; shutdown: () => Promise<void> }) => Promise<void>,
  app: (request: Request) => Response | Promise<Response> = APP,
): Promise<void> {
  const config = (port: number) => resolveConfig(options({ bind: `127.0.0.1:${port}` }));
  const first = await host(app, config(0), { reusePort: true });
  const { url } = first.binds[0]!;
  const second = await host(APP, config(Number(new URL(url).port)), { reusePort: true });
  try {
    await act({ url, shutdown: () => first.shutdown({ handover: true }) });
    assert.equal(first.outcome, "clean");
    for (let count = 0; count < 5; count++) assert.equal(await textOf(url), "hello");
  } finally {
    await Promise.all([first.shutdown(), second.shutdown()]);
  }
}

async function textOf(url: string): Promise<string> {
  return await (await fetch(url, { headers: { connection: "close" } })).text();
}

/** Connects until it is the wanted server that answers: the system shares connections out. */
async function connectTo(url: string, name: string): Promise<RawClient> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const client = await RawClient.connect(url);
    await client.send("GET /name HTTP/1.1\r\nHost: a\r\n\r\n");
    if ((await client.readUntil("\r\n\r\n")).includes(`x-server: ${name}`)) return client;
    client.close();
  }
  throw new Error(`Was never connected to ${name}`);
}

const NAMED = async (request: Request): Promise<Response> => {
  if (request.headers.has("upgrade")) {
    const { socket, response } = upgradeWebSocket(request);
    socket.onmessage = ({ data }) => socket.send(data);
    return response;
  }
  const { length } = await request.text();
  return new Response(`got ${length}`, { headers: { "x-server": "first" } });
};

Deno.test("a handover serves what clients still send, uploads included, and lets them go", async () => {
  await handover(async ({ url, shutdown }) => {
    using client = await connectTo(url, "first");
    const stopped = shutdown();
    await client.send("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
    const answer = await client.readToEnd();
    assert.match(answer, /got 5$/);
    assert.match(answer, /connection: close/i);
    await stopped;
  }, NAMED);
});

Deno.test("a handover closes WebSockets with 1012", async () => {
  await handover(async ({ url, shutdown }) => {
    const socket = await firstSocket(url);
    const closed = Promise.withResolvers<number>();
    socket.onclose = ({ code }) => closed.resolve(code);
    await shutdown();
    assert.equal(await closed.promise, 1012);
  }, NAMED);
});

/** A WebSocket of the first server; the second has none. */
async function firstSocket(url: string): Promise<WebSocket> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const socket = new WebSocket(url.replace("http", "ws"));
    const opened = await new Promise<boolean>((resolve) => {
      socket.onopen = () => resolve(true);
      socket.onerror = () => resolve(false);
    });
    if (opened) return socket;
  }
  throw new Error("Was never connected to the first server");
}
