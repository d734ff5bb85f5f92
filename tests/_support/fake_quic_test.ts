import assert from "node:assert/strict";
import fc from "fast-check";
import {
  ConnectionLostError,
  type QuicBidirectionalStream,
  type QuicReceiveStream,
  StreamResetError,
  StreamStoppedError,
} from "../../src/quic/transport.ts";
import { concat } from "./bytes.ts";
import { fakeQuic, type FakeQuicOptions, NOTHING_LIVE } from "./fake_quic.ts";

// What all transports promise is in tests/quic/contract_test.ts; here is what only the fake can do.

const ABC = new Uint8Array([1, 2, 3]);

Deno.test("fakeQuic() delivers every stream whole and in order, however it shreds, delays and reorders", async () => {
  await fc.assert(fc.asyncProperty(
    fc.record({
      seed: fc.integer(),
      shred: fc.integer({ min: 1, max: 9 }),
      reorder: fc.boolean(),
      delay: fc.nat(3),
      receiveWindow: fc.integer({ min: 1, max: 50 }),
    }),
    fc.array(fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 5 }), { maxLength: 5 }),
    async (options, streams) => {
      const { connection, client } = fakeQuic(options);
      for (const parts of streams) {
        const stream = client.openUnidirectional();
        for (const part of parts) stream.write(part);
        stream.finish();
      }
      const received = [];
      for (let i = 0; i < streams.length; i++) {
        received.push((await connection.acceptUnidirectional())!);
      }
      assert.deepEqual(received.map(({ id }) => id), streams.map((_, index) => 2 + 4 * index));
      assert.deepEqual(
        await Promise.all(received.map((stream) => readAll(stream))),
        streams.map(concat),
      );
      assert.deepEqual(client.live, NOTHING_LIVE);
    },
  ));
});

Deno.test("fakeQuic() reads at most `shred` bytes, and not always the same number", async () => {
  const sizes = await readSizes({ shred: 4, seed: 3 });
  assert(sizes.every((size) => size >= 1 && size <= 4));
  assert(new Set(sizes).size > 1);
  assert.deepEqual(sizes, await readSizes({ shred: 4, seed: 3 }));
  assert.notDeepEqual(sizes, await readSizes({ shred: 4, seed: 4 }));
});

Deno.test("fakeQuic() lets streams overtake each other when told to", async () => {
  const orders = new Set<string>();
  for (let seed = 1; seed < 20; seed++) {
    const { connection, client } = fakeQuic({ reorder: true, delay: 9, seed });
    const order: number[] = [];
    for (const stream of [client.openUnidirectional(), client.openUnidirectional()]) {
      stream.write(ABC);
      stream.finish();
    }
    const done: Promise<unknown>[] = [];
    for (let i = 0; i < 2; i++) {
      const stream = (await connection.acceptUnidirectional())!;
      done.push(readAll(stream).then(() => order.push(stream.id)));
    }
    await Promise.all(done);
    orders.add(order.join());
  }
  assert.deepEqual([...orders].sort(), ["2,6", "6,2"]);
});

Deno.test("FakeQuicClient shows a stream with its first byte, and the streams before it", async () => {
  const { connection, client } = fakeQuic();
  const accepted: number[] = [];
  const accepting = (async () => {
    for (let stream; (stream = await connection.acceptBidirectional()) !== null;) {
      accepted.push(stream.id);
    }
  })();
  client.openBidirectional();
  const second = client.openBidirectional();
  await Promise.resolve();
  assert.deepEqual(accepted, []);
  second.write(ABC);
  await client.until(() => client.live.unaccepted === 0);
  client.close(0);
  await accepting;
  assert.deepEqual(accepted, [0, 4]);
});

Deno.test("FakeOutbox.reset() fails the read, and drops what was not read", async () => {
  const { connection, client } = fakeQuic();
  const stream = client.openBidirectional();
  stream.write(ABC);
  const { receive, send } = (await connection.acceptBidirectional())!;
  stream.reset(0x10c);
  await assert.rejects(
    receive.read(),
    (error) => error instanceof StreamResetError && error.code === 0x10c,
  );
  send.abandon();
  assert.deepEqual(client.live, { ...NOTHING_LIVE, abandoned: 1 });
});

