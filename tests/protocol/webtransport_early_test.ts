/** Streams and datagrams that overtake the handshake of their session, or have none. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { ODDITY_BURST } from "../../src/h3/limits.ts";
import { encodeCapsule, encodeVarints } from "../../src/h3/mod.ts";
import { WEBTRANSPORT_MAX_EARLY } from "../../src/limits.ts";
import { StreamOpener } from "../../src/protocol/webtransport_opener.ts";
import { DisconnectError } from "../../src/errors.ts";
import { streamHeader } from "../../src/webtransport/mod.ts";
import type {
  WebTransportReceiveStream,
  WebTransportSession,
} from "../../src/webtransport_exchange.ts";
import { concat } from "../_support/bytes.ts";
import { answer } from "../_support/h3_harness.ts";
import { requestFields } from "../_support/h3_peer.ts";
import { connect, serveOpen, serveSessions, SessionPeer, textOf } from "./webtransport_peer.ts";

/** The text of a stream up to its end. */
async function collect(stream: WebTransportReceiveStream): Promise<string> {
  let text = "";
  for (let piece; (piece = textOf(await stream.read())) !== null;) text += piece;
  return text;
}

/** First piece of the next stream in both directions, and of the next in one. */
async function firstPieces(session: WebTransportSession): Promise<(string | null)[]> {
  const both = (await session.acceptBidirectional())!;
  const one = (await session.acceptUnidirectional())!;
  const pieces = [textOf(await both.receive.read()), textOf(await one.read())];
  await both.send.end();
  return pieces;
}

Deno.test("streams and datagrams that come before their handshake wait for its session", async () => {
  const { server: harness, next } = serveOpen();
  await using server = harness;
  const peer = connect(server);
  const session = new SessionPeer(peer);
  session.openBidirectional("both");
  session.openUnidirectional("one");
  session.sendDatagram("datagram");
  await peer.get("/"); // a whole request overtakes it, too
  session.connect();
  const served = await next();
  assert.deepEqual(await firstPieces(served), ["both", "one"]);
  assert.equal(textOf(await served.readDatagram()), "datagram");
  session.close();
  await peer.untilIdle();
});

Deno.test("streams and datagrams that come while the application decides wait for its answer", async () => {
  const decided = Promise.withResolvers<void>();
  const { server: harness } = serveSessions(async (exchange) => {
    await decided.promise;
    const session = await exchange.accept();
    assert.deepEqual(await firstPieces(session), ["both", "one"]);
    assert.equal(textOf(await session.readDatagram()), "datagram");
    assert.equal((await session.readDatagram())!.length, 3);
    session.close();
  });
  await using server = harness;
  const peer = connect(server);
  const session = new SessionPeer(peer).connect();
  session.openBidirectional("both");
  session.openUnidirectional("one");
  session.sendDatagram("datagram");
  session.exchange.data(Uint8Array.of(0, 3, 1, 2, 3)); // a datagram that also is for the session to read
  await peer.get("/");
  assert.equal(server.listener.counts().streams, 1 + 2); // those of the session that waits, and its request
  decided.resolve();
  await session.ended();
  session.exchange.finish();
  await peer.untilIdle();
});

Deno.test("a session gets its streams and datagrams in whatever order all of it arrives", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), fc.integer({ min: 1, max: 4 }), async (seed, shred) => {
      const { server: harness, next } = serveOpen();
      await using server = harness;
      const peer = connect(server, { seed, shred, reorder: true, delay: 1 });
      const session = new SessionPeer(peer).connect();
      const streams = ["a", "b", "c"].map((text) => session.openBidirectional(text));
      for (const stream of streams) stream.finish();
      session.openUnidirectional("one").finish();
      const served = await next();
      const texts: string[] = [];
      for (let i = 0; i < 3; i++) {
        const { receive, send } = (await served.acceptBidirectional())!;
        texts.push(await collect(receive));
        await send.end();
      }
      assert.equal(await collect((await served.acceptUnidirectional())!), "one");
      assert.deepEqual(texts.sort(), ["a", "b", "c"]);
      session.close();
      await peer.untilIdle();
    }),
    { numRuns: 50 },
  );
});

Deno.test("more early streams than may wait are stopped, and more datagrams dropped", async () => {
  const { server: harness, next } = serveOpen();
  await using server = harness;
  const peer = connect(server);
  const session = new SessionPeer(peer);
  const streams = Array.from(
    { length: WEBTRANSPORT_MAX_EARLY + 1 },
    () => session.openBidirectional("x"),
  );
  for (let i = 0; i < WEBTRANSPORT_MAX_EARLY + 5; i++) session.sendDatagram(String(i));
  const last = streams.at(-1)!;
  await peer.until(() => last.stopped, "the stop of a stream too many");
  assert.equal(streams.filter(({ stopped }) => stopped).length, 1);
  assert.equal(last.inbox.fin, false); // which would look like an empty answer
  session.connect();
  const served = await next();
  let datagrams = 0;
  session.sendDatagram("end");
  while (textOf(await served.readDatagram()) !== "end") datagrams++;
  assert.equal(datagrams, WEBTRANSPORT_MAX_EARLY);
  session.close();
  await peer.untilIdle({ abandoned: 1 });
});

