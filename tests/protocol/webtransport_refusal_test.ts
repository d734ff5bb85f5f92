/** Requests for WebTransport sessions that the server answers itself. */

import assert from "node:assert/strict";
import type { FieldList } from "../../src/fields.ts";
import { ConcurrencyLimit } from "../../src/protocol/request_limits.ts";
import type { H3PeerOptions } from "../_support/h3_peer.ts";
import { RecordingObserver } from "../_support/recording_observer.ts";
import {
  connect,
  serveOpen,
  serveSessions,
  sessionFields,
  SessionPeer,
  type SessionSettings,
} from "./webtransport_peer.ts";

/** A request that is refused, and how. */
interface Row {
  readonly name: string;
  readonly fields?: FieldList;
  readonly protocol?: string;
  readonly settings?: SessionSettings;
  readonly peer?: H3PeerOptions;
  /** 200 for one that is not. */
  readonly status: number;
  readonly reported?: RegExp;
  readonly event?: string;
}

const FOREIGN: FieldList = [["origin", "https://elsewhere.example"]];

const ROWS: readonly Row[] = [
  { name: "no origin", status: 200 },
  { name: "the other token", protocol: "webtransport-h3", status: 200 },
  { name: "the origin of the server", fields: [["origin", "https://localhost"]], status: 200 },
  {
    name: "the origin of another",
    fields: FOREIGN,
    status: 403,
    reported: /403 .*"https:\/\/elsewhere.example" .*"webtransport_origins"/,
    event: "ended refused handshake",
  },
  {
    name: "the origin of the server without TLS",
    fields: [["origin", "http://localhost"]],
    status: 403,
    reported: /"http:\/\/localhost"/,
    event: "ended refused handshake",
  },
  {
    name: "an opaque origin",
    fields: [["origin", "null"]],
    status: 403,
    reported: /"null"/,
    event: "ended refused handshake",
  },
  {
    name: "two origins of which one would do",
    fields: [["origin", "https://localhost"], ...FOREIGN],
    status: 403,
    reported: /"https:\/\/localhost, https:\/\/elsewhere.example"/,
    event: "ended refused handshake",
  },
  {
    name: "an origin that is configured",
    fields: FOREIGN,
    settings: { webtransport: { origins: new Set(["https://elsewhere.example"]) } },
    status: 200,
  },
  {
    name: "the origin of the server where others are configured",
    fields: [["origin", "https://localhost"]],
    settings: { webtransport: { origins: new Set(["https://elsewhere.example"]) } },
    status: 200,
  },
  {
    name: "an origin where others are configured",
    fields: [["origin", "https://third.example"]],
    settings: { webtransport: { origins: new Set(["https://elsewhere.example"]) } },
    status: 403,
    reported: /"https:\/\/third.example"/,
    event: "ended refused handshake",
  },
  {
    name: "any origin",
    fields: [["origin", "null"]],
    settings: { webtransport: { origins: new Set(["*"]) } },
    status: 200,
  },
  {
    name: "a client without WebTransport",
    peer: { settings: { enableDatagrams: true, webTransportSessions: 0 } },
    status: 400,
    reported: /400 .*SETTINGS have no WebTransport/,
    event: "ended refused handshake",
  },
  {
    name: "another protocol",
    protocol: "connect-udp",
    status: 501,
    reported: /501 ":protocol" is "connect-udp", expected "websocket" or "webtransport"/,
    event: "ended refused not_implemented",
  },
  {
    name: "a name that is not ours",
    settings: { serverNames: new Set(["other.example"]) },
    status: 404,
    reported: /404/,
    event: "ended refused server_name",
  },
  {
    name: "a target that is too long",
    settings: { limits: { targetSize: 0 } },
    status: 414,
    reported: /"max_target_size"/,
    event: "ended refused too_large",
  },
];

for (const { name, fields, protocol, settings, peer: options, status, reported, event } of ROWS) {
  const answer = status === 200 ? "accepted" : `refused with ${status}`;
  Deno.test(`a request for a session with ${name} is ${answer}`, async () => {
    const observer = new RecordingObserver();
    const { server: harness } = serveSessions(
      async (exchange) => void await exchange.accept(),
      { observer, ...settings },
    );
    await using server = harness;
    const peer = connect(server, options);
    const session = new SessionPeer(peer).connect(fields, protocol);
    session.exchange.finish();
    assert.equal((await session.exchange.response()).status, status);
    await peer.untilIdle();
    assert.match(server.take("refused").join(), reported ?? /^$/);
    const last = observer.events[0]!.at(-1);
    assert.equal(last, event ?? "ended complete");
  });
}

