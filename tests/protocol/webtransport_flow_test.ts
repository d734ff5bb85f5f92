/** WebTransport sessions over HTTP/3: who waits for whom, for how long, and what is left. */

import assert from "node:assert/strict";
import { ApplicationError } from "../../src/errors.ts";
import { WEBTRANSPORT_CLOSE_TIMEOUT_MS } from "../../src/limits.ts";
import { WebTransportStreamError } from "../../src/webtransport_exchange.ts";
import { NOTHING_LIVE } from "../_support/fake_quic.ts";
import { withDeadline } from "../_support/deadline.ts";
import {
  bytesOf,
  connect,
  sentOn,
  serveOpen,
  serveSessions,
  SessionPeer,
  settled,
  textOf,
} from "./webtransport_peer.ts";

Deno.test("a client waits while nobody reads its stream, and no other stream does", async () => {
  const { server: harness, next } = serveOpen();
  await using server = harness;
  const peer = connect(server, { receiveWindow: 200 });
  const session = await SessionPeer.open(peer);
  const served = await next();
  const slow = session.openUnidirectional();
  const writing = slow.write(new Uint8Array(1000));
  const quick = session.openUnidirectional("quick");
  const stream = (await served.acceptUnidirectional())!;
  assert.equal(textOf(await (await served.acceptUnidirectional())!.read()), "quick");
  quick.finish();
  assert.equal(await settled(writing, peer), false);
  for (let taken = 0; taken < 1000;) taken += (await stream.read())!.length;
  await writing;
  session.close();
  await peer.untilIdle();
});

Deno.test("write() waits while the client takes nothing, and so does end()", async () => {
  const { server: harness, next } = serveOpen();
  await using server = harness;
  const peer = connect(server, { sendWindow: 300 });
  const session = await SessionPeer.open(peer);
  const served = await next();
  const stream = await served.openUnidirectional();
  const writing = stream.write(new Uint8Array(1000));
  const ending = stream.end();
  assert.equal(await settled(writing, peer), false);
  const { inbox } = peer.client.streams.at(-1)!;
  inbox.onAllow(10_000);
  await Promise.all([writing, ending]);
  assert.equal(sentOn({ inbox }, "unidirectional", session.id).length, 1000);
  assert.equal(inbox.fin, true);
  session.close();
  await peer.untilIdle();
});

Deno.test("an aborted stream has no end as long as the session lasts, so that it never looks complete", async () => {
  const { server: harness, next } = serveOpen();
  await using server = harness;
  const peer = connect(server);
  const session = await SessionPeer.open(peer);
  const served = await next();
  const stream = session.openBidirectional("x");
  const { receive, send } = (await served.acceptBidirectional())!;
  await send.write(bytesOf("half"));
  send.abort();
  send.abort();
  receive.stop();
  await assert.rejects(send.write(bytesOf("x")), ApplicationError);
  await assert.rejects(send.end(), ApplicationError);
  await peer.get("/");
  assert.deepEqual([textOf(stream.inbox.bytes), stream.inbox.fin], ["half", false]);
  assert.equal(server.listener.counts().streams, 1 + 1);
  session.close();
  await peer.untilIdle();
  assert.equal(stream.inbox.fin, true);
});

Deno.test("a stream that the client has stopped leaves nothing, whatever the application does next", async () => {
  for (const last of ["end", "abort"] as const) {
    const { server: harness, next } = serveOpen();
    await using server = harness;
    const peer = connect(server);
    const session = await SessionPeer.open(peer);
    const served = await next();
    const stream = session.openBidirectional("x");
    const { receive, send } = (await served.acceptBidirectional())!;
    receive.stop();
    stream.stop(0);
    await assert.rejects(send.write(bytesOf("x")), WebTransportStreamError);
    await Promise.resolve(send[last]()).catch(() => {});
    assert.equal(server.listener.counts().streams, 1);
    session.close();
    await peer.untilIdle();
  }
});

Deno.test("streams of a session that the server closed stay open until the client has ended it, or took too long", async () => {
  const { server: harness, clock, next } = serveOpen();
  await using server = harness;
  const peer = connect(server);
  const session = await SessionPeer.open(peer);
  const served = await next();
  const stream = session.openBidirectional("x");
  const { send } = (await served.acceptBidirectional())!;
  await send.write(bytesOf("half"));
  served.close(7, "enough");
  assert.deepEqual(await session.ended(), ["close 7 enough"]);
  const late = session.openBidirectional("late");
  await peer.until(() => late.stopped, "the stop of a late stream");
  clock.advance(WEBTRANSPORT_CLOSE_TIMEOUT_MS - 1);
  assert.deepEqual([stream.inbox.fin, late.inbox.fin], [false, false]);
  assert.equal(session.exchange.stream.stopped, false);
  clock.advance(1);
  await peer.until(() => stream.inbox.fin && late.inbox.fin, "the end of the streams");
  assert.equal(session.exchange.stream.stopped, true);
  await peer.untilIdle();
  assert.equal(clock.size, 1); // the connection
});

