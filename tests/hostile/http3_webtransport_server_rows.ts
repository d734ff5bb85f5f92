/**
 * Attacks on what the server does of its own accord: streams that it opens, datagrams that it sends, handshakes that wait
 * for the application, and applications that fail.
 *
 * @module
 */

import assert from "node:assert/strict";
import { DisconnectError } from "../../src/errors.ts";
import { encodeVarints } from "../../src/h3/mod.ts";
import {
  type WebTransportSession,
  WebTransportStreamError,
} from "../../src/webtransport_exchange.ts";
import { withDeadline } from "../_support/deadline.ts";
import { eventually, standstill } from "../_support/waiting.ts";
import type { WebTransportClient } from "../_support/webtransport_client.ts";
import { HANG_MS, type SessionStream } from "../_support/webtransport_stream.ts";
import type { WebTransportTarget } from "../_support/webtransport_target.ts";
import { closeCapsule } from "../_support/webtransport_wire.ts";
import { expectRefusal, type SessionAttack } from "./http3_webtransport_attack.ts";

/** Bytes that are sent at once. */
const PIECE = 64 * 1024;

/** More bytes than transport and driver take of one stream: 1.25 MB, and what is on its way. */
const TOO_MUCH = 8 * 1024 * 1024;

/** Streams that a session opens, fewer than a client of the runtime allows. */
const STREAMS = 60;

/** Writes on a stream until it fails, and says with what. */
async function untilStopped(session: WebTransportSession): Promise<unknown> {
  const send = await session.openUnidirectional();
  try {
    for (;;) await send.write(new Uint8Array(100));
  } catch (error) {
    return error;
  }
}

/** Opens streams until that fails; says with what. */
async function openForEver(session: WebTransportSession, onOpened: () => void): Promise<unknown> {
  try {
    for (;;) {
      await (await session.openUnidirectional()).write(new Uint8Array(1));
      onOpened();
    }
  } catch (error) {
    return error;
  }
}

/** Has the handshakes of the client wait until the result is called. */
function hold(target: WebTransportTarget): () => void {
  const gate = Promise.withResolvers<void>();
  target.before = () => gate.promise;
  return gate.resolve;
}

async function readAll(client: WebTransportClient, streams: readonly SessionStream[]) {
  for (const stream of streams) await stream.end();
  await client.get();
}

/** The attacks. */
export const SERVER_ATTACKS: readonly SessionAttack[] = [
  {
    name: "that stops every stream of the server at once",
    code: null,
    told: "clean 0",
    async act(client, target) {
      const errors: unknown[] = [];
      target.session = async (session) => {
        const all = Array.from({ length: STREAMS }, () => untilStopped(session));
        errors.push(...await Promise.all(all));
        await session.closed;
      };
      const session = await client.open();
      for (let i = 0; i < STREAMS; i++) (await session.unidirectional.next("a stream")).stop();
      await eventually(() => errors.length === STREAMS, "the end of all writing");
      for (const error of errors) assert.ok(error instanceof WebTransportStreamError, `${error}`);
      await session.close();
    },
  },
  {
    name: "that allows the server no more streams: it waits, until the session is over",
    code: null,
    told: "clean 0",
    async act(client, target) {
      let opened = 0;
      const ended = Promise.withResolvers<unknown>();
      target.session = async (session) => {
        ended.resolve(await openForEver(session, () => opened++));
      };
      const session = await client.open();
      const count = await standstill(() => opened);
      assert.ok(count > 0 && count < 200, `${count} were opened`);
      await session.close();
      const error = await withDeadline(ended.promise, "the end of the opening", HANG_MS);
      assert.ok(error instanceof DisconnectError, `${error}`);
      await readAll(client, session.unidirectional.left);
    },
  },
  {
    name: "that is flooded with datagrams",
    code: null,
    told: "clean 0",
    async act(client, target) {
      target.session = async (session) => {
        for (let i = 0; i < 20_000; i++) session.sendDatagram(new Uint8Array(1_000));
        session.sendDatagram(new Uint8Array(session.maxDatagramSize + 1)); // dropped
        await session.closed;
      };
      const session = await client.open();
      const datagram = await session.datagrams.next("a datagram");
      assert.equal(datagram.length, 1_000);
      await session.close();
    },
  },
  {
    name: "whose session fails in the application: it is closed with 1",
    code: null,
    told: "clean 1 Internal error",
    logged: ["A fault of the application"],
    async act(client, target) {
      target.session = async (session) => {
        await session.acceptBidirectional();
        throw new Error("A fault of the application");
      };
      const session = await client.open();
      const stream = await session.openBidirectional("x");
      assert.deepEqual(await session.end(), { by: "close", code: 1, reason: "Internal error" });
      session.stream.finish();
      await stream.stopped();
    },
  },
  {
    name: "that closes before it is accepted",
    code: null,
    told: "clean 7 early",
    async act(client, target) {
      const release = hold(target);
      const session = await client.begin();
      await session.data(closeCapsule(7, "early"));
      session.stream.finish();
      await client.get();
      release();
      assert.equal((await session.answer).status, 200);
      await session.end();
    },
  },
  {
    name: "that sends megabytes before it is accepted: it waits",
    code: null,
    told: "unclean 0",
    async act(client, target) {
      const release = hold(target);
      const session = await client.begin();
      let taken = 0;
      const sending = async () => {
        await session.data(encodeVarints(0x1234, 2 ** 50)); // one capsule, without an end
        while (await session.data(new Uint8Array(PIECE))) taken += PIECE;
      };
      void sending();
      const most = await standstill(() => taken);
      assert.ok(most < TOO_MUCH, `${most} bytes were taken`);
      release();
      assert.equal((await session.answer).status, 200);
    },
  },
  {
    name: "whose handshakes nobody answers: they count, and are gone with the connection",
    code: null,
    server: { webtransport: { maxSessions: 5 } },
    async act(client, target) {
      let waiting = 0;
      target.before = ({ signal }) => {
        waiting++;
        return new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(new DisconnectError()));
        });
      };
      for (let i = 0; i < 4; i++) await client.begin(); // and the one of the runner
      await eventually(() => waiting === 4, "the handshakes");
      await expectRefusal(client, 429);
    },
  },
  {
    name: "that opens and closes 300 sessions",
    code: null,
    async act(client, target) {
      for (let i = 0; i < 300; i++) {
        const session = await client.open();
        const stream = await session.openBidirectional("x"); // has no end
        await session.close(i);
        await session.end();
        await stream.stopped();
        assert.equal(await stream.end(), "fin");
      }
      await eventually(() => target.ends.length === 300, "the ends of all");
      assert.deepEqual(target.ends, Array.from({ length: 300 }, (_, i) => `/ clean ${i}`));
    },
  },
];
