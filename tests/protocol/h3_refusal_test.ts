import assert from "node:assert/strict";
import { kindOf } from "../../src/protocol/h3_kind.ts";
import { refusalOf, type RefusalParts } from "../../src/protocol/h3_refusal.ts";
import { InFlight } from "../../src/protocol/in_flight.ts";
import { ConcurrencyLimit, type RequestLimits } from "../../src/protocol/request_limits.ts";
import { answer, serveH3 } from "../_support/h3_harness.ts";
import { RecordingObserver } from "../_support/recording_observer.ts";
import { looseLimits } from "../_support/request_limits.ts";
import { combineObservers } from "../../src/observation.ts";
import { eventually } from "../_support/waiting.ts";

const HEAD = {
  method: "GET",
  scheme: "https",
  authority: "one.example",
  target: "/",
  httpVersion: "3",
  fields: [],
  protocol: null,
} as const;

/** An extended CONNECT of a WebSocket client. */
const WEBSOCKET = {
  method: "CONNECT",
  protocol: "websocket",
  fields: [["sec-websocket-version", "13"]],
} as const;

/** A request, and what it is refused with. */
interface Row {
  readonly name: string;
  readonly head?: Partial<RefusalParts["head"]>;
  readonly contentLength?: number;
  readonly serverName?: string | null;
  readonly names?: readonly string[];
  readonly limits?: Partial<RequestLimits>;
  readonly draining?: boolean;
  readonly status: number | null;
}

const NAMES = ["one.example", "one.example:8443"];

const ROWS: readonly Row[] = [
  { name: "an ordinary request", status: null },
  { name: "CONNECT", head: { method: "CONNECT" }, status: 501 },
  {
    name: "extended CONNECT for an unknown protocol",
    head: { ...WEBSOCKET, protocol: "connect-udp" },
    status: 501,
  },
  { name: "a WebSocket", head: WEBSOCKET, status: null },
  {
    name: "a WebSocket that sends a key, which means nothing here",
    head: {
      ...WEBSOCKET,
      fields: [["sec-websocket-version", "13"], ["sec-websocket-key", "none"]],
    },
    status: null,
  },
  { name: "a WebSocket without a version", head: { ...WEBSOCKET, fields: [] }, status: 400 },
  {
    name: "a WebSocket of two versions",
    head: {
      ...WEBSOCKET,
      fields: [["sec-websocket-version", "13"], ["sec-websocket-version", "8"]],
    },
    status: 400,
  },
  { name: "a WebSocket while the server stops", head: WEBSOCKET, draining: true, status: 503 },
  { name: "a request while the server stops", draining: true, status: null },
  {
    name: "a WebSocket for an unknown name",
    head: WEBSOCKET,
    names: ["two.example"],
    status: 404,
  },
  {
    name: "a WebSocket whose target is beyond its limit",
    head: { ...WEBSOCKET, target: "/a" },
    limits: { targetSize: 1 },
    status: 414,
  },
  { name: "a name that is served", names: NAMES, status: null },
  {
    name: "a name that is served, on a connection made for another one",
    names: NAMES,
    serverName: "two.example",
    status: null,
  },
  {
    name: "an unknown name that the connection was made for",
    names: ["two.example"],
    serverName: "one.example",
    status: 404,
  },
  {
    name: "an unknown name with a port that the connection was made for",
    head: { authority: "ONE.example:443" },
    names: ["two.example"],
    serverName: "one.EXAMPLE",
    status: 404,
  },
  {
    name: "an unknown name on a connection made for no name",
    names: ["two.example"],
    serverName: null,
    status: 404,
  },
  {
    name: "an unknown name on a connection made for another one",
    names: ["two.example"],
    serverName: "two.example",
    status: 421,
  },
  {
    name: "an unknown address on a connection made for a name",
    head: { authority: "[::1]:8443" },
    names: ["two.example"],
    serverName: "two.example",
    status: 421,
  },
  { name: "a target at its limit", limits: { targetSize: 1 }, status: null },
  {
    name: "a target beyond its limit",
    head: { target: "/a" },
    limits: { targetSize: 1 },
    status: 414,
  },
  {
    name: "content at its limit",
    contentLength: 10,
    limits: { bodySize: 10 },
    status: null,
  },
  { name: "content beyond its limit", contentLength: 11, limits: { bodySize: 10 }, status: 413 },
  { name: "content of any size without a limit", contentLength: 2 ** 40, status: null },
  { name: "content of unknown size", limits: { bodySize: 0 }, status: null },
];

