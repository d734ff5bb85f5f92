import assert from "node:assert/strict";
import { FetchSession } from "../../src/app/webtransport_session.ts";
import { settled } from "../_support/fake_exchange.ts";
import { FakeSession } from "../_support/fake_webtransport.ts";
import { lostSession, nextOf, Opened, textOf } from "./webtransport_harness.ts";

Deno.test("session.ready resolves when it is accepted, and calls made before are made then", async () => {
  const session = new FetchSession("");
  const fake = new FakeSession();
  const reading = nextOf(session.incomingUnidirectionalStreams);
  const opening = session.createUnidirectionalStream();
  const sending = session.datagrams.writable.getWriter().write(Uint8Array.of(1));
  const stream = fake.open("unidirectional");
  stream.feed("early");
  stream.finish();
  let isReady = false;
  session.ready.then(() => isReady = true);
  await settled();
  assert.deepEqual([isReady, fake.streams.size], [false, 1]);
  const done = session.run(fake);
  assert.equal(await session.ready, undefined);
  assert.equal(await textOf(await reading), "early");
  await opening;
  assert.equal(fake.streams.size, 2);
  await sending;
  assert.deepEqual(fake.sentDatagrams, [Uint8Array.of(1)]);
  fake.end();
  await done;
});

/** Arguments of `close()`, and what the client gets. */
const CLOSES: readonly {
  readonly info: WebTransportCloseInfo | undefined;
  readonly closed: { readonly code: number; readonly reason: string };
}[] = [
  { info: undefined, closed: { code: 0, reason: "" } },
  { info: {}, closed: { code: 0, reason: "" } },
  { info: { closeCode: 7 }, closed: { code: 7, reason: "" } },
  {
    info: { closeCode: 4_294_967_295, reason: "bye" },
    closed: { code: 4_294_967_295, reason: "bye" },
  },
  {
    info: { closeCode: -1, reason: 5 } as unknown as WebTransportCloseInfo, // converted, as in browsers
    closed: { code: 4_294_967_295, reason: "5" },
  },
];

for (const { info, closed } of CLOSES) {
  for (const when of ["before", "after"]) {
    Deno.test(`session.close(${JSON.stringify(info) ?? ""}) ${when} it is accepted closes with ${closed.code}`, async () => {
      const session = new FetchSession("");
      const fake = new FakeSession();
      const close = () => {
        session.close(info);
        session.close({ closeCode: 99 }); // a second one does nothing
      };
      if (when === "before") close();
      const done = session.run(fake);
      if (when === "after") close();
      await done;
      assert.deepEqual(fake.closedWith, closed);
      assert.deepEqual(await session.closed, { closeCode: closed.code, reason: closed.reason });
      await session.ready;
    });
  }
}

Deno.test("session.closed rejects when the session was lost, and nobody has to look at it", async () => {
  await using opened = new Opened();
  opened.fake.end({ clean: false });
  await opened.done;
  await settled(); // an unhandled rejection would fail the test here
  await assert.rejects(opened.session.closed, lostSession);
});

Deno.test("session.draining resolves when the client asks for the end", async () => {
  await using opened = new Opened();
  opened.fake.clientDrains();
  assert.equal(await opened.session.draining, undefined);
});

for (const when of ["before", "after"]) {
  Deno.test(`session.drain() ${when} it is accepted asks the client for the end`, async () => {
    const session = new FetchSession("");
    const fake = new FakeSession();
    if (when === "before") session.drain();
    const done = session.run(fake);
    if (when === "after") session.drain();
    await session.ready;
    assert.equal(fake.drains, 1);
    fake.end();
    await done;
  });
}

Deno.test("session.drain() and session.close() before it is accepted are done in that order", async () => {
  const session = new FetchSession("");
  const fake = new FakeSession();
  session.drain();
  session.close();
  const drains = fake.closed.then(() => fake.drains);
  await session.run(fake);
  assert.equal(await drains, 1);
});

Deno.test("session.getStats() tells of datagrams that nobody read", async () => {
  await using opened = new Opened();
  opened.fake.droppedDatagrams = 3;
  assert.deepEqual(await opened.session.getStats(), { datagrams: { droppedIncoming: 3 } });
});

