/** What the port promises of connections: datagrams, the end, and what is left then. */

import assert from "node:assert/strict";
import {
  ConnectionLostError,
  type QuicBidirectionalStream,
  StreamStoppedError,
} from "../../src/quic/transport.ts";
import type { Pair } from "../_support/quic_pair.ts";
import { echoOnce, HELLO, openBidirectional, readSome } from "../_support/quic_steps.ts";
import { eventually } from "../_support/waiting.ts";
import { type Rule, testRules } from "./contract.ts";

const MEBIBYTE = 1_048_576;

const RULES: readonly Rule[] = [
  {
    name: "openBidirectional() rejects when the connection is over",
    async check({ connection }) {
      connection.close(0, "");
      await connection.closed;
      await assert.rejects(connection.openBidirectional(), ConnectionLostError);
    },
  },
  {
    name: "close() reaches the client with code and reason, and ends everything here",
    async check(pair) {
      const { connection, client } = pair;
      const { server } = await openBidirectional(pair, HELLO);
      const control = await connection.openUnidirectional();
      await readSome(server.receive, HELLO.length);
      const waiting = [
        server.receive.read(),
        connection.acceptBidirectional(),
        connection.acceptUnidirectional(),
        connection.readDatagram(),
      ];
      connection.close(0x10c, "gone");
      connection.close(0x10d, "twice");
      assert.deepEqual(await connection.closed, { by: "us", code: 0x10c, reason: "gone" });
      assert.deepEqual(await client.closed, { code: 0x10c, reason: "gone" });
      assert.deepEqual(await Promise.all(waiting), [null, null, null, null]);
      await assertOver(pair, server, null);
      await assert.rejects(control.write(HELLO), ConnectionLostError);
    },
  },
  {
    name: "the client's close tells code and reason, and fails everything here",
    async check(pair) {
      const { connection, client } = pair;
      const { server } = await openBidirectional(pair, HELLO);
      await readSome(server.receive, HELLO.length);
      const lost = assert.rejects(server.receive.read(), ConnectionLostError);
      const blocked = assert.rejects(
        server.send.write(new Uint8Array(16 * MEBIBYTE)),
        ConnectionLostError,
      );
      const waiting = [
        connection.acceptBidirectional(),
        connection.acceptUnidirectional(),
        connection.readDatagram(),
      ];
      client.close(0x100, "bye");
      assert.deepEqual(await connection.closed, { by: "peer", code: 0x100, reason: "bye" });
      await Promise.all([lost, blocked]);
      assert.deepEqual(await Promise.all(waiting), [null, null, null]);
      await assertOver(pair, server, ConnectionLostError);
    },
  },
  {
    name: "datagrams go both ways, and one that is too large is dropped",
    async check({ connection, client }) {
      assert(connection.maxDatagramSize > 1000);
      client.sendDatagram(HELLO);
      assert.deepEqual(new Uint8Array((await connection.readDatagram())!), HELLO);
      connection.sendDatagram(new Uint8Array(100_000));
      connection.sendDatagram(HELLO);
      assert.deepEqual(new Uint8Array(await client.readDatagram()), HELLO);
    },
  },
  {
    name: "nothing is held of streams that are over",
    async check(pair) {
      const before = pair.openHalves();
      for (let i = 0; i < 20; i++) await echoOnce(pair);
      for (let i = 0; i < 20; i++) {
        const { stream, server } = await openBidirectional(pair, HELLO);
        server.receive.stop();
        stream.stop();
        await assert.rejects(server.send.write(new Uint8Array(16 * MEBIBYTE)), StreamStoppedError);
        if (i % 2 === 0) server.send.finish();
        else server.send.abandon();
      }
      await eventually(() => pair.openHalves() === before, "the halves to be released");
      const { server } = await openBidirectional(pair, HELLO);
      server.send.abandon();
      assert.equal(pair.openHalves(), before + 2);
      pair.connection.close(0, "");
      await pair.connection.closed;
      assert.equal(pair.openHalves(), 0);
    },
  },
];

testRules(RULES);

/** What the end of the connection leaves behind; reads end quietly when `reads` is `null`. */
async function assertOver(
  { connection }: Pair,
  { receive, send }: QuicBidirectionalStream,
  reads: null | typeof ConnectionLostError,
): Promise<void> {
  if (reads === null) assert.equal(await receive.read(), null);
  else await assert.rejects(receive.read(), reads);
  await assert.rejects(send.write(HELLO), ConnectionLostError);
  await assert.rejects(connection.openUnidirectional(), ConnectionLostError);
  assert.equal(await connection.acceptBidirectional(), null);
  assert.equal(await connection.acceptUnidirectional(), null);
  assert.equal(await connection.readDatagram(), null);
  connection.sendDatagram(HELLO);
  send.setSendOrder(1);
  receive.stop();
  send.abandon();
}
