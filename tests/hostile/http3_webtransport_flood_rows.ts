/**
 * Attacks by much of something, and by not reading.
 *
 * @module
 */

import assert from "node:assert/strict";
import { WEBTRANSPORT_DATAGRAM_QUEUE, WEBTRANSPORT_MAX_EARLY } from "../../src/limits.ts";
import {
  type WebTransportReceiveStream,
  type WebTransportSendStream,
  type WebTransportSession,
  WebTransportStreamError,
} from "../../src/webtransport_exchange.ts";
import { withDeadline } from "../_support/deadline.ts";
import { pause, standstill } from "../_support/waiting.ts";
import { HANG_MS, type SessionStream } from "../_support/webtransport_stream.ts";
import { datagramOf, streamStart, WT_STREAM } from "../_support/webtransport_wire.ts";
import { expectAlive, type SessionAttack } from "./http3_webtransport_attack.ts";

/** Bytes that are written at once. */
const PIECE = 64 * 1024;

/** More bytes than transport and driver take together of one stream: 1.25 MB, and what is on its way. */
const TOO_MUCH = 8 * 1024 * 1024;

/** Of the session that comes next on a connection where the runner has opened the first. */
const NEXT = 4;

/** Reads no datagrams until told to; then says how many there were, and how many were dropped. */
async function readLate(session: WebTransportSession): Promise<void> {
  const { receive, send } = (await session.acceptBidirectional())!;
  await receive.read();
  const dropped = await standstill(() => session.droppedDatagrams);
  let count = 0;
  const reading = async () => {
    while (await session.readDatagram() !== null) count++;
  };
  const read = reading();
  await pause(0); // by then all that waited were read
  await send.write(new TextEncoder().encode(`${count} ${dropped}`));
  await send.end();
  await read;
}

/** Writes until it fails. */
async function writeEndlessly(
  send: WebTransportSendStream,
  onWritten: (count: number) => void,
): Promise<void> {
  for (;;) {
    await send.write(new Uint8Array(PIECE));
    onWritten(PIECE);
  }
}

/** Accepts streams and never reads them. */
async function readNothing(session: WebTransportSession): Promise<void> {
  const held: WebTransportReceiveStream[] = [];
  const next = () => session.acceptUnidirectional();
  for (let stream = await next(); stream; stream = await next()) held.push(stream);
}

