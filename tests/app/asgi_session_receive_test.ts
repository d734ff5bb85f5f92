/** What an ASGI application receives of an accepted session, and what it wants no more of. */

import assert from "node:assert/strict";
import type { ASGIReceiveEvent, ASGISendEvent } from "../../src/asgi_types.ts";
import { settled, toBytes } from "../_support/fake_exchange.ts";
import { expectEvent, inSession } from "./asgi_webtransport_harness.ts";

const END = new Uint8Array(0);

// Receiving

for (const kind of ["bidirectional", "unidirectional"] as const) {
  Deno.test(`a ${kind} stream of the client is opened, brings pieces, then its end`, async () => {
    await inSession(async ({ session, receive }) => {
      const stream = session.open(kind);
      stream.feed("a");
      stream.feed("b");
      stream.finish();
      const events: ASGIReceiveEvent[] = [];
      for (let count = 0; count < 4; count++) events.push(await receive());
      const { id } = stream;
      const unidirectional = kind === "unidirectional";
      const type = "webtransport.stream.receive";
      assert.deepEqual(events, [
        { type: "webtransport.stream.open", stream: id, unidirectional },
        { type, stream: id, data: toBytes("a"), more_data: true },
        { type, stream: id, data: toBytes("b"), more_data: true },
        { type, stream: id, data: END, more_data: false },
      ]);
    });
  });

  Deno.test(`no more than one piece of a ${kind} stream, and one stream, waits for receive()`, async () => {
    await inSession(async ({ session, receive }) => {
      const [first] = [session.open(kind), session.open(kind), session.open(kind)];
      for (let count = 0; count < 5; count++) first!.feed("piece");
      await settled();
      assert.deepEqual([session.untaken.streams, first!.receive.unread], [2, 5]);
      await expectEvent(receive, "webtransport.stream.open");
      await settled();
      assert.deepEqual([session.untaken.streams, first!.receive.unread], [1, 4]);
      const types = [await receive(), await receive()].map(({ type }) => type).sort();
      assert.deepEqual(types, ["webtransport.stream.open", "webtransport.stream.receive"]);
      await settled();
      assert.deepEqual([session.untaken.streams, first!.receive.unread], [0, 3]);
    });
  });
}

for (const code of [0, 42, null]) {
  Deno.test(`webtransport.stream.reset tells that the client gave a stream up, code ${code}`, async () => {
    await inSession(async ({ session, receive }) => {
      const stream = session.open("unidirectional");
      await expectEvent(receive, "webtransport.stream.open");
      await settled();
      stream.reset(code);
      const event = await expectEvent(receive, "webtransport.stream.reset");
      assert.deepEqual(event, { type: "webtransport.stream.reset", stream: stream.id, code });
    });
  });
}

Deno.test("webtransport.datagram.receive brings datagrams, and one at most waits for receive()", async () => {
  await inSession(async ({ session, receive }) => {
    const datagrams = [Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2)];
    for (const datagram of datagrams) session.datagram(datagram);
    await settled();
    assert.equal(session.untaken.datagrams, 2);
    for (const data of datagrams) {
      assert.deepEqual(await receive(), { type: "webtransport.datagram.receive", data });
    }
  });
});

Deno.test("webtransport.drain tells once that the end is near", async () => {
  await inSession(async ({ session, receive }) => {
    session.clientDrains();
    await expectEvent(receive, "webtransport.drain");
    session.end();
    await expectEvent(receive, "webtransport.disconnect");
  });
});

for (
  const { end, code } of [
    { end: {}, code: 0 },
    { end: { code: 7, reason: "bye" }, code: 7 },
    { end: { clean: false, reason: "lost" }, code: null },
  ]
) {
  Deno.test(`webtransport.disconnect is given once, with code ${code}`, async () => {
    await inSession(async ({ session, receive }) => {
      const waiting = receive();
      session.end(end);
      const { reason = "" } = end;
      assert.deepEqual(await waiting, { type: "webtransport.disconnect", code, reason });
      receive().then(() => assert.fail("another event"));
      session.clientDrains();
      await settled();
    });
  });
}

Deno.test("webtransport.disconnect comes after all that came before it", async () => {
  await inSession(async ({ session, receive }) => {
    const stream = session.open("unidirectional");
    await expectEvent(receive, "webtransport.stream.open");
    await settled();
    session.datagram(Uint8Array.of(1));
    stream.feed("last words");
    session.end();
    const types = [await receive(), await receive()].map(({ type }) => type).sort();
    assert.deepEqual(types, ["webtransport.datagram.receive", "webtransport.stream.receive"]);
    await expectEvent(receive, "webtransport.disconnect");
  });
});

Deno.test("each of several receive() calls gets an event of its own", async () => {
  await inSession(async ({ session, receive }) => {
    const waiting = [receive(), receive()];
    session.datagram(Uint8Array.of(1));
    session.datagram(Uint8Array.of(2));
    const data = (await Promise.all(waiting)).map((event) => (event as { data?: Uint8Array }).data);
    assert.deepEqual(data, [Uint8Array.of(1), Uint8Array.of(2)]);
  });
});

Deno.test("receive() throws what the driver failed with, those that wait and those that come", async () => {
  await inSession(async ({ session, receive }) => {
    const stream = session.open("unidirectional");
    await expectEvent(receive, "webtransport.stream.open");
    await settled();
    const waiting = receive();
    stream.receive.fail(new TypeError("on purpose"));
    await assert.rejects(waiting, /on purpose/);
    await assert.rejects(receive(), /on purpose/);
  });
});

Deno.test("nothing reads or waits any more when the session is over", async () => {
  const session = await inSession(async ({ session, send }) => {
    for (let count = 0; count < 3; count++) session.open("bidirectional").feed("unread");
    await send({ type: "webtransport.stream.open", stream: "mine" });
    await settled();
  });
  await settled();
  for (const { receive } of session.streams.values()) assert.equal(receive.isAwaited, false);
});

// Stopping

Deno.test("webtransport.stream.stop reaches a stream as soon as it was announced", async () => {
  await inSession(async ({ session, receive, send }) => {
    const stream = session.open("bidirectional");
    await settled();
    const opening = expectEvent(receive, "webtransport.stream.open");
    await Promise.all([opening, send({ type: "webtransport.stream.stop", stream: stream.id })]);
    assert.equal(stream.receive.stopped, true);
    stream.feed("unwanted");
    session.end();
    await expectEvent(receive, "webtransport.disconnect");
  });
});

Deno.test("webtransport.stream.stop drops what was read, asks the client to stop, and nothing more comes", async () => {
  await inSession(async ({ session, receive, send }) => {
    const stream = session.open("bidirectional");
    stream.feed("unwanted");
    await expectEvent(receive, "webtransport.stream.open");
    await settled();
    const stop: ASGISendEvent = { type: "webtransport.stream.stop", stream: stream.id };
    await send(stop);
    await send(stop); // a second one does nothing
    assert.equal(stream.receive.stopped, true);
    await settled();
    session.datagram(END);
    await expectEvent(receive, "webtransport.datagram.receive");
  });
});

Deno.test("webtransport.stream.stop drops even the end, and a reset", async () => {
  await inSession(async ({ session, receive, send }) => {
    const streams = [session.open("bidirectional"), session.open("bidirectional")];
    for (const { id } of streams) {
      await expectEvent(receive, "webtransport.stream.open");
      await settled();
      await send({ type: "webtransport.stream.stop", stream: id });
    }
    streams[0]!.finish();
    streams[1]!.reset(1);
    session.end();
    await expectEvent(receive, "webtransport.disconnect");
  });
});
