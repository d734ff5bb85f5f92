/** What a WebTransport client over HTTP/3 can hold of the server without a session, and for how long. */

import assert from "node:assert/strict";
import { encodeDatagram } from "../../src/h3/mod.ts";
import { WEBTRANSPORT_EARLY_MS, WEBTRANSPORT_MAX_EARLY } from "../../src/limits.ts";
import type { WebTransportSession } from "../../src/webtransport_exchange.ts";
import { streamHeader } from "../../src/webtransport/mod.ts";
import type { H3Harness } from "../_support/h3_harness.ts";
import { controlStart, type H3Peer } from "../_support/h3_peer.ts";
import { eventually } from "../_support/waiting.ts";
import {
  bytesOf,
  connect,
  serveOpen,
  SessionPeer,
  textOf,
  WEBTRANSPORT_PEER,
} from "./webtransport_peer.ts";

/** Settles when the server has so many streams. */
function untilStreams(server: H3Harness, count: number): Promise<void> {
  return eventually(() => server.listener.counts().streams === count, `${count} streams`);
}

/** All datagrams of a session up to one that says `"end"`. */
async function datagramsOf(session: WebTransportSession): Promise<string[]> {
  const texts: string[] = [];
  for (let text; (text = textOf(await session.readDatagram())) !== "end";) texts.push(text!);
  return texts;
}

Deno.test("early streams and datagrams are dropped one by one when their session does not come in time", async () => {
  const { server: harness, clock, next } = serveOpen();
  await using server = harness;
  const peer = connect(server);
  const session = new SessionPeer(peer);
  const first = session.openBidirectional("first");
  session.sendDatagram("first");
  await peer.get("/");
  clock.advance(WEBTRANSPORT_EARLY_MS - 1);
  const second = session.openUnidirectional("second");
  session.sendDatagram("second");
  await peer.get("/");
  assert.equal(first.stopped, false);
  clock.advance(1);
  assert.deepEqual([first.stopped, second.stopped], [true, false]);
  assert.equal(first.inbox.fin, false); // which would look like an empty answer if the session comes yet
  session.connect();
  const served = await next();
  session.sendDatagram("end");
  assert.equal(textOf(await (await served.acceptUnidirectional())!.read()), "second");
  assert.deepEqual(await datagramsOf(served), ["second"]);
  clock.advance(WEBTRANSPORT_EARLY_MS);
  assert.equal(second.stopped, false);
  session.close();
  await peer.untilIdle({ abandoned: 1 });
});

Deno.test("early streams that are dropped in time cost the client: too many end the connection", async () => {
  const { server: harness, clock } = serveOpen({ timeouts: { idleMs: 1e9 } });
  await using server = harness;
  const peer = connect(server);
  const session = new SessionPeer(peer);
  while (!peer.over) {
    for (let i = 0; i < WEBTRANSPORT_MAX_EARLY; i++) session.openUnidirectional();
    const held = () => server.listener.counts().streams === WEBTRANSPORT_MAX_EARLY;
    await eventually(() => held() || peer.over, "as many as may wait");
    clock.advance(WEBTRANSPORT_EARLY_MS);
  }
  assert.equal(await peer.closed(), "H3_EXCESSIVE_LOAD");
  server.take("connectionClosed");
});

Deno.test("early streams wait for the client's SETTINGS, and are stopped when those have no WebTransport", async () => {
  for (const { settings } of [WEBTRANSPORT_PEER, { settings: {} }]) {
    const { server: harness } = serveOpen();
    await using server = harness;
    const peer = connect(server, { settings: null });
    const session = new SessionPeer(peer);
    const before = session.openUnidirectional("x");
    await untilStreams(server, 1);
    assert.equal(before.stopped, false);
    peer.unidirectional(controlStart(settings!));
    const after = session.openUnidirectional("x");
    if (settings === WEBTRANSPORT_PEER.settings) {
      await untilStreams(server, 2);
    } else {
      await peer.until(() => before.stopped && after.stopped, "their stop");
      await untilStreams(server, 0);
    }
    assert.equal(before.stopped, settings !== WEBTRANSPORT_PEER.settings);
  }
});

/** Ways to use a session. */
const USES: readonly {
  readonly name: string;
  readonly use: (peer: H3Peer, sessionId: number) => void;
}[] = [
  {
    name: "a stream in both directions",
    use: (peer, id) => peer.client.openBidirectional().write(streamHeader("bidirectional", id)),
  },
  {
    name: "a stream in one",
    use: (peer, id) => peer.client.openUnidirectional().write(streamHeader("unidirectional", id)),
  },
  {
    name: "a datagram",
    use: (peer, id) => peer.client.sendDatagram(encodeDatagram(id, bytesOf("x"))),
  },
];

for (const { name, use } of USES) {
  Deno.test(`${name} may be for any request that the client may make; for another it ends the connection`, async () => {
    const { server: harness } = serveOpen({
      maxConcurrentRequests: 3,
      webtransport: { maxStreams: 2 },
    });
    await using server = harness;
    const peer = connect(server);
    await peer.get("/");
    use(peer, 4 * 5);
    await peer.get("/");
    assert.equal(peer.over, false);
    use(peer, 4 * 10);
    assert.equal(await peer.closed(), "H3_ID_ERROR");
    assert.match(server.take("connectionClosed").join(), /H3_ID_ERROR: .*request stream below/);
  });
}

Deno.test("streams that are no session's keep no connection from being idle", async () => {
  const { server: harness, clock } = serveOpen({ timeouts: { idleMs: 10_000 } });
  await using server = harness;
  const peer = connect(server);
  const request = await peer.get("/");
  await untilStreams(server, 0);
  for (let seconds = 0; seconds < 10; seconds++) {
    const dropped = peer.client.openBidirectional();
    dropped.write(streamHeader("bidirectional", request.id));
    await peer.until(() => dropped.stopped, "its stop");
    peer.client.openUnidirectional().write(streamHeader("unidirectional", 400));
    await eventually(() => server.listener.counts().streams > 0, "a stream to be held");
    assert.deepEqual(peer.goaways, []);
    clock.advance(1_000);
  }
  await peer.until(() => peer.goaways.length === 1, "GOAWAY");
  clock.advance(1_000);
  assert.equal(await peer.closed(), "H3_NO_ERROR");
});

Deno.test("a client that lets go of no stream of one session has the others closed before the connection", async () => {
  const { server: harness, clock, next } = serveOpen({
    gracefulTimeout: 0,
    timeouts: { stallMs: 30_000 },
  });
  await using server = harness;
  const peer = connect(server, { sendWindow: 300 });
  const stuck = await SessionPeer.open(peer);
  const served = await next();
  const other = await SessionPeer.open(peer);
  const closed = (await next()).closed;
  void (await served.openUnidirectional()).write(new Uint8Array(1000));
  await stuck.close().ended();
  await served.closed;
  await peer.get("/"); // the server has noticed the client's end by then, from which its time runs
  clock.advance(30_000);
  assert.deepEqual(await closed, { code: 0, reason: "Connection closing", clean: true });
  assert.deepEqual(await other.ended(), ["drain", "close 0 Connection closing"]);
  assert.equal(peer.over, false);
  other.exchange.finish();
  assert.equal(await peer.closed(), "H3_EXCESSIVE_LOAD");
  const [report] = server.take("connectionClosed");
  assert.match(report!, /H3_EXCESSIVE_LOAD: .* does not let go of the streams of a session/);
});
