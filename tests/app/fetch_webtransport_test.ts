import assert from "node:assert/strict";
import {
  ApplicationError,
  DisconnectError,
  type FetchHandler,
  type FetchInfo,
  HandshakeError,
  type ServerWebTransport,
  upgradeWebSocket,
  upgradeWebTransport,
} from "../../mod.ts";
import { fetchApplication } from "../../src/app/fetch.ts";
import { withDeadline } from "../_support/deadline.ts";
import { FakeExchange, FakeWebSocketExchange } from "../_support/fake_exchange.ts";
import {
  FakeWebTransportExchange,
  type FakeWebTransportOptions,
} from "../_support/fake_webtransport.ts";
import { lostSession } from "./webtransport_harness.ts";

type Handler = (
  request: Request,
  info: FetchInfo,
  exchange: FakeWebTransportExchange,
) => Response | Promise<Response>;

/** Runs a handler on a fake; `done` settles as the driver sees it. */
function run(handler: Handler, options?: FakeWebTransportOptions) {
  const exchange = new FakeWebTransportExchange(options);
  const app = fetchApplication((request, info) => handler(request, info, exchange));
  const done = app.webtransport!(exchange);
  return { exchange, done: withDeadline(done, "the end of the handler") };
}

Deno.test("a WebTransport handshake is shown as a GET with an upgrade over HTTP/3", async () => {
  let seen: unknown[] = [];
  const { done } = run((request, info) => {
    const { method, url, headers } = request;
    seen = [method, url, headers.get("upgrade"), headers.get("connection"), info.httpVersion];
    return new Response(null, { status: 403 });
  }, { target: "/live?x" });
  await done;
  assert.deepEqual(seen, ["GET", "https://localhost/live?x", "webtransport", "Upgrade", "3"]);
});

for (const status of [403, 404]) {
  Deno.test(`a handler that takes no notice of WebTransport and answers ${status} denies it with that`, async () => {
    const { exchange, done } = run(() => new Response("page", { status }));
    await done;
    assert.deepEqual([exchange.head?.status, exchange.text], [status, "page"]);
    assert.equal(exchange.accepted, null);
  });
}

for (const status of [200, 204]) {
  Deno.test(`a handler that takes no notice of WebTransport and answers ${status} has the driver deny it with 501`, async () => {
    const body = status === 204 ? null : "page";
    let completed: Promise<void> | undefined;
    const { exchange, done } = run((_request, info) => {
      completed = info.completed;
      return new Response(body, { status });
    });
    await assert.rejects(done, (error) => {
      assert.ok(error instanceof HandshakeError);
      assert.equal(error.status, 501);
      assert.equal(
        error.message,
        `Cannot accept the WebTransport handshake: the handler answered with status ${status}. ` +
          "Return the response of upgradeWebTransport(request)",
      );
      return true;
    });
    await completed; // the driver answers
    assert.equal(exchange.head, null);
    assert.equal(exchange.accepted, null);
  });
}

Deno.test("upgradeWebTransport() accepts with protocol and fields, and the handler's call lasts as long as the session", async () => {
  let session: ServerWebTransport | undefined;
  const { exchange, done } = run((request) => {
    const upgrade = upgradeWebTransport(request, { protocols: ["b"], headers: { "X-A": "1" } });
    session = upgrade.session;
    upgrade.response.headers.append("x-b", "2");
    return Promise.resolve(upgrade.response);
  }, { protocols: ["a", "b"] });
  const fake = await exchange.session;
  assert.deepEqual(exchange.accepted, { protocol: "b", fields: [["x-a", "1"], ["x-b", "2"]] });
  assert.equal(session!.protocol, "b");
  assert.equal(session!.reliability, "supports-unreliable");
  await session!.ready;
  let returned = false;
  done.then(() => returned = true);
  await session!.getStats();
  assert.equal(returned, false);
  fake.end({ code: 7, reason: "bye" });
  await done;
  assert.deepEqual(await session!.closed, { closeCode: 7, reason: "bye" });
});

for (
  const { offered, protocols, chosen } of [
    { offered: ["a", "b"], protocols: ["b", "a"], chosen: "b" },
    { offered: ["a", "b"], protocols: ["soap", "a"], chosen: "a" },
    { offered: ["a"], protocols: ["soap"], chosen: "" },
    { offered: ["a"], protocols: [], chosen: "" },
    { offered: [], protocols: ["a"], chosen: "" },
    { offered: ["a"], protocols: undefined, chosen: "" },
  ]
) {
  const speaks = JSON.stringify(protocols);
  Deno.test(`upgradeWebTransport() that speaks ${speaks} chooses "${chosen}" where ${JSON.stringify(offered)} is offered`, async () => {
    let session: ServerWebTransport | undefined;
    const { exchange, done } = run((request) => {
      const upgrade = upgradeWebTransport(request, protocols && { protocols });
      session = upgrade.session;
      return upgrade.response;
    }, { protocols: offered });
    (await exchange.session).end();
    await done;
    assert.equal(session!.protocol, chosen);
    assert.equal(exchange.accepted?.protocol, chosen || undefined);
  });
}

