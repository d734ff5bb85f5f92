/** What the HTTP/3 driver tells its observer: every request once, whatever becomes of it. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { Exchange } from "../../src/exchange.ts";
import { H3 } from "../../src/h3/mod.ts";
import { DisconnectError } from "../../src/errors.ts";
import type { Outcome, RefusalReason } from "../../src/observation.ts";
import {
  answer,
  type H3Harness,
  readAll,
  serveH3,
  type TestSettings,
} from "../_support/h3_harness.ts";
import type { H3Peer, PeerExchange } from "../_support/h3_peer.ts";
import { StrictObserver } from "../_support/strict_observer.ts";
import { settled } from "../_support/response_recorder.ts";
import { eventually } from "../_support/waiting.ts";

/** One request, and what its observer must have been told in the end. */
interface Case {
  /** What happens; ends the name of the test. */
  readonly name: string;
  /** The application. */
  readonly work: (exchange: Exchange) => Promise<unknown>;
  /** The client, once its head is sent and the server waits. */
  readonly act: (request: PeerExchange, peer: H3Peer, server: H3Harness) => unknown;
  readonly method?: string;
  readonly authority?: string;
  readonly settings?: TestSettings;
  readonly status: number | null;
  readonly sent?: number;
  readonly outcome: Outcome;
  readonly reason?: RefusalReason;
}

const finish = (request: PeerExchange) => request.finish();

const CASES: readonly Case[] = [
  {
    name: "a response of one piece",
    work: (exchange) => answer(exchange, "hello"),
    act: finish,
    status: 200,
    sent: 5,
    outcome: "complete",
  },
  {
    name: "a response without content",
    work: (exchange) => answer(exchange, "", 404),
    act: finish,
    status: 404,
    outcome: "complete",
  },
  {
    name: "a response to HEAD, of which no content is sent",
    method: "HEAD",
    work: (exchange) => answer(exchange, "hello"),
    act: finish,
    status: 200,
    outcome: "complete",
  },
  {
    name: "a response of many pieces with trailers",
    work: async (exchange) => {
      await exchange.respond({ status: 200, fields: [] });
      for (let count = 0; count < 50; count++) await exchange.write(new Uint8Array(10_000));
      await exchange.end([["x-trailer", "1"]]);
    },
    act: finish,
    status: 200,
    sent: 500_000,
    outcome: "complete",
  },
  {
    name: "a response that is complete although the upload is not",
    method: "POST",
    work: (exchange) => answer(exchange, "enough"),
    act: (request) => request.response().then(() => request.stream.reset(0x10c)),
    status: 200,
    sent: 6,
    outcome: "complete",
  },
  {
    name: "a handler that fails before it responds",
    work: () => Promise.reject(new Error("on purpose")),
    act: finish,
    status: 500,
    outcome: "failed",
  },
  {
    name: "a handler that returns without a response",
    work: () => Promise.resolve(),
    act: finish,
    status: 500,
    outcome: "failed",
  },
  {
    name: "a handler that fails within its response",
    work: async (exchange) => {
      await exchange.respond({ status: 200, fields: [] });
      await exchange.write("begun");
      await readAll(exchange); // for the connection ends with the response
      throw new Error("on purpose");
    },
    act: finish,
    settings: { gracefulTimeout: 0.01 },
    status: 200,
    outcome: "failed",
  },
  {
    name: "a client that resets its upload before the response",
    method: "POST",
    work: readAll,
    act: (request) => request.cancel(0x10c),
    status: null,
    outcome: "aborted",
  },
  {
    name: "a client that stops the response, of which it got a part",
    work: async (exchange) => {
      await exchange.respond({ status: 200, fields: [] });
      await exchange.write(new Uint8Array(1_000));
      await readAll(exchange);
      for (;;) {
        await exchange.write(new Uint8Array(10));
        await settled();
      }
    },
    act: async (request) => {
      await request.until(() => request.content.length >= 1_000, "the content");
      request.stream.stop(0x10c);
      request.finish();
    },
    status: 200,
    sent: 1_000,
    outcome: "aborted",
  },
  {
    name: "a client that closes the connection before the response",
    work: (exchange) => gone(exchange),
    act: (_, peer) => peer.client.close(H3.NO_ERROR),
    status: null,
    outcome: "aborted",
  },
  {
    name: "a response that is cut at the deadline of a stop before it began",
    work: (exchange) => gone(exchange),
    act: (_request, _peer, server) => server.inFlight.cut(new DisconnectError()),
    status: 503,
    outcome: "aborted",
  },
  {
    name: "a response that is cut at the deadline of a stop",
    work: (exchange) => sendAndWait(exchange),
    act: async (request, _peer, server) => {
      await request.until(() => request.content.length >= 1_000, "the content");
      server.inFlight.cut(new DisconnectError());
    },
    settings: { gracefulTimeout: 0.01 },
    status: 200,
    sent: 1_000,
    outcome: "aborted",
  },
  {
    name: "a connection that every stream of is cut with, a complete response waiting",
    work: (exchange) => answer(exchange, "x".repeat(3_000)),
    act: async (request, peer, server) => {
      request.finish();
      await peer.until(() => peer.client.live.pendingWrites > 0, "the full window");
      server.listener.abort();
    },
    status: 200,
    outcome: "aborted",
  },
  {
    name: "a name that is not served",
    authority: "elsewhere.test",
    work: () => Promise.reject(new Error("never called")),
    act: finish,
    settings: { serverNames: new Set(["localhost"]) },
    status: 421,
    outcome: "refused",
    reason: "server_name",
  },
  {
    name: "a name that is not served, with an upload that is malformed, too",
    method: "POST",
    authority: "elsewhere.test",
    work: () => Promise.reject(new Error("never called")),
    act: (request) => request.response().then(() => request.headers([[":late", "1"]]).finish()),
    settings: { serverNames: new Set(["localhost"]) },
    status: 421,
    outcome: "refused",
    reason: "server_name",
  },
  {
    name: "an upload that is malformed before the application responded",
    method: "POST",
    work: readAll,
    act: (request) => request.headers([[":late", "1"]]).finish(),
    status: 400,
    outcome: "refused",
    reason: "bad_request",
  },
];

