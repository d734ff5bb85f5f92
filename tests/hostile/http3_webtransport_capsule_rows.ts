/**
 * Attacks by what is said on the stream of a session.
 *
 * @module
 */

import assert from "node:assert/strict";
import { encodeFrame, encodeVarints, FRAME } from "../../src/h3/mod.ts";
import { concat } from "../_support/bytes.ts";
import { seededRandom } from "../_support/fake_quic_network.ts";
import { headers } from "../_support/h3_attacker.ts";
import type { ClientSession } from "../_support/webtransport_session.ts";
import {
  capsule,
  closeCapsule,
  closeValue,
  sessionFields,
  streamStart,
  WT_CAPSULE,
  WT_STREAM,
} from "../_support/webtransport_wire.ts";
import { expectAlive, type SessionAttack } from "./http3_webtransport_attack.ts";

/** Bytes of DATA frames that are sent at once. */
const PIECE = 64 * 1024;

/** A session that ends by what its client says. */
function ending(
  name: string,
  told: string,
  say: (session: ClientSession) => Promise<unknown> | void,
): SessionAttack {
  return {
    name: `that sends ${name}`,
    code: null,
    told,
    async act(client, target) {
      const session = await client.open();
      const stream = await session.openBidirectional("open");
      assert.equal(await stream.textOf(4), "open");
      await say(session);
      await target.told(`/ ${told}`);
      await stream.stopped();
      await session.end();
      session.stream.finish();
    },
  };
}

/** A session that goes on after what its client said. */
function harmless(name: string, say: (session: ClientSession) => Promise<unknown>): SessionAttack {
  return {
    name: `that sends ${name}`,
    code: null,
    told: "clean 3 well",
    async act(client) {
      const session = await client.open();
      await say(session);
      await session.capsule(WT_CAPSULE.DATAGRAM, new TextEncoder().encode("datagram"));
      assert.equal(await session.datagram(), "datagram");
      await expectAlive(session);
      await session.close(3, "well");
      assert.equal((await session.end()).by, "fin");
    },
  };
}

/** A connection that ends by what is said on the stream of a session. */
function fatal(name: string, code: string, bytes: (id: number) => Uint8Array): SessionAttack {
  return {
    name: `that sends ${name} on the stream of a session`,
    code,
    told: "unclean 0",
    async act(client) {
      const session = await client.open();
      await session.stream.send(bytes(session.id));
    },
  };
}

/** Capsules that may be empty, and then mean little. */
const IDLE: readonly { readonly name: string; readonly type: number }[] = [
  { name: "unknown", type: 0x1234 },
  { name: "DRAIN", type: WT_CAPSULE.DRAIN },
  { name: "DATAGRAM", type: WT_CAPSULE.DATAGRAM },
];

/** Empty capsules of a type. */
function times(count: number, type: number): Uint8Array {
  return concat(Array.from({ length: count }, () => capsule(type)));
}

/** Tiny things that are sent at once. */
const MANY = 20_000;

function many(bytes: Uint8Array): Uint8Array {
  return concat(Array<Uint8Array>(MANY).fill(bytes));
}

async function repeat({ stream }: ClientSession, bytes: Uint8Array): Promise<void> {
  for (let round = 0; round < 5; round++) assert.ok(await stream.send(bytes));
}