Deno.test("the origin of a server on another port than 443 names the port", async () => {
  const { server: harness } = serveSessions(async (exchange) => void await exchange.accept());
  await using server = harness;
  const peer = connect(server);
  const authority = (port: string, origin: string) =>
    sessionFields([["origin", origin]]).map(([name, value]) =>
      [name, name === ":authority" ? `LocalHost:${port}` : value] as const
    );
  const statuses: (number | null)[] = [];
  for (
    const [port, origin] of [
      ["4433", "https://localhost:4433"],
      ["443", "https://localhost"],
      ["4433", "https://localhost"],
    ] as const
  ) {
    const exchange = peer.open().headers(authority(port, origin)).finish();
    statuses.push((await exchange.response()).status);
  }
  assert.deepEqual(statuses, [200, 200, 403]);
  assert.equal(server.take("refused").length, 1);
  await peer.untilIdle();
});

Deno.test("one session too many gets 429, until another one is over", async () => {
  const { server: harness } = serveOpen({ webtransport: { maxSessions: 1 } });
  await using server = harness;
  const peer = connect(server);
  const first = await SessionPeer.open(peer);
  const second = new SessionPeer(peer).connect();
  second.exchange.finish();
  assert.equal((await second.exchange.response()).status, 429);
  assert.match(server.take("refused").join(), /429 .*"webtransport_max_sessions"/);
  await first.close().ended();
  const third = await SessionPeer.open(peer);
  await third.close().ended();
  await peer.untilIdle();
});

Deno.test("a handshake that is denied or lost leaves its place to the next", async () => {
  const { server: harness } = serveSessions(async (exchange) => {
    if (exchange.request.fields.some(([name]) => name === "x-wait")) {
      await new Promise((resolve) => exchange.signal.addEventListener("abort", resolve));
    } else {
      await exchange.respond({ status: 403, fields: [] });
      await exchange.end();
    }
  }, { webtransport: { maxSessions: 1 } });
  await using server = harness;
  const peer = connect(server);
  for (let i = 0; i < 3; i++) {
    const denied = new SessionPeer(peer).connect();
    denied.exchange.finish();
    assert.equal((await denied.exchange.response()).status, 403);
    const lost = new SessionPeer(peer).connect([["x-wait", "1"]]);
    lost.exchange.cancel(0x10c);
  }
  await peer.untilIdle();
  server.take("failed");
});

Deno.test("a request for a session waits for SETTINGS, and gets 408 when they do not come", async () => {
  const observer = new RecordingObserver();
  const { server: harness, clock } = serveSessions(
    async (exchange) => void await exchange.accept(),
    { observer, timeouts: { headMs: 1000, idleMs: 60_000 } },
  );
  await using server = harness;
  const patient = server.connect({ settings: null });
  const session = new SessionPeer(patient).connect();
  session.exchange.finish();
  assert.equal((await patient.get("/")).status, 200);
  assert.equal(session.exchange.status, null);
  clock.advance(999);
  assert.equal(session.exchange.status, null);
  clock.advance(1);
  assert.equal((await session.exchange.response()).status, 408);
  assert.match(server.take("refused").join(), /CONNECT 408 SETTINGS did not come within 1 s/);
  await patient.untilIdle({ receiving: 0, pendingReads: 0 });
});

Deno.test("a request for a session that overtook SETTINGS is answered when they are there", async () => {
  const { server: harness } = serveSessions(async (exchange) => void await exchange.accept());
  await using server = harness;
  const peer = server.connect({ settings: null });
  const session = new SessionPeer(peer).connect();
  assert.equal((await peer.get("/")).status, 200);
  assert.equal(session.exchange.status, null);
  const settings = [0x00, 0x04, 7, 0x33, 1, 0xab, 0x60, 0x37, 0x42, 1]; // H3_DATAGRAM, ENABLE_WEBTRANSPORT
  peer.unidirectional(Uint8Array.from(settings));
  session.exchange.finish();
  assert.equal((await session.exchange.response()).status, 200);
  await peer.untilIdle();
});

Deno.test("a server that stops refuses sessions with 503, one that is full as any request", async () => {
  const { server: harness } = serveSessions(async (exchange) => void await exchange.accept());
  await using server = harness;
  server.inFlight.drain();
  const peer = connect(server);
  const session = new SessionPeer(peer).connect();
  session.exchange.finish();
  assert.equal((await session.exchange.response()).status, 503);
  assert.match(
    server.take("refused").join(),
    /Cannot accept the WebTransport session: the server is shutting down/,
  );

  const concurrency = new ConcurrencyLimit(0);
  const { server: full } = serveSessions(async (exchange) => void await exchange.accept(), {
    observer: concurrency,
    limits: { concurrency },
  });
  await using _full = full;
  const other = new SessionPeer(connect(full)).connect();
  other.exchange.finish();
  assert.equal((await other.exchange.response()).status, 503);
  assert.equal(full.take("refused").length, 1);
});