/** Sends 1,000 bytes, then waits until nobody wants more. */
async function sendAndWait(exchange: Exchange): Promise<void> {
  await exchange.respond({ status: 200, fields: [] });
  await exchange.write(new Uint8Array(400));
  await exchange.write(new Uint8Array(600));
  await gone(exchange);
}

function gone({ signal }: Exchange): Promise<never> {
  return new Promise((_, reject) =>
    signal.addEventListener("abort", () => reject(signal.reason), { once: true })
  );
}

for (const { name, work, act, method, authority, settings, ...expected } of CASES) {
  Deno.test(`the HTTP/3 driver tells its observer once of ${name}`, async () => {
    const observer = new StrictObserver();
    {
      await using server = serveH3(async (exchange) => {
        assert.ok(exchange.observation);
        await work(exchange);
      }, { ...settings, observer });
      const peer = server.connect({ sendWindow: name.includes("waiting") ? 1_000 : 1_000_000 });
      const request = peer.request({
        path: "/path?x=1",
        ...(method === undefined ? {} : { method }),
        ...(authority === undefined ? {} : { authority }),
      });
      await eventually(() => observer.records.length === 1, "the request");
      assert.equal(observer.connections, 1);
      await act(request, peer, server);
      await eventually(() => observer.open === 0, "the end of the observation");
      request.cancel(0x10c); // what is left of it
      for (const kind of ["failed", "refused", "connectionClosed"] as const) server.take(kind);
    }
    const { request, status, sent, outcome, reason } = observer.only;
    assert.equal(request, `${method ?? "GET"} /path?x=1`);
    assert.equal(observer.only.authority, authority ?? "localhost");
    assert.equal(observer.only.client, "127.0.0.1");
    assert.deepEqual({ status, sent, outcome, reason }, { sent: 0, reason: null, ...expected });
    assert.deepEqual([observer.connections, observer.opened], [0, 1]);
  });
}

/** Requests whose head cannot be used. */
const MALFORMED = [
  {
    name: "a malformed head",
    send: (request: PeerExchange) => request.headers([[":method", "GET"]]).finish(),
    settings: {},
    status: 400,
    reason: "bad_request",
  },
  {
    name: "a stream without a head",
    send: (request: PeerExchange) => request.finish(),
    settings: {},
    status: 400,
    reason: "bad_request",
  },
  {
    name: "a head that is too large",
    send: (request: PeerExchange) =>
      request.headers([[":method", "GET"], ["x-large", "x".repeat(2_000)]]).finish(),
    settings: { maxFieldSectionSize: 1_000 },
    status: 431,
    reason: "too_large",
  },
] as const;

