/** What Hypercorn's list says of `serve()` and of stops, where no other test shows it. */

import assert from "node:assert/strict";
import { type ASGIFramework, BindError, serve, start } from "../../mod.ts";
import { CERTIFICATE, TLS_OPTIONS } from "../_support/certificates.ts";
import { readResponse } from "../_support/client.ts";
import { withDeadline } from "../_support/deadline.ts";
import { RawConnection, RawResponse } from "../_support/raw_http.ts";
import { refusal } from "./hypercorn_refusal.ts";

const BIND = { bind: "127.0.0.1:0", errorlog: null };

/** A timeout that a test would not survive; whoever waits for it fails. */
const NEVER_SECONDS = 60;

/** Records who listens to signals instead of listening. */
class SignalRecorder implements Disposable {
  readonly listeners: { signal: Deno.Signal; listener: () => void }[] = [];
  added = 0;
  readonly #original = [Deno.addSignalListener, Deno.removeSignalListener] as const;

  constructor() {
    Deno.addSignalListener = (signal, listener) => {
      this.added++;
      this.listeners.push({ signal, listener });
    };
    Deno.removeSignalListener = (signal, listener) => {
      const at = this.listeners.findIndex((entry) =>
        entry.signal === signal && entry.listener === listener
      );
      if (at !== -1) this.listeners.splice(at, 1);
    };
  }

  [Symbol.dispose](): void {
    [Deno.addSignalListener, Deno.removeSignalListener] = this.#original;
  }
}

Deno.test("serve() with a trigger listens to no signal, and asks the trigger once", async () => {
  using signals = new SignalRecorder();
  let asked = 0;
  await serve(() => new Response(), BIND, {
    shutdownTrigger: () => Promise.resolve(++asked),
  });
  assert.deepEqual([signals.added, asked], [0, 1]);
});

Deno.test("serve() without a trigger stops at SIGINT, and listens to nothing afterwards", async () => {
  using signals = new SignalRecorder();
  const started = Promise.withResolvers<void>();
  const served = serve(() => new Response(), BIND, {
    taskStatus: { started: () => started.resolve() },
  });
  await started.promise;
  const heard = signals.listeners.map(({ signal }) => signal);
  assert.ok(["SIGINT", "SIGTERM"].every((signal) => heard.includes(signal as Deno.Signal)));
  signals.listeners.find(({ signal }) => signal === "SIGINT")!.listener();
  await served;
  assert.deepEqual(signals.listeners, []);
});

Deno.test("a stop refuses new connections while it waits for the request in progress", async () => {
  const [entered, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const server = await start(async () => {
    entered.resolve();
    await release.promise;
    return new Response("done");
  }, { ...BIND, gracefulTimeout: NEVER_SECONDS });
  const { url } = server.binds[0]!;
  using client = await RawConnection.open(url);
  await client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  await entered.promise;
  const stopped = server.shutdown();
  await withDeadline(refusal(url), "the refusal of a connection");
  release.resolve();
  assert.match(await client.rest(), /done$/);
  await stopped;
});

Deno.test("start() binds only when the application has started", async () => {
  const other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = other.addr;
  const app: ASGIFramework = async (scope, receive, send) => {
    if (scope.type !== "lifespan") return;
    await receive();
    other.close(); // whoever binds before finds the port taken
    await send({ type: "lifespan.startup.complete" });
    await receive();
  };
  await using server = await start(app, { bind: `127.0.0.1:${port}`, errorlog: null });
  assert.equal(new URL(server.binds[0]!.url).port, `${port}`);
});

Deno.test("a stop does not wait for a TLS client that neither reads nor closes", async () => {
  const server = await start(() => new Response("x"), {
    ...BIND,
    ...TLS_OPTIONS,
    gracefulTimeout: NEVER_SECONDS,
  });
  const { hostname, port } = new URL(server.binds[0]!.url);
  const options = { hostname, port: Number(port), caCerts: [CERTIFICATE] };
  using client = await Deno.connectTls(options);
  await client.handshake();
  await withDeadline(server.shutdown(), "the end of the stop");
});

const REFUSED: { name: string; request: string; status: number }[] = [
  {
    name: "a host that is not served",
    request: "GET / HTTP/1.1\r\nHost: other\r\n\r\n",
    status: 404,
  },
  {
    name: "a WebSocket handshake without key",
    request: "GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n" +
      "Sec-WebSocket-Version: 13\r\n\r\n",
    status: 400,
  },
];

for (const { name, request, status } of REFUSED) {
  Deno.test(`a connection that was refused ${name} goes on, and holds up no stop`, async () => {
    const app: ASGIFramework = async (scope, _receive, send) => {
      if (scope.type !== "http") return;
      await send({ type: "http.response.start", status: 200 });
      await send({ type: "http.response.body", body: "served" });
    };
    const server = await start(app, {
      ...BIND,
      serverNames: ["h"],
      gracefulTimeout: NEVER_SECONDS,
    });
    using client = await RawConnection.open(server.binds[0]!.url);
    await client.send(request);
    assert.equal((await readResponse(new RawResponse(client))).status, status);
    await client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert.equal((await readResponse(new RawResponse(client))).text, "served");
    await client.send(request);
    assert.equal((await readResponse(new RawResponse(client))).status, status);
    await withDeadline(server.shutdown(), "the end of the stop");
    assert.equal(await client.rest(), "");
  });
}

Deno.test("an ASGI head is sent with http.response.start, names in lower case, names and values trimmed", async () => {
  const release = Promise.withResolvers<void>();
  const app: ASGIFramework = async (scope, _receive, send) => {
    if (scope.type !== "http") return;
    await send({
      type: "http.response.start",
      status: 200,
      headers: [[" X-Padded ", " \t value \t "]],
    });
    await release.promise;
    await send({ type: "http.response.body", body: "late" });
  };
  await using server = await start(app, BIND);
  using client = await RawConnection.open(server.binds[0]!.url);
  await client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const head = await client.until("\r\n\r\n");
  assert.match(head!, /\r\nx-padded: value\r\n/);
  release.resolve();
  assert.match(await client.rest(), /late/);
});

Deno.test("backlog is what the system is asked for", async () => {
  const original = Deno.serve;
  const asked: unknown[] = [];
  const spy = (...args: unknown[]) => {
    asked.push((args[0] as { tcpBacklog?: number }).tcpBacklog);
    return (original as (...args: unknown[]) => unknown)(...args);
  };
  Object.defineProperty(Deno, "serve", { value: spy, configurable: true, writable: true });
  try {
    await using _server = await start(() => new Response(), { ...BIND, backlog: 7 });
  } finally {
    Object.defineProperty(Deno, "serve", { value: original, configurable: true, writable: true });
  }
  assert.deepEqual(asked, [7]);
});

Deno.test({
  name: "a Unix socket belongs to user and group",
  ignore: Deno.uid() !== 0, // only root may give files away
  fn: async () => {
    const folder = await Deno.makeTempDir();
    try {
      const path = `${folder}/socket`;
      const config = { bind: `unix:${path}`, user: 65_534, group: 65_533, errorlog: null };
      await using _server = await start(() => new Response(), config);
      const { uid, gid } = await Deno.stat(path);
      assert.deepEqual([uid, gid], [65_534, 65_533]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test("umask is as it was when a Unix socket cannot be bound", async () => {
  const before = Deno.umask();
  const config = { bind: "unix:/nonexistent/socket", umask: 0o077, errorlog: null };
  await assert.rejects(start(() => new Response(), config), BindError);
  assert.equal(Deno.umask(), before);
});
