/** What the port promises of streams. */

import assert from "node:assert/strict";
import { StreamStoppedError } from "../../src/quic/transport.ts";
import { concat } from "../_support/bytes.ts";
import {
  collect,
  echoAll,
  echoOnce,
  HELLO,
  numbered,
  openBidirectional,
  readAll,
  readSome,
} from "../_support/quic_steps.ts";
import { standstill } from "../_support/waiting.ts";
import { type Rule, testRules } from "./contract.ts";

const MEBIBYTE = 1_048_576;

const RULES: readonly Rule[] = [
  {
    name: "read() gives the bytes in order, then null for FIN, again and again",
    async check(pair) {
      const { stream, server } = await openBidirectional(pair, HELLO);
      stream.write(HELLO);
      stream.finish();
      assert.deepEqual(await readAll(server.receive), concat([HELLO, HELLO]));
      assert.equal(await server.receive.read(), null);
      server.send.abandon();
    },
  },
  {
    name: "finish() sends FIN after everything written without waiting",
    async check(pair) {
      const { stream, server } = await openBidirectional(pair, HELLO);
      // Larger and larger, so that some are taken in parts while others wait.
      const parts = Array.from({ length: 40 }, (_, i) => new Uint8Array(i * i * 97).fill(i));
      const expected = concat(parts);
      for (const part of parts) server.send.write(part);
      const finished = server.send.finish();
      assert.deepEqual(await collect(stream), expected);
      await finished;
      assert.equal(server.send.finish(), finished);
    },
  },
  {
    name: "finish() right after one large write cuts nothing off",
    async check(pair) {
      const { stream, server } = await openBidirectional(pair, HELLO);
      const sent = numbered(4 * MEBIBYTE);
      server.send.write(sent.slice());
      server.send.finish();
      assert.deepEqual(await collect(stream), sent);
    },
  },
  {
    name: "finish() between two writes of which one is queued sends both",
    async check(pair) {
      const { stream, server } = await openBidirectional(pair, HELLO);
      const sent = numbered(MEBIBYTE);
      server.send.write(sent.slice()).then(() => server.send.finish());
      server.send.write(HELLO);
      assert.deepEqual(await collect(stream), concat([sent, HELLO]));
    },
  },
  {
    name: "a large transfer arrives unchanged both ways at once",
    async check(pair) {
      const { stream, server } = await openBidirectional(pair, HELLO);
      const sent = numbered(2 * MEBIBYTE);
      const echo = echoAll(server);
      const answer = collect(stream);
      for (let at = 0; at < sent.length; at += 65_536) {
        await stream.write(sent.subarray(at, at + 65_536));
      }
      stream.finish();
      assert.deepEqual(await answer, concat([HELLO, sent]));
      await echo;
    },
  },
  {
    name: "streams carry the ids of the wire, in order",
    async check(pair) {
      const first = await openBidirectional(pair, HELLO);
      const second = await openBidirectional(pair, HELLO);
      assert.deepEqual([first.server.id, second.server.id], [0, 4]);
      assert.deepEqual([second.server.receive.id, second.server.send.id], [4, 4]);
      const control = await pair.client.openUnidirectional();
      control.write(HELLO);
      assert.equal((await pair.connection.acceptUnidirectional())?.id, 2);
      assert.equal((await pair.connection.openUnidirectional()).id, 3);
      assert.equal((await pair.connection.openUnidirectional()).id, 7);
    },
  },
  {
    name: "a unidirectional stream of ours reaches the client",
    async check({ connection, client }) {
      const stream = await connection.openUnidirectional();
      await stream.write(HELLO);
      const received = await client.accept();
      assert.deepEqual(await received.read(), HELLO);
      await stream.finish();
      assert.equal(await received.read(), null);
    },
  },
  {
    name: "a bidirectional stream of ours carries bytes and FIN both ways",
    async check({ connection, client }) {
      const server = await connection.openBidirectional();
      assert.deepEqual([server.id, server.receive.id, server.send.id], [1, 1, 1]);
      await server.send.write(HELLO);
      const stream = await client.acceptBidirectional();
      assert.deepEqual(await stream.read(), HELLO);
      stream.write(HELLO);
      stream.finish();
      assert.deepEqual(await readAll(server.receive), HELLO);
      await server.send.finish();
      assert.equal(await stream.read(), null);
      assert.equal((await connection.openBidirectional()).id, 5);
    },
  },
  {
    name: "what read() returned stays as it was",
    async check(pair) {
      const { stream, server } = await openBidirectional(pair, numbered(1000));
      const first = (await server.receive.read())!;
      const copy = first.slice();
      stream.write(new Uint8Array(60_000));
      stream.finish();
      await readAll(server.receive);
      assert.deepEqual(first, copy);
    },
  },
  {
    name: "stop() settles a read that waits, and the client learns of it when it sends",
    async check(pair) {
      const { stream, server } = await openBidirectional(pair, HELLO);
      await readSome(server.receive, HELLO.length);
      const waiting = server.receive.read();
      server.receive.stop();
      server.receive.stop();
      assert.equal(await waiting, null);
      assert.equal(await server.receive.read(), null);
      await stream.untilStopped();
    },
  },
  {
    name: "stop() between two reads tells the client",
    async check(pair) {
      const { stream, server } = await openBidirectional(pair, HELLO);
      await readSome(server.receive, HELLO.length);
      server.receive.stop();
      await stream.untilStopped();
    },
  },
  {
    name: "write() and finish() reject when the client stops the stream",
    async check(pair) {
      const { stream, server } = await openBidirectional(pair, HELLO);
      const blocked = server.send.write(new Uint8Array(16 * MEBIBYTE));
      const queued = server.send.write(HELLO);
      stream.stop();
      await assert.rejects(blocked, isStopped(0));
      await assert.rejects(queued, isStopped(0));
      await assert.rejects(server.send.write(HELLO), isStopped(0));
      await assert.rejects(server.send.finish(), isStopped(0));
    },
  },
  {
    name: "a rejection that nobody waits for is no unhandled one",
    async check(pair) {
      const { stream, server } = await openBidirectional(pair, HELLO);
      const blocked = server.send.write(new Uint8Array(16 * MEBIBYTE));
      server.send.write(HELLO);
      server.send.finish();
      stream.stop();
      await assert.rejects(blocked, isStopped(0));
    },
  },
  {
    name: "abandon() sends no FIN, also not when the connection closes",
    async check(pair) {
      const { stream, server } = await openBidirectional(pair, HELLO);
      await server.send.write(HELLO);
      server.send.abandon();
      server.send.abandon();
      assert.deepEqual(await stream.read(), HELLO);
      let end: unknown = "open";
      const over = stream.read().then((bytes) => end = bytes, () => end = "failed");
      await echoOnce(pair); // another stream made a whole round trip meanwhile
      assert.equal(end, "open");
      pair.connection.close(0x102, "");
      // The fake has nothing that ends a read of its client.
      await Promise.race([over, pair.client.closed]);
      assert.notEqual(end, null);
    },
  },
  {
    name: "write() waits while the client does not read",
    async check(pair) {
      const { stream, server } = await openBidirectional(pair, HELLO);
      let taken = 0;
      const writing = (async () => {
        for (let i = 0; i < 1024; i++, taken++) await server.send.write(new Uint8Array(65_536));
        await server.send.finish();
      })();
      assert((await standstill(() => taken)) < 512, `${taken} writes of 64 KiB were taken`);
      assert.equal((await collect(stream)).length, 1024 * 65_536);
      await writing;
    },
  },
  {
    name: "the client waits while we do not read",
    async check(pair) {
      const { stream, server } = await openBidirectional(pair, HELLO);
      let taken = 0;
      const writing = (async () => {
        for (let i = 0; i < 1024; i++, taken++) await stream.write(new Uint8Array(65_536));
      })();
      assert((await standstill(() => taken)) < 512, `${taken} writes of 64 KiB were taken`);
      server.receive.stop();
      await writing;
    },
  },
  {
    name: "setSendOrder() works at any time",
    async check(pair) {
      const { stream, server } = await openBidirectional(pair, HELLO);
      server.send.setSendOrder(-3);
      await server.send.write(HELLO);
      await server.send.finish();
      server.send.setSendOrder(2);
      assert.deepEqual(await collect(stream), HELLO);
    },
  },
];

testRules(RULES);

function isStopped(code: number): (error: unknown) => boolean {
  return (error) => error instanceof StreamStoppedError && error.code === code;
}
