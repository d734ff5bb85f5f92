import assert from "node:assert/strict";
import { withDeadline } from "../_support/deadline.ts";
import { settled, toBytes } from "../_support/fake_exchange.ts";
import type { FakeStream } from "../_support/fake_webtransport.ts";
import { endedStream, lostSession, nextOf, Opened, textOf } from "./webtransport_harness.ts";

/** A stream that the client opened, as both see it. */
async function openStream({ fake, session }: Opened) {
  const stream = fake.open("bidirectional");
  const { readable, writable } = await nextOf(session.incomingBidirectionalStreams);
  return { stream, readable, writable };
}

/** Milliseconds that only end a hang. */
const HANG_MS = 30_000;

const A_MEGABYTE = 1_000_000;

// From the client

Deno.test("readable yields what the client sends, to the end", async () => {
  await using opened = new Opened();
  const { stream, readable } = await openStream(opened);
  for (const piece of ["a", "b", "c"]) stream.feed(piece);
  stream.finish();
  assert.equal(await textOf(readable), "abc");
  assert.deepEqual(await readable.getStats(), { bytesReceived: 3, bytesRead: 3 });
});

Deno.test("readable takes a piece from below when somebody reads, and no sooner", async () => {
  await using opened = new Opened();
  const { stream, readable } = await openStream(opened);
  for (let count = 0; count < 5; count++) stream.feed("piece");
  const reader = readable.getReader();
  for (const left of [5, 4, 3]) {
    await settled();
    assert.equal(stream.receive.unread, left);
    await reader.read();
  }
  assert.equal(stream.receive.isAwaited, false);
});

Deno.test("readable fills the buffers of a BYOB reader, and gives the last one back", async () => {
  await using opened = new Opened();
  const { stream, readable } = await openStream(opened);
  stream.feed("abcde");
  stream.finish();
  const reader = readable.getReader({ mode: "byob" });
  const read: string[] = [];
  for (;;) {
    const { value, done } = await reader.read(new Uint8Array(2));
    assert.equal(value?.buffer.byteLength, 2);
    if (done) break;
    read.push(new TextDecoder().decode(value));
  }
  assert.deepEqual(read, ["ab", "cd", "e"]);
});

Deno.test("readable leaves the rest of a buffer to its owner", async () => {
  await using opened = new Opened();
  const { stream, readable } = await openStream(opened);
  const whole = Uint8Array.of(1, 2, 3, 4);
  stream.feed(whole.subarray(1, 3));
  assert.deepEqual(await nextOf(readable), Uint8Array.of(2, 3));
  assert.deepEqual(whole, Uint8Array.of(1, 2, 3, 4));
});

for (const waits of [true, false]) {
  const when = waits ? "while somebody reads" : "before";

  for (const code of [0, 42, null]) {
    Deno.test(`readable fails when the client resets the stream with ${code} ${when}`, async () => {
      await using opened = new Opened();
      const { stream, readable } = await openStream(opened);
      const reader = readable.getReader();
      const reading = waits ? reader.read() : undefined;
      await settled();
      stream.reset(code);
      await assert.rejects(reading ?? reader.read(), endedStream(code));
    });
  }

  for (const clean of [true, false]) {
    Deno.test(`readable fails when the session ends ${clean ? "cleanly" : "badly"} ${when}`, async () => {
      await using opened = new Opened();
      const { readable } = await openStream(opened);
      const reader = readable.getReader();
      const reading = waits ? reader.read() : undefined;
      await settled();
      opened.fake.end({ clean });
      await assert.rejects(reader.closed, lostSession);
      await assert.rejects(reading ?? reader.read(), lostSession);
    });
  }

  Deno.test(`readable.cancel() asks the client to stop ${when}`, async () => {
    await using opened = new Opened();
    const { stream, readable } = await openStream(opened);
    const reader = readable.getReader();
    const reading = waits ? reader.read() : undefined;
    await settled();
    await reader.cancel();
    assert.equal(stream.receive.stopped, true);
    assert.equal((await (reading ?? reader.read())).done, true);
  });
}