Deno.test("FakeClientStream.stop() fails writes with its code", async () => {
  const { connection, client } = fakeQuic({ sendWindow: 2 });
  const stream = client.openBidirectional();
  stream.write(ABC);
  const { send } = (await connection.acceptBidirectional())!;
  const blocked = send.write(ABC);
  stream.stop(0x101);
  const isStopped = (error: unknown) => error instanceof StreamStoppedError && error.code === 0x101;
  await assert.rejects(blocked, isStopped);
  await assert.rejects(send.write(ABC), isStopped);
});

Deno.test("sendWindow holds writes back until allow()", async () => {
  const { connection, client } = fakeQuic({ sendWindow: 2 });
  const stream = client.openBidirectional();
  stream.write(ABC);
  const { send } = (await connection.acceptBidirectional())!;
  let taken = false;
  const written = send.write(ABC).then(() => taken = true);
  const finished = send.finish();
  await client.until(() => stream.inbox.length === 2);
  assert.deepEqual([taken, stream.inbox.fin, client.live.pendingWrites], [false, false, 1]);
  stream.allow(1);
  await Promise.all([written, finished]);
  assert.deepEqual([stream.inbox.bytes, stream.inbox.fin], [ABC, true]);
});

Deno.test("receiveWindow holds the client back until the server reads", async () => {
  const { connection, client } = fakeQuic({ receiveWindow: 2 });
  const stream = client.openUnidirectional();
  let taken = false;
  const written = stream.write(ABC).then(() => taken = true);
  const received = (await connection.acceptUnidirectional())!;
  assert.equal(taken, false);
  assert.deepEqual(await received.read(), ABC.subarray(0, 2));
  await written;
});

Deno.test("serverStreams holds openUnidirectional() back until allowStreams() or the end", async () => {
  const { connection, client } = fakeQuic({ serverStreams: 1 });
  await connection.openUnidirectional();
  let opened = 0;
  const waiting = [1, 2].map(() => connection.openUnidirectional().then(() => opened++));
  client.allowStreams(1);
  await waiting[0];
  assert.equal(opened, 1);
  client.fail();
  await assert.rejects(waiting[1]!, ConnectionLostError);
});

Deno.test("fail() ends the connection as a time-out does", async () => {
  const { connection, client } = fakeQuic();
  client.fail("timed out");
  assert.deepEqual(await connection.closed, { by: "transport", code: 0, reason: "timed out" });
  assert.equal(await connection.acceptBidirectional(), null);
});

Deno.test("FakeInbox shows a server that reuses an array it gave away", async () => {
  const { connection, client } = fakeQuic();
  const stream = await connection.openUnidirectional();
  const bytes = ABC.slice();
  await stream.write(bytes);
  bytes.fill(0);
  assert.notDeepEqual(client.streams[0]!.inbox.bytes, ABC);
});

const MISUSES = [
  {
    name: "two reads at a time",
    misuse: (half: QuicBidirectionalStream) => [half.receive.read(), half.receive.read()],
  },
  {
    name: "write() after finish()",
    misuse: (half: QuicBidirectionalStream) => [half.send.finish(), half.send.write(ABC)],
  },
  {
    name: "write() after abandon()",
    misuse: (half: QuicBidirectionalStream) => [half.send.abandon(), half.send.write(ABC)],
  },
  {
    name: "finish() after abandon()",
    misuse: (half: QuicBidirectionalStream) => [half.send.abandon(), half.send.finish()],
  },
];
for (const { name, misuse } of MISUSES) {
  Deno.test(`fakeQuic() throws on ${name}`, async () => {
    const { connection, client } = fakeQuic();
    client.openBidirectional().write(ABC);
    const halves = (await connection.acceptBidirectional())!;
    await halves.receive.read();
    assert.throws(() => misuse(halves));
  });
}

async function readAll(stream: QuicReceiveStream): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (let bytes; (bytes = await stream.read()) !== null;) parts.push(bytes);
  return concat(parts);
}

async function readSizes(options: FakeQuicOptions): Promise<number[]> {
  const { connection, client } = fakeQuic(options);
  const stream = client.openUnidirectional();
  stream.write(new Uint8Array(50));
  stream.finish();
  const received = (await connection.acceptUnidirectional())!;
  const sizes: number[] = [];
  for (let bytes; (bytes = await received.read()) !== null;) sizes.push(bytes.length);
  return sizes;
}