Deno.test("a client that lets go of no stream after the end loses the connection in time", async () => {
  const { server: harness, clock, next } = serveOpen({
    gracefulTimeout: 0,
    timeouts: { stallMs: 30_000 },
  });
  await using server = harness;
  const peer = connect(server, { sendWindow: 300 });
  const session = await SessionPeer.open(peer);
  const served = await next();
  const stream = await served.openUnidirectional();
  void stream.write(new Uint8Array(1000));
  session.close();
  await served.closed;
  await session.exchange.until(() => session.exchange.complete, "FIN");
  await peer.get("/"); // the server has noticed the client's end by then, from which its time runs
  clock.advance(29_000);
  assert.equal(peer.over, false);
  assert.equal(server.listener.counts().streams, 1);
  clock.advance(1_000);
  assert.equal(await peer.closed(), "H3_EXCESSIVE_LOAD");
  assert.match(server.take("connectionClosed").join(), /does not let go of the streams/);
  assert.deepEqual(peer.client.live, NOTHING_LIVE);
});

Deno.test("streams of sessions wait for no request, and requests wait for their turn", async () => {
  const { server: harness, next } = serveOpen({ maxConcurrentRequests: 1 });
  await using server = harness;
  const peer = connect(server);
  const session = await SessionPeer.open(peer);
  const served = await next();
  const waiting = [peer.request().finish(), peer.request().finish()];
  const stream = session.openBidirectional("x");
  const { receive, send } = (await served.acceptBidirectional())!;
  assert.equal(textOf(await receive.read()), "x");
  await send.write(bytesOf("y"));
  await send.end();
  assert.deepEqual([textOf(stream.inbox.bytes), stream.inbox.fin], ["y", true]);
  assert.deepEqual(waiting.map(({ status }) => status), [null, null]);
  stream.finish();
  session.close();
  for (const request of waiting) assert.equal((await request.response()).status, 200);
  await peer.untilIdle();
});

Deno.test("requests that wait for their turn are gone with their connection", async () => {
  const { server: harness, next } = serveOpen({ maxConcurrentRequests: 1 });
  await using server = harness;
  const peer = connect(server);
  await SessionPeer.open(peer);
  const served = await next();
  for (let i = 0; i < 3; i++) peer.request().finish();
  await peer.client.arrived();
  peer.client.fail();
  await served.closed;
  assert.deepEqual(peer.client.live, NOTHING_LIVE);
});

Deno.test("a session keeps its connection from being idle, as long as it is open", async () => {
  const { server: harness, clock } = serveOpen({ timeouts: { idleMs: 10_000 } });
  await using server = harness;
  const peer = connect(server);
  const session = await SessionPeer.open(peer);
  clock.advance(100_000);
  assert.deepEqual(peer.goaways, []);
  session.close();
  await peer.untilIdle();
  clock.advance(20_000);
  assert.equal(await peer.closed(), "H3_NO_ERROR");
});

Deno.test("handler_timeout is about the answer to a handshake, not about the session", async () => {
  const { server: harness, clock } = serveSessions(async (exchange) => {
    if (exchange.request.fields.some(([name]) => name === "x-slow")) {
      await new Promise((resolve) => exchange.signal.addEventListener("abort", resolve));
      return;
    }
    await (await exchange.accept()).closed;
  }, { limits: { handlerMs: 1000 } });
  await using server = harness;
  const peer = connect(server);
  const session = await SessionPeer.open(peer);
  const slow = new SessionPeer(peer).connect([["x-slow", "1"]]);
  slow.exchange.finish();
  await peer.get("/");
  clock.advance(1000);
  assert.equal((await slow.exchange.response()).status, 504);
  assert.equal(server.take("failed").length, 1);
  clock.advance(100_000);
  assert.deepEqual(await session.close().ended(), ["close 0"]);
  await peer.untilIdle();
});

Deno.test("a server that may open no stream asks once, whatever sessions come and go", async () => {
  const { server: harness, next } = serveOpen();
  await using server = harness;
  const peer = connect(server, { serverBidirectional: 0 });
  for (let i = 0; i < 5; i++) {
    const session = await SessionPeer.open(peer);
    const served = await next();
    const opening = assert.rejects(served.openBidirectional());
    session.close();
    await opening;
  }
  await peer.untilIdle();
  const session = await SessionPeer.open(peer);
  const served = await next();
  const opening = served.openBidirectional();
  peer.client.allowBidirectional(1);
  const { id } = await withDeadline(opening, "a stream");
  assert.equal(id, 1);
  assert.equal(peer.client.bidirectional.length, 1);
  peer.client.bidirectional[0]!.finish();
  session.close();
  await peer.untilIdle();
});
