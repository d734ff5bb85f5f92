/** Capsules of a WebTransport client over HTTP/3: what they may cost others, and whose fault it is when they are broken. */

import assert from "node:assert/strict";
import { encodeCapsule, encodeFrame, FRAME, H3, H3Error } from "../../src/h3/mod.ts";
import { encodeVarints } from "../../src/h3/varint.ts";
import { WEBTRANSPORT_DATAGRAM_QUEUE } from "../../src/limits.ts";
import type { H3Exchange } from "../../src/protocol/h3_exchange.ts";
import {
  H3WebTransportExchange,
  type H3WebTransportParts,
} from "../../src/protocol/h3_webtransport.ts";
import { Pace } from "../../src/protocol/pace.ts";
import { InFlight } from "../../src/protocol/in_flight.ts";
import {
  H3WebTransportSession,
  type SessionParts,
} from "../../src/protocol/webtransport_session.ts";
import { ConnectionLostError, StreamResetError } from "../../src/quic/transport.ts";
import type { WebTransportSession } from "../../src/webtransport_exchange.ts";
import { concat } from "../_support/bytes.ts";
import { FakeClock } from "../_support/h3_clock.ts";
import { RecordingObserver } from "../_support/recording_observer.ts";
import {
  bytesOf,
  connect,
  serveOpen,
  serveSessions,
  SessionPeer,
  textOf,
} from "./webtransport_peer.ts";

const DATAGRAM = 0x00;
const UNKNOWN = 0x21;

/** Capsules with a datagram of one byte. */
function tinyDatagrams(count: number): Uint8Array {
  return concat(Array.from({ length: count }, () => encodeCapsule(DATAGRAM, bytesOf("x"))));
}

/** What is sent at once, with a datagram `first` early in it and `last` at its end. */
const FLOODS: readonly { readonly name: string; readonly bytes: Uint8Array }[] = [
  {
    name: "capsules of one byte",
    bytes: encodeFrame(
      FRAME.DATA,
      concat([
        encodeCapsule(DATAGRAM, bytesOf("first")),
        tinyDatagrams(5_000),
        encodeCapsule(DATAGRAM, bytesOf("last")),
      ]),
    ),
  },
  {
    name: "DATA frames of one byte",
    bytes: concat([
      encodeFrame(FRAME.DATA, encodeCapsule(DATAGRAM, bytesOf("first"))),
      encodeFrame(FRAME.DATA, encodeVarints(UNKNOWN, 5_000)),
      ...Array.from({ length: 5_000 }, () => encodeFrame(FRAME.DATA, bytesOf("x"))),
      encodeFrame(FRAME.DATA, encodeCapsule(DATAGRAM, bytesOf("last"))),
    ]),
  },
];

/** Reads datagrams up to `text`, or the end of the session. */
async function readUntil(session: WebTransportSession, text: string): Promise<void> {
  let datagram: Uint8Array | null;
  do datagram = await session.readDatagram(); while (datagram && textOf(datagram) !== text);
}

for (const { name, bytes } of FLOODS) {
  Deno.test(`thousands of ${name} at once take turns with everything else`, async () => {
    const { server: harness, next } = serveOpen();
    await using server = harness;
    const peer = connect(server);
    const session = await SessionPeer.open(peer);
    const served = await next();
    session.exchange.raw(bytes);
    await readUntil(served, "first");
    const turn = new Promise((resolve) => setTimeout(resolve, 0, "a turn"));
    assert.equal(await Promise.race([readUntil(served, "last"), turn]), "a turn");
    session.close();
    await served.closed;
    await peer.untilIdle();
  });
}

Deno.test("an application that reads gets all datagrams of thousands of capsules", async () => {
  const { server: harness, next } = serveOpen();
  await using server = harness;
  const peer = connect(server);
  const session = await SessionPeer.open(peer);
  const served = await next();
  const capsules = [tinyDatagrams(5_000), encodeCapsule(DATAGRAM, bytesOf("last"))];
  session.exchange.data(concat(capsules));
  await readUntil(served, "last");
  assert.equal(served.droppedDatagrams, 0);
  session.close();
  await peer.untilIdle();
});

Deno.test("Pace.step() makes a pause of a turn after as many steps as datagrams may wait", async () => {
  const pace = new Pace();
  for (let round = 0; round < 3; round++) {
    for (let step = 1; step < WEBTRANSPORT_DATAGRAM_QUEUE; step++) assert.equal(pace.step(), null);
    const order: string[] = [];
    setTimeout(() => order.push("turn"), 0);
    await pace.step();
    assert.deepEqual(order, ["turn"]);
  }
});