/** The attacks. */
export const SESSION_FLOODS: readonly SessionAttack[] = [
  {
    name: "that does not read: the application waits, and hears when it stops the stream",
    code: null,
    told: "clean 0",
    async act(client, target) {
      let written = 0;
      const ended = Promise.withResolvers<unknown>();
      target.session = async (session) => {
        const { send } = await session.openBidirectional();
        await writeEndlessly(send, (count) => written += count).catch(ended.resolve);
        await session.closed;
      };
      const session = await client.open();
      const stream = await session.bidirectional.next("a stream of the server");
      const most = await standstill(() => written);
      assert.ok(most > 0 && most < TOO_MUCH, `${most} bytes were taken`);
      stream.stop();
      const error = await withDeadline(ended.promise, "the end of the writing", HANG_MS);
      assert.ok(error instanceof WebTransportStreamError, `${error}`);
      await session.close();
    },
  },
  {
    name: "whose streams nobody reads: it waits",
    code: null,
    told: "clean 0",
    async act(client, target) {
      target.session = readNothing;
      const session = await client.open();
      let taken = 0;
      for (let i = 0; i < 5; i++) {
        const stream = await session.openUnidirectional();
        void writeAll(stream, () => taken += PIECE);
      }
      const most = await standstill(() => taken);
      assert.ok(most < 5 * TOO_MUCH, `${most} bytes were taken`);
      await session.close();
    },
  },
  {
    name: "that floods a session with datagrams which nobody reads",
    code: null,
    told: "clean 0",
    async act(client, target) {
      target.session = readLate;
      const session = await client.open();
      for (let i = 0; i < 20_000; i++) session.sendDatagram(new Uint8Array(1_000));
      const stream = await session.openBidirectional("go");
      stream.finish();
      const [count] = (await stream.text()).split(" ").map(Number);
      assert.ok(count! <= WEBTRANSPORT_DATAGRAM_QUEUE, `${count} were kept`);
      await session.close();
    },
  },
  {
    name: "that floods a session with datagrams in capsules which nobody reads",
    code: null,
    told: "clean 0",
    async act(client, target) {
      target.session = readLate;
      const session = await client.open();
      const all = 20_000;
      for (let i = 0; i < all; i++) await session.capsule(0, new Uint8Array(1_000));
      const stream = await session.openBidirectional("go");
      stream.finish();
      const kept = WEBTRANSPORT_DATAGRAM_QUEUE;
      assert.equal(await stream.text(), `${kept} ${all - kept}`);
      await session.close();
    },
  },
  {
    name: "whose early streams are more than may wait: the others are stopped",
    code: null,
    server: { webtransport: { maxStreams: WEBTRANSPORT_MAX_EARLY + 20 } },
    async act(client) {
      const held: SessionStream[] = [];
      const start = streamStart(WT_STREAM.UNIDIRECTIONAL, NEXT, "early");
      for (let i = 0; i < WEBTRANSPORT_MAX_EARLY; i++) {
        held.push(await client.unidirectional(start));
      }
      const beyond = await client.unidirectional(start);
      await beyond.stopped();
      for (const stream of held) assert.ok(await stream.send("!"), "an early one was stopped");
      for (const stream of held) stream.finish();
      const session = await client.open();
      assert.equal(session.id, NEXT);
      for (let i = 0; i < WEBTRANSPORT_MAX_EARLY; i++) {
        const echo = await session.unidirectional.next("a stream of the server");
        assert.equal(await echo.text(), "early!");
      }
    },
  },
  {
    name: "whose early datagrams are more than may wait",
    code: null,
    async act(client) {
      for (let i = 0; i < 20_000; i++) client.sendDatagram(datagramOf(NEXT, new Uint8Array(1_000)));
      const session = await client.open();
      assert.equal(session.id, NEXT);
      await expectAlive(session);
    },
  },
  {
    name: "that keeps opening streams for what is no session",
    code: "H3_EXCESSIVE_LOAD",
    async act(client) {
      await client.get(); // takes the id
      const start = streamStart(WT_STREAM.UNIDIRECTIONAL, NEXT, "useless");
      while (!client.over) {
        const stream = await client.unidirectional(start).catch(() => null); // ended meanwhile
        stream?.finish();
      }
    },
  },
  {
    name: "that opens and ends 2000 streams",
    code: null,
    async act(client) {
      const session = await client.open();
      for (let round = 0; round < 80; round++) {
        const texts = Array.from({ length: 25 }, (_, index) => `${round} ${index}`);
        assert.deepEqual(await Promise.all(texts.map((text) => session.ask(text))), texts);
      }
    },
  },
  {
    name: "that opens 1000 streams and stops them at once",
    code: null,
    async act(client) {
      const session = await client.open();
      for (let i = 0; i < 1000; i++) {
        const stream = await session.openBidirectional("stop");
        stream.stop();
        stream.finish();
      }
      await expectAlive(session);
    },
  },
  {
    name: "that leaves half of its 40 streams open when it goes",
    code: null,
    told: "clean 0",
    async act(client) {
      const session = await client.open();
      const streams: SessionStream[] = [];
      for (let i = 0; i < 40; i++) streams.push(await session.openBidirectional("half"));
      for (const stream of streams.slice(20)) stream.finish();
      for (const stream of streams) assert.equal(await stream.textOf(4), "half");
      await session.close();
      for (const stream of streams.slice(0, 20)) await stream.stopped();
    },
  },
];

async function writeAll(stream: SessionStream, onTaken: () => void): Promise<void> {
  while (await stream.send(new Uint8Array(PIECE))) onTaken();
}