/** The attacks. */
export const CAPSULE_ATTACKS: readonly SessionAttack[] = [
  ending("CLOSE twice", "clean 7 bye", async (session) => {
    await session.data(concat([closeCapsule(7, "bye"), closeCapsule(8, "again")]));
  }),
  ending("CLOSE, and goes on with data", "clean 7 bye", async (session) => {
    await session.data(closeCapsule(7, "bye"));
    await session.data(new Uint8Array(PIECE));
  }),
  ending(
    "CLOSE with a reason of 1024 bytes",
    `clean 1 ${"ü".repeat(512)}`,
    (session) => session.data(closeCapsule(1, "ü".repeat(512))),
  ),
  ending(
    "CLOSE with a reason of 1025 bytes",
    "unclean 0",
    (session) => session.data(closeCapsule(1, "x".repeat(1025))),
  ),
  ending(
    "CLOSE that announces 2^50 bytes",
    "unclean 0",
    (session) => session.data(encodeVarints(WT_CAPSULE.CLOSE, 2 ** 50)),
  ),
  ending(
    "CLOSE of three bytes",
    "unclean 0",
    (session) => session.capsule(WT_CAPSULE.CLOSE, closeValue(1).subarray(1)),
  ),
  ending(
    "CLOSE with a reason that is not UTF-8",
    "unclean 0",
    (session) => session.data(closeCapsule(1, Uint8Array.of(0xff))),
  ),
  ending(
    "a limit for the data of a stream, which only QUIC may set",
    "unclean 0",
    (session) => session.capsule(WT_CAPSULE.MAX_STREAM_DATA, encodeVarints(0, 1)),
  ),
  {
    name: "that ends inside a capsule",
    code: null,
    told: "unclean 0",
    async act(client) {
      const session = await client.open();
      await session.data(closeCapsule(7, "bye").subarray(0, 6));
      session.stream.finish();
      await session.end();
    },
  },
  {
    name: "that ends without a word",
    code: null,
    told: "clean 0",
    async act(client) {
      const session = await client.open();
      session.stream.finish();
      assert.equal((await session.end()).by, "fin");
    },
  },
  harmless("a capsule of an unknown type and 1 MB", async (session) => {
    await session.capsule(0x1234, new Uint8Array(1_000_000));
  }),
  harmless("300 empty capsules, and DRAIN as often", async (session) => {
    await session.data(concat([times(300, 0x1234), times(300, WT_CAPSULE.DRAIN)]));
  }),
  ...IDLE.map(({ name, type }) =>
    fatal(
      `10,000 ${name} capsules without content`,
      "H3_EXCESSIVE_LOAD",
      () => encodeFrame(FRAME.DATA, times(10_000, type)),
    )
  ),
  {
    name:
      "that sends 100,000 capsules with a datagram of one byte, and as many DATA frames of one byte",
    code: null,
    told: "clean 3 well",
    async act(client, target) {
      let datagrams = 0;
      target.session = async (served) => {
        while (await served.readDatagram() !== null) datagrams++;
      };
      const session = await client.open();
      const tiny = capsule(WT_CAPSULE.DATAGRAM, Uint8Array.of(0));
      await repeat(session, encodeFrame(FRAME.DATA, many(tiny)));
      await session.data(encodeVarints(0x1234, 5 * MANY));
      await repeat(session, many(encodeFrame(FRAME.DATA, Uint8Array.of(0))));
      await session.close(3, "well");
      assert.equal((await session.end()).by, "fin");
      await target.told("/ clean 3 well");
      assert.equal(datagrams, 5 * MANY);
    },
  },
  {
    name: "that sends what is not allowed ahead of the answer to its handshake",
    code: "H3_FRAME_UNEXPECTED",
    told: "unclean 0",
    async act(client, target) {
      const asked = Promise.withResolvers<void>();
      const decided = Promise.withResolvers<void>();
      target.before = async () => {
        asked.resolve();
        await decided.promise;
      };
      await client.bidirectional(concat([
        headers(sessionFields({})),
        encodeFrame(FRAME.DATA, capsule(0x21, new Uint8Array(3))),
        encodeFrame(FRAME.HEADERS, new Uint8Array(2)),
      ]));
      await asked.promise;
      decided.resolve();
    },
  },
  harmless("a limit for streams, which was not negotiated", async (session) => {
    await session.capsule(WT_CAPSULE.MAX_STREAMS, encodeVarints(0));
  }),
  harmless("every byte of a capsule in a frame of its own", async (session) => {
    for (const byte of capsule(0x1234, new Uint8Array(20))) await session.data(Uint8Array.of(byte));
  }),
  {
    name: "that sends a capsule without an end",
    code: null,
    told: "unclean 0",
    async act(client, target) {
      const session = await client.open();
      await session.data(encodeVarints(0x1234, 2 ** 50));
      for (let sent = 0; sent < 40 * 1024 * 1024; sent += PIECE) {
        if (!await session.data(new Uint8Array(PIECE))) break;
      }
      session.stream.finish();
      await target.told("/ unclean 0");
    },
  },
  {
    name: "that sends random bytes as capsules",
    code: null,
    async act(client, target) {
      const random = seededRandom(42);
      for (let round = 0; round < 20; round++) {
        const session = await client.open();
        await session.data(Uint8Array.from({ length: 4_000 }, () => random() & 0xff));
        session.stream.finish();
        await session.end();
      }
      assert.equal(target.ends.length, 20);
    },
  },
  fatal(
    "HEADERS",
    "H3_FRAME_UNEXPECTED",
    () => encodeFrame(FRAME.HEADERS, new Uint8Array(2)),
  ),
  fatal("SETTINGS", "H3_FRAME_UNEXPECTED", () => encodeFrame(FRAME.SETTINGS, new Uint8Array(0))),
  fatal(
    "the signal of a stream",
    "H3_FRAME_ERROR",
    (id) => streamStart(WT_STREAM.BIDIRECTIONAL, id, "late"),
  ),
];
