/**
 * Attacks by streams and datagrams: too early, too late, of no session, in the wrong place.
 *
 * @module
 */

import assert from "node:assert/strict";
import { encodeFrame, encodeVarints } from "../../src/h3/mod.ts";
import { concat } from "../_support/bytes.ts";
import { headers } from "../_support/h3_attacker.ts";
import { requestFields } from "../_support/h3_peer.ts";
import type { WebTransportClient } from "../_support/webtransport_client.ts";
import { controlOf, datagramOf, streamStart, WT_STREAM } from "../_support/webtransport_wire.ts";
import { expectAlive, expectRefusal, type SessionAttack } from "./http3_webtransport_attack.ts";

/** Of the session that comes next on a connection where the runner has opened the first. */
const NEXT = 4;

const { BIDIRECTIONAL, UNIDIRECTIONAL } = WT_STREAM;

/** A connection that ends because of the first bytes of a stream. */
function fatal(
  name: string,
  code: string,
  act: (client: WebTransportClient) => Promise<unknown>,
): SessionAttack {
  return { name, code, act: async (client) => void await act(client) };
}

/** A connection that ends because of a datagram. */
function fatalDatagram(
  name: string,
  bytes: Uint8Array,
  code = "H3_DATAGRAM_ERROR",
): SessionAttack {
  return fatal(`that sends a datagram ${name}`, code, (client) => {
    client.sendDatagram(bytes);
    return Promise.resolve();
  });
}

/** Streams and a datagram of a session that cannot be any more: nobody gets them, and the client is told to stop. */
async function expectDropped(client: WebTransportClient, sessionId: number): Promise<void> {
  const both = await client.bidirectional(streamStart(BIDIRECTIONAL, sessionId, "lost"));
  const one = await client.unidirectional(streamStart(UNIDIRECTIONAL, sessionId, "lost"));
  client.sendDatagram(datagramOf(sessionId, new Uint8Array(1)));
  await both.stopped();
  await one.stopped();
}