Deno.test("readable yields a piece that comes while the session ends to who waits for it", async () => {
  await using opened = new Opened();
  const { stream, readable } = await openStream(opened);
  const reader = readable.getReader();
  const reading = reader.read();
  await settled();
  stream.feed("last words");
  opened.fake.end();
  const { value } = await withDeadline(reading, "the piece", HANG_MS);
  assert.deepEqual(value, toBytes("last words"));
  await assert.rejects(reader.read(), lostSession);
});

// To the client

Deno.test("writable sends copies of bytes of any kind, and the end", async () => {
  await using opened = new Opened();
  const { stream, writable } = await openStream(opened);
  const writer = writable.getWriter();
  const bytes = Uint8Array.of(1, 2, 3, 4);
  const kinds: readonly unknown[] = [
    bytes,
    bytes.subarray(1, 3),
    bytes.buffer,
    new DataView(bytes.buffer, 3),
  ];
  for (const chunk of kinds) await writer.write(chunk as Uint8Array);
  await writer.write(new Uint8Array(0)); // has nothing to send
  bytes.fill(9);
  await writer.close();
  assert.deepEqual(stream.send.written.map((sent) => [...sent]), [
    [1, 2, 3, 4],
    [2, 3],
    [1, 2, 3, 4],
    [4],
  ]);
  assert.equal(stream.send.endedBy, "end");
  const stats = { bytesWritten: 11, bytesSent: 11, bytesAcknowledged: 0 };
  assert.deepEqual(await writable.getStats(), stats);
});

/** What settles a write whose bytes the transport has not sent. */
const GIVE_UP: Readonly<Record<string, (opened: Opened, writer: WebTransportWriter) => unknown>> = {
  "is aborted": (_opened, writer) => writer.abort(),
  "loses its session": ({ fake }) => fake.end({ clean: false }),
};
for (const [name, giveUp] of Object.entries(GIVE_UP)) {
  Deno.test(`writable that ${name} while a write waits gives the buffer back, and what was written stays`, async () => {
    await using opened = new Opened();
    const { stream, writable } = await openStream(opened);
    const writer = writable.getWriter();
    stream.send.hold();
    const buffer = Uint8Array.of(1, 2);
    const writing = writer.write(buffer);
    await settled();
    giveUp(opened, writer);
    await assert.rejects(writing);
    buffer.fill(9); // for another client
    assert.deepEqual(stream.send.written, [Uint8Array.of(1, 2)]);
  });
}

Deno.test("writable refuses what is no bytes, and gives the stream up", async () => {
  await using opened = new Opened();
  const { stream, writable } = await openStream(opened);
  const writing = writable.getWriter().write("text" as unknown as Uint8Array);
  await assert.rejects(writing, /expected bytes, such as a Uint8Array, received the string "text"/);
  assert.equal(stream.send.endedBy, "abort");
});

Deno.test("writable has one write below at a time, and tells when it is ready for more", async () => {
  await using opened = new Opened();
  const { stream, writable } = await openStream(opened);
  stream.send.hold();
  const writer = writable.getWriter();
  const written: number[] = [];
  for (let count = 0; count < 3; count++) {
    writer.write(new Uint8Array(A_MEGABYTE)).then(() => written.push(count));
  }
  await settled();
  assert.equal(stream.send.written.length, 1);
  assert.ok(writer.desiredSize! <= 0);
  assert.deepEqual(written, []);
  const { bytesWritten, bytesSent } = await writable.getStats();
  assert.deepEqual([bytesWritten, bytesSent], [A_MEGABYTE, 0]);
  stream.send.release();
  await writer.ready;
  assert.equal(stream.send.written.length, 3);
});

