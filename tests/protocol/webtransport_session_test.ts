/** WebTransport sessions over HTTP/3: what goes through them. */

import assert from "node:assert/strict";
import { ApplicationError } from "../../src/errors.ts";
import { StreamResetError } from "../../src/quic/transport.ts";
import { httpCode } from "../../src/webtransport/mod.ts";
import { WebTransportStreamError } from "../../src/webtransport_exchange.ts";
import { RecordingObserver } from "../_support/recording_observer.ts";
import { eventually } from "../_support/waiting.ts";
import { bytesOf, connect, sentOn, serveOpen, SessionPeer, textOf } from "./webtransport_peer.ts";

Deno.test("a stream in both directions of the client carries bytes and FIN both ways", async () => {
  const { server: harness, next } = serveOpen();
  await using server = harness;
  const peer = connect(server, { shred: 3 });
  const session = await SessionPeer.open(peer);
  const served = await next();
  const stream = session.openBidirectional("hello");
  const taken = (await served.acceptBidirectional())!;
  assert.deepEqual([taken.id, taken.receive.id, taken.send.id], [4, 4, 4]);
  stream.finish();
  let received = "";
  for (let text; (text = textOf(await taken.receive.read())) !== null;) received += text;
  assert.equal(received, "hello");
  await taken.send.write(bytesOf("good"));
  await taken.send.write(bytesOf("bye"));
  await taken.send.end();
  await taken.send.end();
  assert.deepEqual([textOf(stream.inbox.bytes), stream.inbox.fin], ["goodbye", true]);
  await assert.rejects(taken.send.write(bytesOf("x")), ApplicationError);
  session.close();
  await peer.untilIdle();
});

Deno.test("streams that the server opens begin with their kind and session, and end when they should", async () => {
  const { server: harness, next } = serveOpen();
  await using server = harness;
  const peer = connect(server);
  await peer.get("/"); // so that the session has another id than 0
  const session = await SessionPeer.open(peer);
  const served = await next();
  const both = await served.openBidirectional();
  await both.send.write(bytesOf("to you"));
  const [stream] = peer.client.bidirectional;
  assert.equal(sentOn(stream!, "bidirectional", session.id), "to you");
  stream!.write(bytesOf("to me"));
  stream!.finish();
  assert.equal(textOf(await both.receive.read()), "to me");
  assert.equal(await both.receive.read(), null);
  await both.send.end();
  const one = await served.openUnidirectional();
  await one.write(bytesOf("only you"));
  await one.end();
  const unidirectional = peer.client.streams.at(-1)!;
  assert.equal(sentOn(unidirectional, "unidirectional", session.id), "only you");
  assert.equal(unidirectional.inbox.fin, true);
  session.close();
  await peer.untilIdle();
});

Deno.test("a stream of the client in one direction is read to its end", async () => {
  const { server: harness, next } = serveOpen();
  await using server = harness;
  const peer = connect(server);
  const session = await SessionPeer.open(peer);
  const served = await next();
  session.openUnidirectional("news").finish();
  const stream = (await served.acceptUnidirectional())!;
  assert.equal(textOf(await stream.read()), "news");
  assert.equal(await stream.read(), null);
  assert.equal(await stream.read(), null);
  session.close();
  await peer.untilIdle();
});

Deno.test("datagrams of two sessions go both ways, in QUIC's and in capsules", async () => {
  const { server: harness, next } = serveOpen();
  await using server = harness;
  const peer = connect(server);
  const first = await SessionPeer.open(peer);
  const servedFirst = await next();
  const second = await SessionPeer.open(peer);
  const servedSecond = await next();
  const waiting = servedSecond.readDatagram();
  second.sendDatagram("two");
  first.sendDatagram("one");
  first.exchange.data(Uint8Array.of(0, 3, ...bytesOf("cap")));
  assert.equal(textOf(await waiting), "two");
  assert.equal(textOf(await servedFirst.readDatagram()), "one");
  assert.equal(textOf(await servedFirst.readDatagram()), "cap");
  servedFirst.sendDatagram(bytesOf("to one"));
  servedSecond.sendDatagram(bytesOf("to two"));
  assert.equal(servedFirst.maxDatagramSize, 1199);
  servedFirst.sendDatagram(new Uint8Array(1200)); // too large, so it is dropped
  assert.deepEqual([first.datagrams, second.datagrams], [["to one"], ["to two"]]);
  first.close();
  second.close();
  await peer.untilIdle();
});

Deno.test("datagrams that nobody reads push out the oldest, and are counted", async () => {
  const { server: harness, next } = serveOpen();
  await using server = harness;
  const peer = connect(server);
  const session = await SessionPeer.open(peer);
  const served = await next();
  for (let i = 0; i < 300; i++) session.sendDatagram(String(i));
  await eventually(() => served.droppedDatagrams === 44, "44 drops");
  assert.equal(textOf(await served.readDatagram()), "44");
  session.close();
  await served.closed;
  assert.equal(await served.readDatagram(), null);
  await peer.untilIdle();
});

Deno.test("a reset of the client carries its application's code, and so does its stop", async () => {
  const { server: harness, next } = serveOpen();
  await using server = harness;
  const peer = connect(server);
  const session = await SessionPeer.open(peer);
  const served = await next();
  const stream = session.openBidirectional("x");
  const taken = (await served.acceptBidirectional())!;
  assert.equal(textOf(await taken.receive.read()), "x");
  const reading = taken.receive.read();
  stream.reset(httpCode(77));
  await assert.rejects(reading, (error) => {
    assert.ok(error instanceof WebTransportStreamError);
    assert.deepEqual([error.message, error.code], ["The client reset the stream (code 77)", 77]);
    assert.ok(error.cause instanceof StreamResetError);
    assert.equal(error.cause.code, httpCode(77));
    return true;
  });
  stream.stop(0x10c); // no code of an application
  await assert.rejects(
    taken.send.write(bytesOf("y")),
    (error) => error instanceof WebTransportStreamError && error.code === null,
  );
  await assert.rejects(taken.send.end(), WebTransportStreamError);
  session.close();
  await peer.untilIdle();
});

Deno.test("stop() asks the client to send no more, and reading ends", async () => {
  const { server: harness, next } = serveOpen();
  await using server = harness;
  const peer = connect(server);
  const session = await SessionPeer.open(peer);
  const served = await next();
  const stream = session.openUnidirectional("x");
  const taken = (await served.acceptUnidirectional())!;
  taken.stop();
  taken.stop();
  assert.equal(await taken.read(), null);
  assert.equal(stream.stopped, true);
  session.close();
  await peer.untilIdle();
});

Deno.test("a session is one observed request, and what it sent is counted", async () => {
  const observer = new RecordingObserver();
  const { server: harness, next } = serveOpen({ observer });
  await using server = harness;
  const peer = connect(server);
  const session = await SessionPeer.open(peer);
  const served = await next();
  const stream = await served.openUnidirectional();
  await stream.write(bytesOf("12345"));
  await stream.end();
  served.sendDatagram(bytesOf("123"));
  session.openBidirectional("x").finish();
  const both = (await served.acceptBidirectional())!;
  await both.send.write(bytesOf("12"));
  await both.send.end();
  served.close();
  session.exchange.finish();
  await peer.untilIdle();
  assert.deepEqual(observer.events, [["responded 200", "sent 10", "ended complete"]]);
});
