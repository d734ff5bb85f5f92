/** WebTransport sessions over HTTP/3: what goes through them, and every way in which one can end. */

import assert from "node:assert/strict";
import { ApplicationError, DisconnectError } from "../../src/errors.ts";
import { httpCode } from "../../src/webtransport/mod.ts";
import {
  type WebTransportHandler,
  type WebTransportSession,
  WebTransportStreamError,
} from "../../src/webtransport_exchange.ts";
import { NOTHING_LIVE } from "../_support/fake_quic.ts";
import { RecordingObserver } from "../_support/recording_observer.ts";
import { eventually } from "../_support/waiting.ts";
import {
  bytesOf,
  connect,
  sentOn,
  serveOpen,
  serveSessions,
  SessionPeer,
  textOf,
} from "./webtransport_peer.ts";

Deno.test("a session over HTTP/3 is accepted with 200, fields, a protocol that was offered, and the draft of browsers", async () => {
  const { server: harness } = serveSessions(async (exchange) => {
    assert.deepEqual(exchange.protocols, ["chat", "soap"]);
    assert.equal(exchange.request.method, "CONNECT");
    const session = await exchange.accept({ protocol: "soap", fields: [["x-a", "1"]] });
    await session.closed;
  });
  await using server = harness;
  const peer = connect(server);
  const session = await SessionPeer.open(peer, [
    ["wt-available-protocols", '"chat", "soap"'],
    ["sec-webtransport-http3-draft02", "1"],
  ]);
  assert.deepEqual(session.exchange.fields, [
    ["x-a", "1"],
    ["sec-webtransport-http3-draft", "draft02"],
    ["wt-protocol", '"soap"'],
  ]);
  assert.equal(peer.settings?.webTransportSessions, 4);
  assert.deepEqual(await session.close().ended(), ["close 0"]);
  await peer.untilIdle();
});

Deno.test("nothing of WebTransport is announced where no sessions are allowed, or the application has none", async () => {
  const { server: harness } = serveSessions(() => Promise.resolve(), {
    webtransport: { maxSessions: 0 },
  });
  await using server = harness;
  const peer = connect(server);
  await peer.get("/");
  assert.deepEqual([peer.settings?.webTransportSessions, peer.settings?.enableDatagrams], [
    0,
    false,
  ]);
  const session = new SessionPeer(peer).connect();
  assert.equal((await session.exchange.finish().response()).status, 501);
  assert.match(server.take("refused").join(), /501 .*"webtransport_max_sessions"/);
  await peer.untilIdle();
});

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
  await assert.rejects(
    reading,
    new WebTransportStreamError(
      "The client reset the stream (code 77)",
      77,
      { cause: await reading.catch(({ cause }) => cause) },
    ),
  );
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

/** What an application does, and what its client sees. */
const APPLICATIONS: readonly {
  readonly name: string;
  readonly webtransport: WebTransportHandler;
  readonly status: number;
  readonly heard?: readonly string[];
  readonly failed?: RegExp;
  readonly disconnected?: RegExp;
}[] = [
  {
    name: "returns",
    webtransport: async (exchange) => void await exchange.accept(),
    status: 200,
    heard: ["close 0"],
  },
  {
    name: "throws after it accepted",
    async webtransport(exchange) {
      await exchange.accept();
      throw new Error("on purpose");
    },
    status: 200,
    heard: ["close 1 Internal error"],
    failed: /CONNECT https:\/\/localhost\/ Error: on purpose/,
  },
  {
    name: "lets an error of a stream pass",
    async webtransport(exchange) {
      await exchange.accept();
      throw new WebTransportStreamError("The client reset the stream", 1);
    },
    status: 200,
    heard: ["close 1 Internal error"],
    disconnected: /The client reset the stream/,
  },
  {
    name: "throws at once",
    webtransport: () => {
      throw new Error("on purpose");
    },
    status: 500,
    failed: /on purpose/,
  },
  {
    name: "returns without an answer",
    webtransport: () => Promise.resolve(),
    status: 500,
    failed: /returned without completing its response/,
  },
  {
    name: "denies",
    async webtransport(exchange) {
      await exchange.respond({ status: 403, fields: [] });
      await exchange.write("no");
      await exchange.end();
    },
    status: 403,
  },
  {
    name: "denies with a status that accepts",
    webtransport: (exchange) => exchange.respond({ status: 204, fields: [] }),
    status: 500,
    failed: /Cannot deny the WebTransport session with status 204/,
  },
  {
    name: "chooses a protocol that was not offered",
    webtransport: async (exchange) => void await exchange.accept({ protocol: "chat" }),
    status: 500,
    failed: /protocol "chat" is not among those offered \(none\)/,
  },
  {
    name: "accepts with a field of the handshake",
    webtransport: async (exchange) =>
      void await exchange.accept({ fields: [["wt-protocol", "chat"]] }),
    status: 500,
    failed: /Cannot accept the WebTransport session with field "wt-protocol"/,
  },
  {
    name: "closes with a code that is none",
    async webtransport(exchange) {
      const session = await exchange.accept();
      session.close(2 ** 32);
    },
    status: 200,
    heard: ["close 1 Internal error"],
    failed: /Cannot close the session with code 4294967296/,
  },
  {
    name: "accepts twice",
    async webtransport(exchange) {
      await exchange.accept();
      await exchange.accept();
    },
    status: 200,
    heard: ["close 1 Internal error"],
    failed: /Cannot call respond\(\): the exchange is in state "ended"/,
  },
];

for (const { name, webtransport, status, heard, failed, disconnected } of APPLICATIONS) {
  Deno.test(`an application that ${name} answers a request for a session with ${status}`, async () => {
    const { server: harness } = serveSessions(webtransport);
    await using server = harness;
    const peer = connect(server);
    const session = new SessionPeer(peer).connect();
    await session.exchange.until(() => session.exchange.complete, "FIN");
    assert.equal(session.exchange.status, status);
    if (heard) assert.deepEqual(session.heard, heard);
    session.exchange.finish();
    await peer.untilIdle();
    assert.match(server.take("failed").join(), failed ?? /^$/);
    assert.match(server.take("disconnected").join(), disconnected ?? /^$/);
  });
}

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