for (const kind of ["bidirectional", "unidirectional"] as const) {
  const incoming = (session: FetchSession): ReadableStream<unknown> =>
    kind === "bidirectional"
      ? session.incomingBidirectionalStreams
      : session.incomingUnidirectionalStreams;

  Deno.test(`incoming ${kind} streams are taken one by one as somebody reads`, async () => {
    await using opened = new Opened();
    const { fake, session } = opened;
    for (let count = 0; count < 3; count++) fake.open(kind);
    await settled();
    assert.equal(fake.untaken.streams, 3);
    await nextOf(incoming(session));
    await settled();
    assert.equal(fake.untaken.streams, 2);
  });

  Deno.test(`incoming ${kind} streams are none any more after cancel(), and one that was awaited is refused`, async () => {
    await using opened = new Opened();
    const reader = incoming(opened.session).getReader();
    const reading = reader.read();
    await settled();
    await reader.cancel();
    assert.equal((await reading).done, true);
    const [refused, left] = [opened.fake.open(kind), opened.fake.open(kind)];
    await settled();
    assert.equal(refused.receive.stopped, true);
    assert.equal(refused.send.endedBy, kind === "bidirectional" ? "abort" : null);
    assert.equal(opened.fake.untaken.streams, 1);
    assert.equal(left.receive.stopped, false);
  });

  Deno.test(`incoming ${kind} streams that were cancelled see the end of the session out`, async () => {
    await using opened = new Opened();
    const reader = incoming(opened.session).getReader();
    const reading = reader.read();
    await settled();
    await reader.cancel();
    opened.fake.end({ clean: false });
    assert.equal((await reading).done, true);
  });

  for (const clean of [true, false]) {
    for (const waits of [true, false]) {
      const end = clean ? "is closed" : "is lost";
      const when = waits ? "while somebody reads" : "while nobody reads";
      Deno.test(`incoming ${kind} streams ${clean ? "close" : "fail"} when the session ${end} ${when}`, async () => {
        await using opened = new Opened();
        const reader = incoming(opened.session).getReader();
        const reading = waits ? reader.read() : undefined;
        await settled();
        opened.fake.end({ clean });
        if (!clean) {
          await assert.rejects(reader.closed, lostSession);
          return await assert.rejects(reading ?? reader.read(), lostSession);
        }
        await reader.closed;
        assert.equal((await (reading ?? reader.read())).done, true);
      });
    }
  }
}

Deno.test("a stream that comes while the session closes is not lost to who waits for it", async () => {
  await using opened = new Opened();
  const reader = opened.session.incomingUnidirectionalStreams.getReader();
  const reading = reader.read();
  await settled();
  opened.fake.open("unidirectional");
  opened.fake.end();
  assert.equal((await reading).done, false);
  assert.equal((await reader.read()).done, true);
});

Deno.test("a stream that failed by itself keeps no other from learning of the end", async () => {
  const { fake, session, done } = new Opened();
  fake.readDatagram = () => Promise.reject(new Error("on purpose"));
  await assert.rejects(nextOf(session.datagrams.readable), /on purpose/);
  fake.end();
  await done;
  await session.closed;
  await assert.rejects(session.datagrams.writable.getWriter().closed, lostSession);
});

Deno.test("createBidirectionalStream() and createUnidirectionalStream() wait for the client's leave", async () => {
  await using opened = new Opened();
  const { fake, session } = opened;
  fake.credit(0);
  const created: string[] = [];
  const both = session.createBidirectionalStream().then(() => created.push("both"));
  const one = session.createUnidirectionalStream().then(() => created.push("one"));
  await settled();
  assert.deepEqual(created, []);
  fake.credit(1);
  await both;
  assert.deepEqual(created, ["both"]);
  fake.credit(1);
  await one;
});

Deno.test("streams that wait for the client's leave fail when the session ends", async () => {
  await using opened = new Opened();
  opened.fake.credit(0);
  const creating = opened.session.createUnidirectionalStream();
  await settled();
  opened.fake.end();
  await assert.rejects(creating, lostSession);
});

for (
  const { sendOrder, order } of [
    { sendOrder: undefined, order: 0 },
    { sendOrder: 5, order: 5 },
    { sendOrder: -3, order: -3 },
    { sendOrder: 1.5, order: 1 },
    { sendOrder: NaN, order: 0 },
  ]
) {
  Deno.test(`a stream created with sendOrder ${sendOrder} has the order ${order}`, async () => {
    await using opened = new Opened();
    const options = sendOrder === undefined ? {} : { sendOrder };
    const one = await opened.session.createUnidirectionalStream(options);
    const { writable } = await opened.session.createBidirectionalStream(options);
    assert.deepEqual([one.sendOrder, writable.sendOrder], [order, order]);
    assert.deepEqual([...opened.fake.streams.values()].map(({ send }) => send.order), [
      order,
      order,
    ]);
  });
}

Deno.test("groups of streams are refused, and what to use instead is said", async () => {
  await using opened = new Opened();
  const { session } = opened;
  const refused = { name: "NotSupportedError", message: /Use sendOrder$/ };
  assert.throws(() => session.createSendGroup(), refused);
  const options = { sendGroup: {} as WebTransportSendGroup };
  await assert.rejects(session.createUnidirectionalStream(options), refused);
  await assert.rejects(session.createBidirectionalStream(options), refused);
});