Deno.test("early streams are stopped when their session is denied, refused, or no session at all", async () => {
  const { server: harness } = serveSessions(async (exchange) => {
    await exchange.respond({ status: 403, fields: [] });
    await exchange.end();
  });
  await using server = harness;
  const peer = connect(server);
  const denied = new SessionPeer(peer);
  const refused = new SessionPeer(peer);
  const request = new SessionPeer(peer);
  const streams = [denied, refused, request].flatMap((session) => [
    session.openBidirectional("x"),
    session.openUnidirectional("x"),
  ]);
  denied.connect();
  refused.connect([["origin", "null"]]);
  request.exchange.headers([
    [":method", "GET"],
    [":scheme", "https"],
    [":authority", "localhost"],
    [":path", "/"],
  ]);
  for (const { exchange } of [denied, refused, request]) await exchange.finish().response();
  await peer.until(() => streams.every(({ stopped }) => stopped), "the stop of all");
  for (const late of [denied, refused, request]) streams.push(late.openUnidirectional("late"));
  await peer.until(() => streams.every(({ stopped }) => stopped), "the stop of all");
  assert.equal(server.take("refused").length, 1);
  await peer.untilIdle();
});

Deno.test("a stream or datagram of a session that is over, or is a stream itself, is dropped", async () => {
  const { server: harness } = serveOpen();
  await using server = harness;
  const peer = connect(server);
  const session = await SessionPeer.open(peer);
  const stream = session.openBidirectional("x");
  await session.close().ended();
  await peer.untilIdle();
  const late = session.openBidirectional("late");
  session.sendDatagram("late");
  await peer.until(() => late.stopped && late.inbox.fin, "the end of the stream");
  const nested = peer.client.openUnidirectional();
  nested.write(Uint8Array.of(0x40, 0x54, stream.id));
  await peer.until(() => nested.stopped, "the stop of a stream of a stream");
  await peer.untilIdle();
});

Deno.test("an early stream for what turns out to be a stream itself is stopped, at any number of them", async () => {
  const { server: harness } = serveOpen();
  await using server = harness;
  const peer = connect(server);
  const session = await SessionPeer.open(peer);
  for (let round = 0; round <= WEBTRANSPORT_MAX_EARLY; round++) {
    const early = peer.client.openUnidirectional();
    const both = peer.client.openBidirectional();
    early.write(concat([Uint8Array.of(0x40, 0x54), encodeVarints(both.id)]));
    await peer.get("/");
    assert.equal(early.stopped, false);
    both.write(streamHeader("bidirectional", session.id));
    await peer.until(() => early.stopped, "the stop of a stream of a stream");
  }
  session.close();
  await peer.untilIdle();
});

Deno.test("an early stream for a request is stopped when that begins, however long it is", async () => {
  const go = Promise.withResolvers<void>();
  const { server: harness } = serveSessions(() => Promise.resolve(), {
    http: (exchange) => go.promise.then(() => answer(exchange)),
  });
  await using server = harness;
  const peer = connect(server);
  const request = new SessionPeer(peer);
  const early = request.openUnidirectional("x");
  await peer.until(() => server.listener.counts().streams === 1, "the early stream to be held");
  request.exchange.headers(requestFields()).finish();
  await peer.until(() => early.stopped, "its stop");
  go.resolve();
  await request.exchange.response();
  await peer.untilIdle();
});

Deno.test("an early stream for a request that GOAWAY turns away is stopped", async () => {
  const go = Promise.withResolvers<void>();
  const { server: harness } = serveSessions(() => Promise.resolve(), {
    http: (exchange) => go.promise.then(() => answer(exchange)),
  });
  await using server = harness;
  const peer = connect(server);
  const running = peer.request().finish();
  const late = new SessionPeer(peer);
  const early = late.openUnidirectional("x");
  await peer.until(() => server.listener.counts().streams === 1, "the early stream to be held");
  const over = server.listener.shutdown();
  await peer.until(() => peer.goaways.at(-1) === running.id + 4, "the last GOAWAY");
  assert.equal(early.stopped, false);
  late.connect();
  await peer.until(() => early.stopped, "its stop");
  go.resolve();
  await running.response();
  assert.equal(await peer.closed(), "H3_NO_ERROR");
  await over;
});

