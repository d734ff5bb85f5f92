/**
 * Attacks on WebTransport by RESET_STREAM and by codes of STOP_SENDING, which the runtime's client cannot send: on the
 * QUIC in memory.
 *
 * @module
 */

import assert from "node:assert/strict";
import { WEBTRANSPORT_MAX_EARLY } from "../../src/limits.ts";
import {
  type WebTransportExchange,
  WebTransportStreamError,
} from "../../src/webtransport_exchange.ts";
import { withDeadline } from "../_support/deadline.ts";
import type { FakeClientStream } from "../_support/fake_quic.ts";
import { answer, H3Harness } from "../_support/h3_harness.ts";
import type { H3Peer, PeerExchange } from "../_support/h3_peer.ts";
import { eventually } from "../_support/waiting.ts";
import { echoSession } from "../_support/webtransport_echo.ts";
import { HANG_MS } from "../_support/webtransport_stream.ts";
import { describeEnd, type SessionUse } from "../_support/webtransport_target.ts";
import { sessionFields, streamStart, WT_STREAM } from "../_support/webtransport_wire.ts";

const { BIDIRECTIONAL, UNIDIRECTIONAL } = WT_STREAM;

/** Codes of applications, and what they are on the wire: the draft leaves reserved code points out. */
const CODES: readonly (readonly [application: number, wire: number])[] = [
  [0, 0x52e4a40fa8db],
  [29, 0x52e4a40fa8f8],
  [30, 0x52e4a40fa8fa],
  [0xffffffff, 0x52e5ac983162],
];

/** Codes that are no application's. */
const FOREIGN_CODES = [0, 0x10c, 0x52e4a40fa8da, 0x52e4a40fa8f9, 0x52e5ac983163];

/** A server for sessions, and how they ended. */
class Server extends H3Harness {
  readonly ends: string[] = [];

  constructor(use: SessionUse = echoSession) {
    const ends: string[] = [];
    super({
      http: (exchange) => answer(exchange, "ok"),
      websocket: () => Promise.reject(new Error("No WebSocket can come here")),
      async webtransport(exchange: WebTransportExchange) {
        const session = await exchange.accept();
        void session.closed.then((end) => ends.push(describeEnd(end)));
        await use(session, exchange);
      },
    }, { webtransport: { maxSessions: 10, maxStreams: 100, origins: new Set() } });
    this.ends = ends;
  }

  /** A client that has datagrams and WebTransport. */
  client(): H3Peer {
    return this.connect({ settings: { enableDatagrams: true, webTransportSessions: 1 } });
  }
}

/** Sends a handshake that is accepted. */
async function open(peer: H3Peer): Promise<PeerExchange> {
  const session = peer.open().headers(sessionFields());
  await session.until(() => session.status === 200, "200 to the handshake");
  return session;
}

/** Opens a stream in both directions that begins with `text`. */
function openStream(peer: H3Peer, sessionId: number, text: string): FakeClientStream {
  const stream = peer.client.openBidirectional();
  stream.write(streamStart(BIDIRECTIONAL, sessionId, text));
  return stream;
}

/** Settles when `text` has come back. */
function untilEchoed(peer: H3Peer, stream: FakeClientStream, text: string): Promise<void> {
  const received = () => new TextDecoder().decode(stream.inbox.bytes);
  return peer.until(() => received() === text, `the echo of "${text}"`);
}

/** A session and a request on the same connection. */
async function others(peer: H3Peer, session: PeerExchange): Promise<void> {
  const stream = openStream(peer, session.id, "alive");
  stream.finish();
  await untilEchoed(peer, stream, "alive");
  assert.equal((await peer.get("/")).text, "ok");
}

Deno.test("WebTransport with a client that resets the stream of a session: it ends, others live on", async () => {
  await using server = new Server();
  const peer = server.client();
  const sibling = await open(peer);
  const session = await open(peer);
  const stream = openStream(peer, session.id, "open");
  await untilEchoed(peer, stream, "open");
  session.cancel(0x10c);
  await eventually(() => server.ends.length === 1, "the end of the session");
  assert.deepEqual(server.ends, ["unclean 0"]);
  await peer.until(() => stream.stopped, "the stop of its stream");
  await others(peer, sibling);
  assert.equal(peer.over, false);
});