for (const row of ROWS) {
  const { name, head, contentLength, serverName, names, limits, draining, status } = row;
  Deno.test(`refusalOf() ${status === null ? "lets pass" : `answers ${status} to`} ${name}`, () => {
    const inFlight = new InFlight();
    if (draining) inFlight.drain();
    const request = { ...HEAD, ...head };
    const refusal = refusalOf({
      head: request,
      kind: kindOf(request),
      contentLength: contentLength ?? null,
      serverName: serverName === undefined ? "one.example" : serverName,
      streamId: 0,
      sessions: null,
    }, { serverNames: names ? new Set(names) : null, limits: looseLimits(limits), inFlight });
    assert.equal(refusal?.status ?? null, status);
  });
}

Deno.test("Clients over HTTP/3 that leave at once, or get 504, have no more than limit_concurrency running", async () => {
  const concurrency = new ConcurrencyLimit(2);
  const recorder = new RecordingObserver();
  const go = Promise.withResolvers<void>();
  let running = 0;
  await using server = serveH3(async (exchange) => {
    running++;
    await go.promise;
    running--;
    await answer(exchange);
  }, {
    observer: combineObservers([recorder, concurrency]),
    limits: looseLimits({ concurrency, handlerMs: 100 }),
  });
  const peer = server.connect();
  const gone = peer.request({ method: "POST" }).data("x");
  await eventually(() => running === 1, "the call of the application");
  gone.cancel(0x10c);
  assert.equal((await peer.get()).status, 504);
  for (let count = 0; count < 5; count++) assert.equal((await peer.get()).status, 503);
  assert.equal(running, 2);
  go.resolve();
  await eventually(() => concurrency.open === 0, "the return of the handlers");
  assert.deepEqual([running, recorder.inFlight], [0, 0]);
  for (const kind of ["refused", "failed", "disconnected"] as const) server.take(kind);
});

Deno.test("A request beyond limit_concurrency gets 503, counts once, and is no more in progress afterwards", async () => {
  const concurrency = new ConcurrencyLimit(1);
  const recorder = new RecordingObserver();
  const go = Promise.withResolvers<void>();
  await using server = serveH3(async (exchange) => {
    if (exchange.request.target === "/wait") await go.promise;
    await answer(exchange);
  }, {
    observer: combineObservers([recorder, concurrency]),
    limits: looseLimits({ concurrency }),
  });
  const peer = server.connect();
  const held = peer.request({ path: "/wait" }).finish();
  await eventually(() => server.inFlight.requests === 1, "the request");
  const refused = await peer.get();
  assert.deepEqual([refused.status, refused.field("retry-after")], [503, "1"]);
  assert.deepEqual(recorder.events.at(-1), ["responded 503", "ended refused overloaded"]);
  assert.match(server.take("refused").join(), /^GET 503 .*"limit_concurrency"/);
  go.resolve();
  assert.equal((await held.response()).status, 200);
  assert.equal((await peer.get()).status, 200);

  const ends = [
    () => void peer.request({ path: "/wait" }).stream.reset(0x10c), // no head: never a request
    () => peer.request({ method: "POST" }).data("x").cancel(0x10c),
    () => void peer.open().finish(), // malformed
    () => void peer.client.close(0x100),
  ];
  for (const end of ends) end();
  await eventually(() => concurrency.open === 0, "the end of all requests");
  assert.equal(recorder.inFlight, 0);
  for (const kind of ["refused", "connectionClosed", "failed"] as const) server.take(kind);
});

Deno.test("a failure of its own after content over HTTP/3 that was too large is not lost", async () => {
  await using server = serveH3(async (exchange) => {
    const cause = await exchange.read().catch((error) => error);
    const related = exchange.request.target === "/related";
    throw new Error("out of order", related ? { cause } : {});
  }, { limits: looseLimits({ bodySize: 10 }) });
  const peer = server.connect();
  for (const [path, logged] of [["/", 1], ["/related", 0]] as const) {
    const request = peer.request({ method: "POST", path }).data("x".repeat(11)).finish();
    assert.equal((await request.response()).status, 413);
    assert.equal(server.take("failed").length, logged);
    server.take("refused");
  }
});