Deno.test("streams without a session cost the client: too many end the connection", async () => {
  const { server: harness } = serveOpen();
  await using server = harness;
  const peer = connect(server);
  await peer.get("/"); // takes id 0
  while (!peer.over) {
    const stream = peer.client.openUnidirectional();
    stream.write(Uint8Array.of(0x40, 0x54, 0));
    await peer.until(() => stream.stopped || peer.over, "its stop");
  }
  assert.equal(await peer.closed(), "H3_EXCESSIVE_LOAD");
  assert.match(server.take("connectionClosed").join(), /too many streams without a session/);
});

Deno.test("early streams beyond those that may wait cost the client, too", async () => {
  const { server: harness } = serveOpen();
  await using server = harness;
  const peer = connect(server);
  const session = new SessionPeer(peer);
  for (let i = 0; i < WEBTRANSPORT_MAX_EARLY; i++) session.openUnidirectional("x");
  while (!peer.over) {
    const stream = session.openUnidirectional("x");
    await peer.until(() => stream.stopped || peer.over, "its stop");
  }
  assert.equal(await peer.closed(), "H3_EXCESSIVE_LOAD");
  server.take("connectionClosed");
});

Deno.test("capsules that do nothing cost the client, and too many of a session end the connection", async () => {
  const { server: harness, next } = serveOpen();
  await using server = harness;
  const peer = connect(server);
  const session = await SessionPeer.open(peer);
  const served = await next();
  const capsules = (count: number) =>
    concat(Array.from({ length: count }, () => encodeCapsule(0x21, new Uint8Array(0))));
  session.exchange.data(capsules(ODDITY_BURST / 2));
  await peer.get("/");
  assert.equal(peer.over, false);
  session.exchange.data(capsules(ODDITY_BURST));
  assert.equal(await peer.closed(), "H3_EXCESSIVE_LOAD");
  assert.match(server.take("connectionClosed").join(), /too many useless capsules/);
  assert.equal((await served.closed).clean, false);
});

Deno.test("a session id that is no request's ends the connection, and so does a datagram that is none", async () => {
  for (
    const [misdeed, name] of [
      [[0x40, 0x41, 0x01], "H3_ID_ERROR"],
      [[], "H3_DATAGRAM_ERROR"],
    ] as const
  ) {
    const { server: harness } = serveOpen();
    await using server = harness;
    const peer = connect(server);
    await SessionPeer.open(peer);
    if (misdeed.length === 0) peer.client.sendDatagram(new Uint8Array(0));
    else peer.client.openBidirectional().write(Uint8Array.from(misdeed));
    assert.equal(await peer.closed(), name);
    server.take("connectionClosed");
  }
});

Deno.test("a stream that does not say in time what it is gets 408, with sessions open or not", async () => {
  const { server: harness, clock } = serveOpen({ timeouts: { headMs: 1000 } });
  await using server = harness;
  const peer = connect(server);
  const session = await SessionPeer.open(peer);
  const stream = peer.client.openBidirectional();
  stream.write(Uint8Array.of(0x40));
  await peer.get("/");
  clock.advance(1000);
  await peer.until(() => stream.stopped && stream.inbox.fin, "the answer");
  assert.match(server.take("refused").join(), /408/);
  const open = session.openBidirectional("x");
  await peer.get("/");
  clock.advance(5000);
  assert.equal(open.stopped, false); // it has said what it is
  session.close();
  await peer.untilIdle();
});

Deno.test("StreamOpener waits once for credit, whoever comes and goes, and loses no stream", async () => {
  const opened: PromiseWithResolvers<number>[] = [];
  const opener = new StreamOpener(() => {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    opened.push({ promise, resolve, reject });
    return promise;
  });
  const gone = Array.from({ length: 100 }, () => opener.request());
  for (const one of gone) {
    opener.cancel(one, new DisconnectError());
    await assert.rejects(one.promise, DisconnectError);
  }
  const next = opener.request();
  assert.equal(opened.length, 1);
  opened[0]!.resolve(7);
  assert.equal(await next.promise, 7);
  opener.cancel(next, new DisconnectError()); // too late
  opener.give(7);
  assert.equal(await opener.request().promise, 7);
  const lost = [opener.request(), opener.request()];
  assert.equal(opened.length, 2);
  opened[1]!.reject(new Error("lost"));
  for (const { promise } of lost) await assert.rejects(promise, DisconnectError);
  const again = [opener.request(), opener.request()];
  opener.give(8); // while they wait
  assert.equal(await again[0]!.promise, 8);
  opened[2]!.resolve(9);
  assert.equal(await again[1]!.promise, 9);
  assert.equal(opened.length, 3);
});