Deno.test("WebTransport with a client that resets a handshake which nobody answers: the application is told", async () => {
  const told = Promise.withResolvers<void>();
  await using server = new H3Harness({
    http: (exchange) => answer(exchange, "ok"),
    websocket: () => Promise.reject(new Error("No WebSocket can come here")),
    webtransport: ({ signal }) =>
      new Promise((resolve) => {
        signal.addEventListener("abort", () => {
          told.resolve();
          resolve();
        });
      }),
  }, { webtransport: { maxSessions: 10, maxStreams: 100, origins: new Set() } });
  const peer = server.connect({ settings: { enableDatagrams: true, webTransportSessions: 1 } });
  const session = peer.open().headers(sessionFields());
  assert.equal((await peer.get("/")).text, "ok");
  session.cancel(0x10c);
  await withDeadline(told.promise, "the abort of the handshake", HANG_MS);
});

for (const [code, wire] of [...CODES, ...FOREIGN_CODES.map((wire) => [null, wire] as const)]) {
  Deno.test(`WebTransport with a client that resets with 0x${wire.toString(16)}: the application reads code ${code}`, async () => {
    const errors: unknown[] = [];
    const accepted = Promise.withResolvers<void>();
    await using server = new Server(async (session) => {
      const { receive, send } = (await session.acceptBidirectional())!;
      accepted.resolve();
      await untilError(() => receive.read(), errors);
      await untilError(() => send.write(new Uint8Array(1)), errors);
      await session.closed;
    });
    const peer = server.client();
    const session = await open(peer);
    const stream = openStream(peer, session.id, "x");
    await withDeadline(accepted.promise, "the stream", HANG_MS);
    stream.reset(wire);
    await eventually(() => errors.length === 1, "the error of the reading");
    stream.stop(wire);
    await eventually(() => errors.length === 2, "the error of the writing");
    for (const error of errors) {
      assert.ok(error instanceof WebTransportStreamError, `${error}`);
      assert.equal(error.code, code);
    }
    assert.equal(peer.over, false);
  });
}

Deno.test("WebTransport with a client that resets streams before they say for what they are: nothing is left", async () => {
  await using server = new Server();
  const peer = server.client();
  const session = await open(peer);
  for (const start of [[], [0x40], [0x40, 0x41], [0x40, 0x41, 0x80]]) {
    const stream = peer.client.openBidirectional();
    if (start.length > 0) await stream.write(Uint8Array.from(start));
    stream.reset(0x10c);
    stream.stop(0x10c);
  }
  for (const start of [[0x40], [0x40, 0x54], [0x40, 0x54, 0x80]]) {
    const stream = peer.client.openUnidirectional();
    await stream.write(Uint8Array.from(start));
    stream.reset(0x10c);
  }
  await others(peer, session);
  await eventually(() => server.listener.counts().streams === 1, "the end of all streams but one");
});

Deno.test("WebTransport with a client that resets early streams: others may wait in their place", async () => {
  await using server = new Server();
  const peer = server.client();
  const next = 4; // after the request below
  for (let round = 0; round < 3; round++) {
    const early = Array.from({ length: WEBTRANSPORT_MAX_EARLY }, () => {
      const stream = peer.client.openUnidirectional();
      stream.write(streamStart(UNIDIRECTIONAL, next, "early"));
      return stream;
    });
    if (round === 0) assert.equal((await peer.get("/")).text, "ok");
    for (const stream of early) {
      assert.equal(stream.stopped, false, `round ${round}`);
      stream.reset(0x10c);
    }
    await peer.client.arrived();
  }
  const session = await open(peer);
  assert.equal(session.id, next);
  await others(peer, session);
});

Deno.test("WebTransport with a client that opens and resets 3000 streams: others live on, nothing is left", async () => {
  await using server = new Server();
  const peer = server.client();
  const sibling = await open(peer);
  const session = await open(peer);
  for (let i = 0; i < 3_000; i++) {
    const stream = openStream(peer, session.id, "x");
    await peer.client.arrived();
    stream.reset(0x10c);
    stream.stop(0x10c);
    if (i % 100 === 0) await others(peer, sibling);
  }
  await others(peer, session);
  await eventually(() => server.listener.counts().streams === 2, "the end of all streams but two");
});

async function untilError(act: () => Promise<unknown>, errors: unknown[]): Promise<void> {
  try {
    for (;;) {
      await act();
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  } catch (error) {
    errors.push(error);
  }
}