for (const { name, send, settings, status, reason } of MALFORMED) {
  Deno.test(`the HTTP/3 driver tells its observer of ${name} without what it says`, async () => {
    const observer = new StrictObserver();
    await using server = serveH3(answer, { ...settings, observer });
    const request = send(server.connect().open());
    assert.equal((await request.response()).status, status);
    await eventually(() => observer.open === 0, "the end of the observation");
    assert.equal(server.take("refused").length, 1);
    const expected = { request: " ", authority: "", client: "127.0.0.1", field: null, sent: 0 };
    assert.deepEqual(observer.only, { ...expected, status, outcome: "refused", reason });
  });
}

Deno.test("the HTTP/3 driver tells its observer nothing of a stream that is reset before its head", async () => {
  const observer = new StrictObserver();
  await using server = serveH3((exchange) => answer(exchange), { observer });
  const peer = server.connect();
  peer.open().cancel(0x10c);
  assert.equal((await peer.get("/second")).status, 200);
  await eventually(() => observer.open === 0, "the end of the observation");
  assert.equal(observer.only.request, "GET /second");
});

Deno.test("the HTTP/3 driver shows its observer the fields of the application in any case", async () => {
  const observer = new StrictObserver();
  await using server = serveH3(async (exchange) => {
    await exchange.respond({ status: 200, fields: [["x-test", "a"], ["x-test", "b"]] });
    await exchange.end();
  }, { observer });
  await server.connect().get();
  assert.equal(observer.only.field, "a, b");
});

Deno.test("the HTTP/3 driver calls the application within Observation.run, with what it throws at once", async () => {
  const calls: string[] = [];
  const observer = new StrictObserver((call) => {
    calls.push("in");
    try {
      return call();
    } finally {
      calls.push("out");
    }
  });
  await using server = serveH3((exchange) => {
    calls.push(exchange.request.target);
    if (exchange.request.target === "/throws") throw new Error("on purpose");
    return answer(exchange);
  }, { observer });
  const peer = server.connect();
  assert.equal((await peer.get("/")).status, 200);
  assert.equal((await peer.get("/throws")).status, 500);
  assert.equal(server.take("failed").length, 1);
  assert.deepEqual(calls, ["in", "/", "out", "in", "/throws", "out"]);
});

Deno.test("the HTTP/3 driver leaves alone what its observer takes no interest in", async () => {
  const observer = { begin: () => null };
  await using server = serveH3((exchange) => {
    assert.equal(exchange.observation, undefined);
    return answer(exchange, "fine");
  }, { observer });
  assert.equal((await server.connect().get()).text, "fine");
});

Deno.test("the HTTP/3 driver ends every observation and connection once, whatever clients do", async () => {
  const action = fc.constantFrom("wait", "reset", "stop", "cancel", "malformed");
  const path = fc.constantFrom("/short", "/long", "/fails", "/breaks", "/slow");
  const requests = fc.array(fc.tuple(path, action), { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(requests, fc.boolean(), async (plan, late) => {
      const observer = new StrictObserver();
      {
        await using server = serveH3(serveAny, { observer, gracefulTimeout: 0.01 });
        const peer = server.connect({ sendWindow: 20_000 });
        for (const [path, action] of plan) {
          const request = peer.request({ path, method: "POST" });
          if (action === "wait") request.finish();
          else if (action === "reset") request.stream.reset(0x10c);
          else if (action === "stop") request.finish().stream.stop(0x10c);
          else if (action === "cancel") request.cancel(0x10c);
          else request.headers([[":late", "1"]]);
          if (plan.length % 2 === 0) await settled();
        }
        if (late) await settled();
        peer.client.close(H3.NO_ERROR);
        await eventually(() => observer.open === 0, "the end of all observations");
        for (const kind of ["failed", "refused", "connectionClosed"] as const) server.take(kind);
      }
      assert.deepEqual([observer.connections, observer.opened], [0, 1]);
    }),
    { numRuns: 60 },
  );
});

async function serveAny(exchange: Exchange): Promise<void> {
  switch (exchange.request.target) {
    case "/short":
      return await answer(exchange, "short");
    case "/long":
      return await answer(exchange, "x".repeat(50_000));
    case "/fails":
      throw new Error("on purpose");
    case "/breaks":
      await exchange.respond({ status: 200, fields: [] });
      throw new Error("on purpose");
    default:
      await readAll(exchange);
      await answer(exchange, "slow");
  }
}
