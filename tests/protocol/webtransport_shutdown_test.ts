/** WebTransport sessions over HTTP/3 on a server, or a connection, that comes to its end. */

import assert from "node:assert/strict";
import { ShutdownError } from "../../src/errors.ts";
import { InFlight } from "../../src/protocol/in_flight.ts";
import type { FakeClock } from "../_support/h3_clock.ts";
import type { H3Harness } from "../_support/h3_harness.ts";
import { RecordingObserver } from "../_support/recording_observer.ts";
import {
  bytesOf,
  connect,
  serveOpen,
  serveSessions,
  SessionPeer,
  settled,
  textOf,
} from "./webtransport_peer.ts";

Deno.test("a server that stops asks sessions to end, lets them live, and closes those that are left", async () => {
  const observer = new RecordingObserver();
  const { server: harness, next } = serveOpen({ observer });
  await using server = harness;
  const peer = connect(server);
  const session = await SessionPeer.open(peer);
  const served = await next();
  assert.equal(await settled(served.draining, peer), false);
  server.inFlight.drain();
  server.listener.goaway();
  await served.draining;
  assert.deepEqual(session.heard, ["drain"]);
  const stream = session.openBidirectional("still here");
  const { receive, send } = (await served.acceptBidirectional())!;
  assert.equal(textOf(await receive.read()), "still here");
  await send.write(bytesOf("me too"));
  await send.end();
  assert.equal(textOf(stream.inbox.bytes), "me too");
  server.inFlight.cut(new ShutdownError());
  assert.deepEqual(await served.closed, { code: 0, reason: "Server shutting down", clean: true });
  assert.deepEqual(await session.ended(), ["drain", "close 0 Server shutting down"]);
  session.exchange.finish();
  stream.finish();
  await peer.untilIdle();
  assert.equal(observer.events[0]!.at(-1), "ended aborted");
});

/** Why a connection takes its leave, while what still comes is served. */
const LEAVES: readonly {
  readonly name: string;
  readonly leave: (server: H3Harness, clock: FakeClock) => void;
}[] = [
  {
    name: "clients are let go",
    leave(server) {
      server.inFlight.leave(1012);
      server.listener.goaway();
    },
  },
  { name: "its connection is too old", leave: (_server, clock) => clock.advance(10_000) },
];

for (const { name, leave } of LEAVES) {
  Deno.test(`a session that is accepted when ${name} is asked to end at once`, async () => {
    const { server: harness, clock, next } = serveOpen({ timeouts: { ageMs: 10_000 } });
    await using server = harness;
    const peer = connect(server);
    await peer.get("/");
    leave(server, clock);
    const session = await SessionPeer.open(peer);
    const served = await next();
    await served.draining;
    await session.exchange.until(() => session.heard.length > 0, "DRAIN");
    assert.deepEqual(await session.close().ended(), ["drain", "close 0"]);
    await peer.untilIdle();
  });
}

Deno.test("a session drains when its client asks for that; asking the client is something else", async () => {
  const { server: harness, next } = serveOpen();
  await using server = harness;
  const peer = connect(server);
  const session = await SessionPeer.open(peer);
  const served = await next();
  served.drain();
  served.drain();
  await session.exchange.until(() => session.heard.length > 0, "DRAIN");
  assert.equal(await settled(served.draining, peer), false);
  session.exchange.data(session.machine.drain()).data(session.machine.drain());
  await served.draining;
  assert.deepEqual(await session.close().ended(), ["drain", "close 0"]);
  await peer.untilIdle();
});

Deno.test("a connection that is too old asks its sessions to end, and waits for them", async () => {
  const { server: harness, clock, next } = serveOpen({ timeouts: { ageMs: 10_000 } });
  await using server = harness;
  const peer = connect(server);
  const session = await SessionPeer.open(peer);
  const served = await next();
  clock.advance(10_000);
  await served.draining;
  clock.advance(60_000);
  assert.equal(peer.over, false);
  assert.deepEqual(await session.close().ended(), ["drain", "close 0"]);
  assert.equal(await peer.closed(), "H3_NO_ERROR");
});

Deno.test("after the last GOAWAY sessions still get streams, and requests are turned away", async () => {
  const { server: harness, next } = serveOpen();
  await using server = harness;
  const peer = connect(server);
  const session = await SessionPeer.open(peer);
  const served = await next();
  const over = server.listener.shutdown();
  await peer.until(() => peer.goaways.at(-1) === session.id + 4, "the last GOAWAY");
  const request = peer.request().finish();
  const other = new SessionPeer(peer);
  const early = other.openUnidirectional("x");
  await peer.until(() => early.stopped, "the stop of a stream whose session cannot come any more");
  other.connect();
  session.openBidirectional("x").finish();
  const { receive, send } = (await served.acceptBidirectional())!;
  assert.equal(textOf(await receive.read()), "x");
  await send.end();
  await peer.until(() => request.complete && other.exchange.complete, "the end of both");
  assert.deepEqual([request.status, other.exchange.status], [null, null]);
  session.close();
  assert.equal(await peer.closed(), "H3_NO_ERROR");
  await over;
});

Deno.test("a handler that returns while the server stops closes its session as at any time", async () => {
  const go = Promise.withResolvers<void>();
  const { server: harness } = serveSessions(async (exchange) => {
    const session = await exchange.accept();
    await session.draining;
    go.resolve();
  });
  await using server = harness;
  const peer = connect(server);
  const session = await SessionPeer.open(peer);
  server.listener.goaway();
  await go.promise;
  assert.deepEqual(await session.ended(), ["drain", "close 0"]);
  session.exchange.finish();
  await peer.untilIdle();
  assert.equal(server.inFlight.requests, 0);
});

Deno.test("InFlight cuts the sessions that are left at the deadline", () => {
  const inFlight = new InFlight();
  const cut: string[] = [];
  const session = (name: string) => ({ cut: () => void cut.push(name) });
  const [first, second, third] = [session("first"), session("second"), session("third")];
  inFlight.addSession(first);
  inFlight.addSession(second);
  inFlight.deleteSession(second);
  inFlight.drain();
  inFlight.addSession(third);
  assert.deepEqual(cut, []);
  inFlight.cut(new ShutdownError());
  assert.deepEqual(cut, ["first", "third"]);
});
