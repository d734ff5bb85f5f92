import assert from "node:assert/strict";
import { FetchSession } from "../../src/app/webtransport_session.ts";
import { settled } from "../_support/fake_exchange.ts";
import { lostSession, nextOf, Opened } from "./webtransport_harness.ts";

Deno.test("datagrams.readable yields each datagram, the empty one too, when somebody reads", async () => {
  await using opened = new Opened();
  const { datagrams } = opened.session;
  const sent = [Uint8Array.of(1, 2), new Uint8Array(0), Uint8Array.of(3)];
  for (const datagram of sent) opened.fake.datagram(datagram);
  await settled();
  assert.equal(opened.fake.untaken.datagrams, 3);
  for (const datagram of sent) assert.deepEqual(await nextOf(datagrams.readable), datagram);
  const stats = { bytesReceived: 3, bytesRead: 3 };
  assert.deepEqual(await datagrams.readable.getStats(), stats);
});

for (const clean of [true, false]) {
  for (const waits of [true, false]) {
    const name = `datagrams.readable ${clean ? "closes" : "fails"} with a session that ${
      clean ? "is closed" : "is lost"
    } ${waits ? "while somebody reads" : "while nobody reads"}`;
    Deno.test(name, async () => {
      await using opened = new Opened();
      const reader = opened.session.datagrams.readable.getReader();
      const reading = waits ? reader.read() : undefined;
      await settled();
      opened.fake.end({ clean });
      if (!clean) await assert.rejects(reading ?? reader.read(), lostSession);
      else assert.equal((await (reading ?? reader.read())).done, true);
    });
  }
}

Deno.test("datagrams.readable drops the datagram it waited for when it is cancelled", async () => {
  await using opened = new Opened();
  const reader = opened.session.datagrams.readable.getReader();
  const reading = reader.read();
  await settled();
  await reader.cancel();
  assert.equal((await reading).done, true);
  for (const byte of [1, 2]) opened.fake.datagram(Uint8Array.of(byte));
  await settled();
  assert.equal(opened.fake.untaken.datagrams, 1);
});

Deno.test("datagrams.writable sends copies, drops what is too large, and counts both", async () => {
  await using opened = new Opened();
  const { datagrams } = opened.session;
  const writer = datagrams.writable.getWriter();
  const bytes = Uint8Array.of(1, 2);
  await writer.write(bytes);
  bytes.fill(9);
  await writer.write(new Uint8Array(0));
  await writer.write(new Uint8Array(opened.fake.maxDatagramSize + 1));
  assert.deepEqual(opened.fake.sentDatagrams, [Uint8Array.of(1, 2), new Uint8Array(0)]);
  const { bytesWritten, bytesAcknowledged } = await datagrams.writable.getStats();
  assert.deepEqual([bytesWritten, bytesAcknowledged], [opened.fake.maxDatagramSize + 3, 0]);
});

Deno.test("datagrams.writable refuses what is no bytes", async () => {
  await using opened = new Opened();
  const writing = opened.session.datagrams.writable.getWriter().write(1 as unknown as Uint8Array);
  await assert.rejects(writing, /expected bytes, such as a Uint8Array, received number 1/);
});

Deno.test("datagrams.createWritable() makes streams of their own, until the session is over", async () => {
  await using opened = new Opened();
  const { datagrams } = opened.session;
  const [one, two] = [datagrams.createWritable(), datagrams.createWritable({ sendOrder: 3 })];
  const ended = one.getWriter();
  await ended.write(new Uint8Array([1]));
  await ended.close();
  const writer = two.getWriter();
  await writer.write(new Uint8Array([2, 2]));
  assert.deepEqual(opened.fake.sentDatagrams, [new Uint8Array([1]), new Uint8Array([2, 2])]);
  const written = await Promise.all([one, two].map((stream) => stream.getStats()));
  assert.deepEqual(written.map(({ bytesWritten }) => bytesWritten), [1, 2]);
  assert.equal(two.sendOrder, 3);
  opened.fake.end();
  await assert.rejects(writer.closed, lostSession);
  assert.throws(() => datagrams.createWritable(), { name: "InvalidStateError" });
});

Deno.test("datagrams.createWritable() refuses groups", async () => {
  await using opened = new Opened();
  const sendGroup = {} as WebTransportSendGroup;
  const { datagrams } = opened.session;
  assert.throws(() => datagrams.createWritable({ sendGroup }), { name: "NotSupportedError" });
});

Deno.test("datagrams.writable fails once the session is over", async () => {
  await using opened = new Opened();
  const writer = opened.session.datagrams.writable.getWriter();
  await writer.write(new Uint8Array(1));
  opened.fake.end();
  await assert.rejects(writer.closed, lostSession);
  await assert.rejects(writer.write(new Uint8Array(1)), lostSession);
});

Deno.test("datagrams.writable lets others run while somebody sends without end", async () => {
  await using opened = new Opened();
  const writer = opened.session.datagrams.writable.getWriter();
  let isOver = false;
  setTimeout(() => isOver = true, 0);
  let sent = 0;
  for (; !isOver; sent++) await writer.write(new Uint8Array(1));
  assert.ok(sent >= 256, `${sent} were sent`);
});

Deno.test("datagrams.maxDatagramSize is that of the session, and a safe one before", async () => {
  assert.equal(new FetchSession("").datagrams.maxDatagramSize, 1024);
  await using opened = new Opened();
  await opened.session.ready;
  opened.fake.maxDatagramSize = 1100;
  assert.equal(opened.session.datagrams.maxDatagramSize, 1100);
});

Deno.test("datagrams keeps ages and high water marks", async () => {
  await using opened = new Opened();
  const { datagrams } = opened.session;
  const { incomingMaxAge, outgoingMaxAge, incomingHighWaterMark, outgoingHighWaterMark } =
    datagrams;
  assert.deepEqual(
    [incomingMaxAge, outgoingMaxAge, incomingHighWaterMark, outgoingHighWaterMark],
    [null, null, 256, 1],
  );
  datagrams.incomingMaxAge = datagrams.outgoingMaxAge = 100;
  datagrams.incomingHighWaterMark = datagrams.outgoingHighWaterMark = 7;
  assert.deepEqual([datagrams.outgoingMaxAge, datagrams.incomingHighWaterMark], [100, 7]);
});