for (const waits of [true, false]) {
  const when = waits ? "while a write waits" : "while nothing waits";

  for (const code of [0, 42, null]) {
    Deno.test(`writable fails when the client stops the stream with ${code} ${when}`, async () => {
      await using opened = new Opened();
      const { stream, writable } = await openStream(opened);
      const writer = writable.getWriter();
      stream.send.hold();
      const writing = waits ? writer.write(Uint8Array.of(1)) : undefined;
      await settled();
      stream.stop(code);
      await assert.rejects(writing ?? writer.write(Uint8Array.of(1)), endedStream(code));
      await assert.rejects(writer.closed, endedStream(code));
    });
  }

  Deno.test(`writable fails when the session ends ${when}`, async () => {
    await using opened = new Opened();
    const { stream, writable } = await openStream(opened);
    const writer = writable.getWriter();
    stream.send.hold();
    const writing = waits ? writer.write(Uint8Array.of(1)) : undefined;
    await settled();
    opened.fake.end();
    await assert.rejects(writer.closed, lostSession);
    await assert.rejects(writing ?? writer.write(Uint8Array.of(1)), lostSession);
  });

  Deno.test(`writable.abort() gives the stream up ${when}`, async () => {
    await using opened = new Opened();
    const { stream, writable } = await openStream(opened);
    const writer = writable.getWriter();
    stream.send.hold();
    const writing = waits ? writer.write(Uint8Array.of(1)) : undefined;
    await settled();
    await writer.abort("enough");
    assert.equal(stream.send.endedBy, "abort");
    if (writing) await assert.rejects(writing, (reason) => reason === "enough");
  });
}

Deno.test("writable refuses atomic writes", async () => {
  await using opened = new Opened();
  const { writable } = await openStream(opened);
  const writing = writable.getWriter().atomicWrite(Uint8Array.of(1));
  await assert.rejects(writing, { name: "NotSupportedError", message: /Use write\(\)$/ });
});

Deno.test("a stream in one direction goes to the client", async () => {
  await using opened = new Opened();
  const writable = await opened.session.createUnidirectionalStream();
  const writer = writable.getWriter();
  await writer.write(new TextEncoder().encode("news"));
  await writer.close();
  const [stream] = opened.fake.streams.values();
  assert.deepEqual([stream!.send.text, stream!.send.endedBy], ["news", "end"]);
});

// Both

Deno.test("an echo pipes a megabyte back at the pace of the client", async () => {
  await using opened = new Opened();
  const { stream, readable, writable } = await openStream(opened);
  const pieces = 100;
  for (let count = 0; count < pieces; count++) stream.feed(new Uint8Array(A_MEGABYTE / pieces));
  stream.finish();
  stream.send.hold();
  const echo = readable.pipeTo(writable);
  await settled();
  assert.equal(stream.send.written.length, 1);
  assert.ok(stream.receive.unread >= pieces - 2, `${stream.receive.unread} are left`);
  stream.send.release();
  await echo;
  assert.equal(stream.send.written.reduce((sum, { length }) => sum + length, 0), A_MEGABYTE);
  assert.equal(stream.send.endedBy, "end");
});

/** What a client does to a stream that nobody looks after. */
const HARM: Readonly<Record<string, (stream: FakeStream, opened: Opened) => void>> = {
  "resets it": (stream) => stream.reset(1),
  "stops it": (stream) => stream.stop(1),
  "loses the session": (_stream, { fake }) => fake.end({ clean: false }),
};
for (const [name, harm] of Object.entries(HARM)) {
  Deno.test(`a stream whose promises nobody looks at harms nobody when the client ${name}`, async () => {
    await using opened = new Opened();
    const piped = await openStream(opened);
    piped.readable.pipeTo(piped.writable);
    const written = await openStream(opened);
    const writer = written.writable.getWriter();
    for (const { stream } of [piped, written]) {
      stream.feed("piece");
      harm(stream, opened);
    }
    await nextOf(written.readable).catch(() => {}); // shows what happened to it
    writer.write(Uint8Array.of(1));
    writer.atomicWrite(Uint8Array.of(1));
    writer.close();
    writer.abort();
    writer.releaseLock();
    written.writable.close();
    written.writable.abort();
    written.readable.cancel();
    piped.stream.feed("piece");
    await settled(); // an unhandled rejection would fail the test here
    assert.equal(piped.stream.send.endedBy === "end", false);
  });
}

Deno.test("an abort that comes just when the session is lost harms nobody", async () => {
  await using opened = new Opened();
  const { stream, writable } = await openStream(opened);
  const writer = writable.getWriter();
  stream.send.hold();
  writer.write(Uint8Array.of(1));
  await settled();
  let aborted: Promise<void> | undefined;
  opened.fake.closed.then(() => {
    aborted = writer.abort(); // the write has not failed yet
  });
  opened.fake.end({ clean: false });
  await settled(); // an unhandled rejection would fail the test here
  await assert.rejects(aborted!, lostSession);
});
