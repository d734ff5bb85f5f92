/** Applications that do not end: the others are served, and the server stops all the same. */
import assert from "node:assert/strict";
import type { ASGIFramework, ASGIHTTPScope, ASGIReceive, ASGISend } from "../../src/asgi_types.ts";
import type { Framework } from "../../src/framework_types.ts";
import type { WSGIFramework } from "../../src/wsgi_types.ts";
import type { Server } from "../../src/server/server.ts";
import { BrokenResponse, type ClientExchange, readResponse, request } from "../_support/client.ts";
import { type Form, startForm } from "../_support/contract_server.ts";
import { withDeadline } from "../_support/deadline.ts";
import { LogSink } from "../_support/log_sink.ts";
import { RawClient } from "../_support/raw_http.ts";
import { eventually } from "../_support/waiting.ts";

const START = { type: "http.response.start", status: 200 } as const;
const PART = { type: "http.response.body", body: "part", more_body: true } as const;
const END = { type: "http.response.body", body: "end" } as const;

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Settles never. */
function never(): Promise<never> {
  return new Promise(() => {});
}

/** An ASGI application without lifespan. */
function asgi(
  play: (scope: ASGIHTTPScope, receive: ASGIReceive, send: ASGISend) => Promise<void>,
): ASGIFramework {
  return async (scope, receive, send) => {
    if (scope.type === "http") await play(scope, receive, send);
  };
}

/** Starts a server that waits a tenth of a second for its applications. */
function startStubborn(form: Form, app: Framework, log = new LogSink()): Promise<Server> {
  return startForm(form, app, log, { gracefulTimeout: 0.1 });
}

async function open(server: Server): Promise<ClientExchange> {
  return await new RawClient(server.binds[0]!.url).open({ target: "/" });
}

const SILENT: Readonly<Partial<Record<Form, Framework>>> = {
  "fetch short cut": never,
  "fetch exchange": never,
  ASGI: asgi(never),
};

for (const [form, app] of Object.entries(SILENT)) {
  Deno.test(`a ${form} application that never answers is answered for with 503 at the stop`, async () => {
    let called = false;
    const watched = form === "ASGI"
      ? asgi((scope, receive, send) => {
        called = true;
        return (app as ASGIFramework)(scope, receive, send);
      })
      : () => {
        called = true;
        return (app as () => Promise<Response>)();
      };
    const log = new LogSink();
    const server = await startStubborn(form as Form, watched, log);
    await using exchange = await open(server);
    await eventually(() => called, "the call of the application");
    const stopped = withDeadline(server.shutdown(), "the end of the server");
    assert.equal((await readResponse(exchange)).status, 503);
    await stopped;
    assert.equal(log.matching("WARN Graceful timeout: cutting 1 unfinished requests").length, 1);
    assert.deepEqual(log.matching("ERROR"), []);
  });
}

const STREAMING: Readonly<Record<Form, Framework>> = {
  "fetch short cut": streamForEver,
  "fetch exchange": streamForEver,
  ASGI: asgi(async (_scope, _receive, send) => {
    await send(START);
    for (;;) {
      await send(PART);
      await nextTurn();
    }
  }),
  WSGI: ((_environ, startResponse) => {
    startResponse("200 OK", []);
    return function* () {
      for (;;) {
        yield "part";
        yield "";
      }
    }();
  }) as WSGIFramework,
};

function streamForEver(): Response {
  return new Response(
    new ReadableStream({
      async pull(controller) {
        await nextTurn();
        controller.enqueue(new TextEncoder().encode("part"));
      },
    }),
  );
}

for (const [form, app] of Object.entries(STREAMING)) {
  Deno.test(`a ${form} application that streams for ever is broken off at the stop`, async () => {
    const server = await startStubborn(form as Form, app);
    await using exchange = await open(server);
    assert.ok(await exchange.read());
    const stopped = withDeadline(server.shutdown(), "the end of the server");
    await assert.rejects(readResponse(exchange), BrokenResponse);
    await stopped;
  });
}

for (
  const { name, after } of [
    { name: "never returns", after: never },
    { name: "returns from receive() never", after: neverReceived },
  ]
) {
  Deno.test(`an ASGI application that ${name} after its response holds nobody up`, async () => {
    const server = await startStubborn(
      "ASGI",
      asgi(async (_scope, receive, send) => {
        await send(START);
        await send(END);
        await after(receive);
      }),
    );
    await using client = new RawClient(server.binds[0]!.url);
    for (let count = 0; count < 3; count++) {
      assert.equal((await request(client, { target: "/" })).text, "end");
    }
    await withDeadline(server.shutdown(), "the end of the server");
  });
}

async function neverReceived(receive: ASGIReceive): Promise<void> {
  for (;;) await receive();
}

Deno.test("an ASGI application that sends for ever to a client that left, deaf to errors, starves nobody", async () => {
  let sent = 0;
  let stop = false;
  const server = await startStubborn(
    "ASGI",
    asgi(async (scope, _receive, send) => {
      await send(START);
      if (scope.path === "/fine") return await send(END);
      while (!stop) await send(PART).then(() => sent++, () => sent++);
    }),
  );
  await using client = new RawClient(server.binds[0]!.url);
  const exchange = await client.open({ target: "/deaf" });
  assert.ok(await exchange.read());
  await exchange.leave();
  const before = sent;
  await eventually(() => sent > before + 300, "sends after the disconnect");
  assert.equal((await request(client, { target: "/fine" })).text, "end");
  const stopped = withDeadline(server.shutdown(), "the end of the server");
  await stopped; // although the application still runs
  stop = true; // so that this test can end
  const last = sent;
  await eventually(() => sent > last, "the end of the application");
});