Deno.test("upgradeWebTransport() refuses a second call", async () => {
  const { done } = run((request) => {
    upgradeWebTransport(request);
    return upgradeWebTransport(request).response;
  });
  await assert.rejects(done, (error) => {
    assert.ok(error instanceof ApplicationError);
    assert.match(error.message, /accepted already\. Call upgradeWebTransport\(\) once for each/);
    return true;
  });
});

for (
  const { name, call } of [
    {
      name: "an ordinary request",
      call: (handler: FetchHandler) => fetchApplication(handler).http(new FakeExchange()),
    },
    {
      name: "the handshake of a WebSocket",
      call: (handler: FetchHandler) =>
        fetchApplication(handler).websocket(new FakeWebSocketExchange()),
    },
  ]
) {
  Deno.test(`upgradeWebTransport() refuses ${name}, which is for the driver to answer with 501`, async () => {
    const done = call((request) => upgradeWebTransport(request).response);
    await assert.rejects(done, { name: "HandshakeError", status: 501 });
  });
}

Deno.test("upgradeWebTransport() on the request of another server says what WebTransport needs", () => {
  assert.throws(() => upgradeWebTransport(new Request("http://localhost/")), (error) => {
    assert.ok(error instanceof HandshakeError);
    assert.equal(error.status, 501);
    assert.match(
      error.message,
      /^Cannot accept the WebTransport handshake: .*HTTP\/3: set "quic_bind"/,
    );
    return true;
  });
});

const DENIED = /the handler answered with status 200/;

const REQUEST = new Request("http://localhost/");

for (
  const { given, expected } of [
    { given: [undefined], expected: /the Request that the handler was given, received undefined$/ },
    { given: ["/"], expected: /the Request that the handler was given, received the string "\/"$/ },
    { given: [REQUEST, null], expected: /options in an object, received null$/ },
    { given: [REQUEST, "demo"], expected: /options in an object, received the string "demo"$/ },
  ]
) {
  for (const [name, upgrade] of Object.entries({ upgradeWebSocket, upgradeWebTransport })) {
    Deno.test(`${name}(${given.map(String)}) says what is expected`, () => {
      assert.throws(() => Reflect.apply(upgrade, undefined, given), {
        name: "TypeError",
        message: expected,
      });
    });
  }
}

for (const protocols of ["chat", [1], null]) {
  Deno.test(`upgradeWebTransport() refuses ${JSON.stringify(protocols)} as protocols`, () => {
    const options = { protocols: protocols as unknown as string[] };
    assert.throws(() => upgradeWebTransport(REQUEST, options), {
      name: "TypeError",
      message: /expected "protocols" to be names in an array, such as \["chat"\], received /,
    });
  });
}

/** Ways not to accept after all: what the driver sees, and the status the client gets. */
const FAILURES: readonly {
  readonly name: string;
  readonly handle: (exchange: FakeWebTransportExchange, accepted: Response) => Response;
  readonly error?: RegExp;
  readonly status?: number;
}[] = [
  {
    name: "that answers otherwise after the upgrade",
    handle: () => new Response("no", { status: 403 }),
    status: 403,
  },
  {
    name: "that answers with a success after the upgrade",
    handle: () => new Response("page"),
    error: DENIED,
  },
  {
    name: "that throws after the upgrade",
    handle: () => {
      throw new Error("on purpose");
    },
    error: /on purpose/,
  },
  {
    name: "whose client leaves meanwhile",
    handle: (exchange, accepted) => {
      exchange.disconnect();
      return accepted;
    },
    error: /The client disconnected/,
  },
];

for (const { name, handle, error, status } of FAILURES) {
  Deno.test(`a session of a handler ${name} is never ready, and its streams fail`, async () => {
    let session: ServerWebTransport | undefined;
    let completed: Promise<void> | undefined;
    const { exchange, done } = run((request, info, exchange) => {
      const upgrade = upgradeWebTransport(request);
      session = upgrade.session;
      completed = info.completed;
      return handle(exchange, upgrade.response);
    });
    if (error) {
      await assert.rejects(done, error);
      if (error === DENIED) await completed; // by the driver
      else await assert.rejects(completed!, error);
    } else {
      await done;
      await completed;
    }
    assert.equal(exchange.head?.status, status);
    assert.equal(exchange.accepted, null);
    await assert.rejects(session!.ready, lostSession);
    await assert.rejects(session!.closed, lostSession);
    await assert.rejects(session!.createBidirectionalStream(), lostSession);
    await assert.rejects(session!.createUnidirectionalStream(), lostSession);
    await assert.rejects(session!.incomingBidirectionalStreams.getReader().read(), lostSession);
    await assert.rejects(session!.incomingUnidirectionalStreams.getReader().read(), lostSession);
    await assert.rejects(session!.datagrams.readable.getReader().read(), lostSession);
    const datagram = session!.datagrams.writable.getWriter().write(new Uint8Array(1));
    await assert.rejects(datagram, lostSession);
    session!.close();
    session!.drain();
    assert.deepEqual(await session!.getStats(), { datagrams: { droppedIncoming: 0 } });
  });
}

Deno.test("the signal of a handshake aborts when the client leaves before the answer", async () => {
  const { done } = run((request, _info, exchange) => {
    exchange.disconnect();
    throw request.signal.reason;
  });
  await assert.rejects(done, DisconnectError);
});