/** The attacks. */
export const STREAM_ATTACKS: readonly SessionAttack[] = [
  {
    name: "whose streams and datagrams overtake the handshake: they wait for it",
    code: null,
    told: "clean 0",
    async act(client) {
      const id = NEXT + 8; // after a stream and a request
      const one = await client.unidirectional(streamStart(UNIDIRECTIONAL, id, "one way"));
      const both = await client.bidirectional(streamStart(BIDIRECTIONAL, id, "both ways"));
      client.sendDatagram(datagramOf(id, new TextEncoder().encode("datagram")));
      one.finish();
      both.finish();
      assert.equal((await client.get()).status, 200);
      const session = await client.open();
      assert.equal(session.id, id);
      assert.equal(await both.text(), "both ways");
      assert.equal(await session.datagram(), "datagram");
      const echo = await session.unidirectional.next("a stream of the server");
      assert.equal(await echo.text(), "one way");
      await session.close();
    },
  },
  {
    name: "whose streams are for ordinary requests: they are stopped",
    code: null,
    async act(client) {
      await client.get(); // takes the id
      await expectDropped(client, NEXT);
    },
  },
  {
    name: "whose streams are for a session that was refused: they are stopped",
    code: null,
    async act(client) {
      await expectRefusal(client, 403, { fields: [["origin", "https://evil.example"]] });
      await expectDropped(client, NEXT);
    },
  },
  {
    name: "whose streams are for a session that is over: they are stopped",
    code: null,
    told: "clean 9",
    async act(client, target) {
      const session = await client.open();
      await session.close(9);
      await target.told("/ clean 9");
      await session.end();
      await expectDropped(client, session.id);
    },
  },
  {
    name: "whose session goes while its streams and datagrams keep coming: they are stopped",
    code: null,
    told: "clean 0",
    async act(client, target) {
      const session = await client.open();
      const streams = await Promise.all(
        Array.from({ length: 10 }, () => session.openBidirectional("x")),
      );
      const stopped = streams.map((stream) => stream.stopped());
      for (let i = 0; i < 100; i++) session.sendDatagram("x");
      await session.close();
      await target.told("/ clean 0");
      await Promise.all(stopped);
    },
  },
  ...[1, 2, 3, 2 ** 40 + 1, 2 ** 40].flatMap((id) => [
    fatal(
      `whose stream in both directions is for ${id}, which is no request`,
      "H3_ID_ERROR",
      (client) => client.bidirectional(streamStart(BIDIRECTIONAL, id)),
    ),
    fatal(
      `whose stream in one direction is for ${id}, which is no request`,
      "H3_ID_ERROR",
      (client) => client.unidirectional(streamStart(UNIDIRECTIONAL, id)),
    ),
  ]),
  fatal("that signals a stream after the head of a request", "H3_FRAME_ERROR", (client) => {
    const head = headers(requestFields({ method: "POST" }));
    return client.bidirectional(concat([head, streamStart(BIDIRECTIONAL, 0)]));
  }),
  fatal("that signals a stream after a frame of an unknown type", "H3_FRAME_ERROR", (client) => {
    const unknown = encodeFrame(0x21, new Uint8Array(1));
    return client.bidirectional(concat([unknown, streamStart(BIDIRECTIONAL, 0)]));
  }),
  fatal("that signals a stream on its control stream", "H3_FRAME_ERROR", async (client) => {
    await client.control.send(encodeVarints(BIDIRECTIONAL, 0));
  }),
  fatal("with a second control stream", "H3_STREAM_CREATION_ERROR", (client) => {
    return client.unidirectional(controlOf([]));
  }),
  fatalDatagram("of no bytes", new Uint8Array(0)),
  fatalDatagram("that ends inside its id", Uint8Array.of(0xc0, 0)),
  fatalDatagram("whose id is no stream's", Uint8Array.of(0xd0, 0, 0, 0, 0, 0, 0, 0)),
  fatalDatagram(
    "for a request that it cannot have",
    datagramOf(2 ** 40, new Uint8Array(1)),
    "H3_ID_ERROR",
  ),
  {
    name: "whose datagrams are for nobody: they are dropped",
    code: null,
    async act(client) {
      await client.get();
      for (const id of [NEXT, 400]) {
        for (let i = 0; i < 100; i++) client.sendDatagram(datagramOf(id, new Uint8Array(100)));
      }
      await client.get();
    },
  },
  {
    name: "whose streams begin byte by byte: they are served",
    code: null,
    told: "unclean 0",
    async act(client) {
      const session = await client.open();
      const [first, ...rest] = streamStart(BIDIRECTIONAL, session.id, "slow");
      const both = await client.bidirectional(Uint8Array.of(first!));
      for (const byte of rest) await both.send(Uint8Array.of(byte));
      both.finish();
      assert.equal(await both.text(), "slow");
      const [type, ...others] = streamStart(UNIDIRECTIONAL, session.id, "slow");
      const one = await client.unidirectional(Uint8Array.of(type!));
      for (const byte of others) await one.send(Uint8Array.of(byte));
      one.finish();
      const echo = await session.unidirectional.next("a stream of the server");
      assert.equal(await echo.text(), "slow");
    },
  },
  {
    name: "whose streams never say for what they are: they end after the time for a head",
    code: null,
    server: { timeouts: { headMs: 200 } },
    async act(client) {
      for (const start of [[0x40], [0x40, 0x41], [0x40, 0x41, 0x80]]) {
        const stream = await client.bidirectional(Uint8Array.from(start));
        assert.equal(await stream.end(), "fin"); // with 408, or nothing
      }
    },
  },
  {
    name: "whose streams in one direction end before they say for what they are",
    code: null,
    async act(client) {
      for (const start of [[], [0x40], [0x40, 0x54], [0x40, 0x54, 0x80]]) {
        (await client.unidirectional(Uint8Array.from(start))).finish();
      }
      await client.get();
    },
  },
  {
    name: "whose streams are empty",
    code: null,
    told: "unclean 0",
    async act(client) {
      const session = await client.open();
      assert.equal(await session.ask(""), "");
      (await session.openUnidirectional()).finish();
      const echo = await session.unidirectional.next("a stream of the server");
      assert.equal(await echo.text(), "");
      await expectAlive(session);
    },
  },
];
