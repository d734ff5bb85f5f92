/** Every way in which a WebTransport session over HTTP/3 can end. */

import assert from "node:assert/strict";
import { DisconnectError } from "../../src/errors.ts";
import type { WebTransportSession } from "../../src/webtransport_exchange.ts";
import { NOTHING_LIVE } from "../_support/fake_quic.ts";
import { RecordingObserver } from "../_support/recording_observer.ts";
import { bytesOf, connect, serveOpen, SessionPeer } from "./webtransport_peer.ts";

/** Ways to end a session, and what each side sees. */
const ENDS: readonly {
  readonly name: string;
  readonly end: (client: SessionPeer, served: WebTransportSession) => void;
  readonly closed: { readonly code: number; readonly reason: string; readonly clean: boolean };
  readonly heard: readonly string[];
  readonly outcome?: string;
}[] = [
  {
    name: "the client closes",
    end: (client) => client.close(7, "bye"),
    closed: { code: 7, reason: "bye", clean: true },
    heard: ["close 0"],
  },
  {
    name: "the client ends without a word",
    end: (client) => client.exchange.finish(),
    closed: { code: 0, reason: "", clean: true },
    heard: ["close 0"],
  },
  {
    name: "the application closes",
    end: (client, served) => {
      served.close(0xffff_ffff, "é".repeat(600));
      served.close(1, "again");
      client.exchange.finish();
    },
    closed: { code: 0xffff_ffff, reason: "é".repeat(512), clean: true },
    heard: [`close ${0xffff_ffff} ${"é".repeat(512)}`],
  },
  {
    name: "the application closes with half a character",
    end: (client, served) => {
      served.close(2, "a\ud800b");
      client.exchange.finish();
    },
    closed: { code: 2, reason: "a\ufffdb", clean: true },
    heard: ["close 2 a\ufffdb"],
  },
  {
    name: "the client resets its request",
    end: (client) => client.exchange.stream.reset(0x10c),
    closed: { code: 0, reason: "", clean: false },
    heard: ["close 0"],
    outcome: "aborted",
  },
  {
    name: "the client sends a broken capsule",
    end: (client) => client.exchange.data(Uint8Array.of(0x68, 0x43, 1, 0)).finish(),
    closed: { code: 0, reason: "", clean: false },
    heard: ["close 0"],
    outcome: "aborted",
  },
  {
    name: "the client ends amid a capsule",
    end: (client) => client.exchange.data(Uint8Array.of(0x68, 0x43, 8)).finish(),
    closed: { code: 0, reason: "", clean: false },
    heard: ["close 0"],
    outcome: "aborted",
  },
];

for (const { name, end, closed, heard, outcome = "complete" } of ENDS) {
  Deno.test(`a session ends when ${name}: all that waits settles, and nothing is left`, async () => {
    const observer = new RecordingObserver();
    const { server: harness, next } = serveOpen({ observer });
    await using server = harness;
    const peer = connect(server, { serverBidirectional: 0, sendWindow: 3000 });
    const client = await SessionPeer.open(peer);
    const served = await next();
    const stream = client.openBidirectional("x");
    const both = (await served.acceptBidirectional())!;
    await both.receive.read();
    const waiting = {
      reading: assert.rejects(both.receive.read(), DisconnectError),
      writing: assert.rejects(both.send.write(new Uint8Array(5000)), DisconnectError),
      opening: assert.rejects(served.openBidirectional(), DisconnectError),
      accepting: Promise.all([served.acceptBidirectional(), served.acceptUnidirectional()]),
      datagram: served.readDatagram(),
    };
    end(client, served);
    assert.deepEqual(await served.closed, closed);
    assert.deepEqual(await waiting.accepting, [null, null]);
    assert.equal(await waiting.datagram, null);
    await Promise.all([waiting.reading, waiting.writing, waiting.opening]);
    await assert.rejects(served.openUnidirectional(), DisconnectError);
    await assert.rejects(both.receive.read(), DisconnectError);
    await assert.rejects(both.send.end(), DisconnectError);
    served.sendDatagram(bytesOf("lost"));
    served.drain();
    assert.equal(served.maxDatagramSize, 0);
    assert.deepEqual(await client.ended(), heard);
    assert.equal(stream.stopped, true);
    stream.allow(10_000);
    await peer.untilIdle();
    const [events] = observer.events;
    assert.equal(events!.at(-1), `ended ${outcome}`);
    assert.equal(observer.inFlight, 0);
    server.take("disconnected");
  });
}

Deno.test("a session is lost with its connection, and everything that waits fails", async () => {
  const { server: harness, next } = serveOpen();
  await using server = harness;
  const peer = connect(server);
  const client = await SessionPeer.open(peer);
  const served = await next();
  client.openBidirectional("x");
  const both = (await served.acceptBidirectional())!;
  await both.receive.read();
  const reading = assert.rejects(both.receive.read(), DisconnectError);
  peer.client.fail();
  assert.deepEqual(await served.closed, { code: 0, reason: "", clean: false });
  await reading;
  await assert.rejects(both.send.write(bytesOf("x")), DisconnectError);
  assert.deepEqual(peer.client.live, NOTHING_LIVE);
});

Deno.test("a stream is no complete one when the server closes the connection", async () => {
  const { server: harness, next } = serveOpen();
  await using server = harness;
  const peer = connect(server);
  const client = await SessionPeer.open(peer);
  const served = await next();
  client.openUnidirectional("x");
  const stream = (await served.acceptUnidirectional())!;
  await stream.read();
  const reading = assert.rejects(stream.read(), DisconnectError);
  server.listener.abort();
  await reading;
  assert.equal((await served.closed).clean, false);
});