Deno.test("what a client sent ahead is read when its session is known: what is wrong with it is the client's fault", async () => {
  const observer = new RecordingObserver();
  const decided = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<unknown>();
  const { server: harness } = serveSessions(async (exchange) => {
    asked.resolve();
    await decided.promise;
    ended.resolve(await (await exchange.accept()).closed);
  }, { observer });
  await using server = harness;
  const peer = connect(server);
  const session = new SessionPeer(peer).connect();
  await asked.promise;
  session.exchange.raw(concat([
    encodeFrame(FRAME.DATA, encodeCapsule(UNKNOWN, bytesOf("abc"))), // as Chromium does
    encodeFrame(FRAME.HEADERS, new Uint8Array(2)),
  ]));
  await peer.get("/"); // by then it was received
  decided.resolve();
  assert.deepEqual(await ended.promise, { code: 0, reason: "", clean: false });
  assert.equal(await peer.closed(), "H3_FRAME_UNEXPECTED");
  assert.equal(server.take("connectionClosed").length, 1); // and nothing failed
  assert.equal(observer.events[0]!.at(-1), "ended aborted");
});

/** A session of nobody, that is made of what a test is about. */
function partsOf(
  parts: Pick<SessionParts, "input"> & Partial<H3WebTransportParts>,
): H3WebTransportParts {
  return {
    id: 0,
    writer: { data: () => Promise.resolve(), finish() {} },
    owner: ownerOf({}),
    observed: null,
    inFlight: new InFlight(),
    clock: new FakeClock(),
    stallMs: 1000,
    onUseless() {},
    onBroken() {},
    onFault() {},
    ...parts,
  };
}

function ownerOf(owner: Partial<H3WebTransportParts["owner"]>): H3WebTransportParts["owner"] {
  return {
    quic: { sendDatagram() {}, maxDatagramSize: 1200 },
    onSession() {},
    onSessionOver() {},
    onSessionGone() {},
    onStreamsStuck() {},
    ...owner,
  } as unknown as H3WebTransportParts["owner"];
}

Deno.test("accept() reads what the client sent ahead when the connection and the exchange know the session", async () => {
  const steps: string[] = [];
  const step = (name: string) => () => void steps.push(name);
  const handshake = {
    request: { fields: [] },
    state: "initial",
    respond() {
      handshake.state = "responding";
      return Promise.resolve(steps.push("respond"));
    },
    handOver: step("handOver"),
    onLost: step("lost before it was a session"),
  };
  const exchange = new H3WebTransportExchange(
    handshake as unknown as H3Exchange,
    partsOf({
      input: {
        read() {
          steps.push("read");
          exchange.onLost(new StreamResetError(7), null);
          return Promise.resolve(null);
        },
        stop() {},
      },
      owner: ownerOf({ onSession: step("onSession"), onSessionOver: step("onSessionOver") }),
    }),
  );
  const session = await exchange.accept();
  assert.deepEqual(steps, ["respond", "handOver", "onSession", "read", "onSessionOver"]);
  assert.deepEqual(await session.closed, { code: 0, reason: "", clean: false });
});

/** What reading may fail with. */
const FAILURES: readonly {
  readonly error: Error;
  readonly end: { readonly code: number; readonly reason: string; readonly clean: boolean };
  readonly faults: number;
}[] = [
  ...[
    new H3Error(H3.FRAME_UNEXPECTED, "Cannot accept a frame"),
    new StreamResetError(7),
    new ConnectionLostError("idle"),
  ].map((error) => ({ error, end: { code: 0, reason: "", clean: false }, faults: 0 })),
  {
    error: new TypeError("our fault"),
    end: { code: 1, reason: "Internal error", clean: true },
    faults: 1,
  },
];

for (const { error, end, faults } of FAILURES) {
  Deno.test(`a session whose content fails with a ${error.name} ends ${end.clean ? "as a fault of ours" : "as one that is lost"}`, async () => {
    let told = 0;
    const input = { read: () => Promise.reject(error), stop() {} };
    const session = new H3WebTransportSession(partsOf({ input, onFault: () => told++ }));
    session.start();
    assert.deepEqual(await session.closed, end);
    assert.equal(told, faults);
  });
}
