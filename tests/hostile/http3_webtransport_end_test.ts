/**
 * Ends of sessions whose clients do not play along: connections that are lost, halves that never end, stops of the
 * server.
 *
 * @module
 */

import assert from "node:assert/strict";
import { resolveConfig } from "../../src/config/mod.ts";
import { DisconnectError } from "../../src/errors.ts";
import {
  WEBTRANSPORT_CLOSE_TIMEOUT_MS,
  WEBTRANSPORT_EARLY_MS,
  WEBTRANSPORT_MAX_EARLY,
} from "../../src/limits.ts";
import { openLog } from "../../src/server/log.ts";
import type { WebTransportSession } from "../../src/webtransport_exchange.ts";
import { startH3 } from "../_support/contract_h3_server.ts";
import { withDeadline } from "../_support/deadline.ts";
import { FakeClock } from "../_support/h3_clock.ts";
import { answer } from "../_support/h3_harness.ts";
import { LogSink } from "../_support/log_sink.ts";
import { BACKENDS } from "../_support/quic_pair.ts";
import { eventually, standstill } from "../_support/waiting.ts";
import { WebTransportClient } from "../_support/webtransport_client.ts";
import { echoSession } from "../_support/webtransport_echo.ts";
import { HANG_MS, type SessionStream } from "../_support/webtransport_stream.ts";
import { describeEnd, WebTransportTarget } from "../_support/webtransport_target.ts";
import { streamStart, WT_STREAM } from "../_support/webtransport_wire.ts";

for (const backend of BACKENDS) {
  Deno.test(`WebTransport (${backend}): a lost connection ends its sessions, and everything that waits for them`, async () => {
    await using target = new WebTransportTarget({ backend });
    const bystander = target.bystander();
    const waiting = Promise.withResolvers<PromiseSettledResult<unknown>[]>();
    target.session = async (session) => {
      const { receive, send } = (await session.acceptBidirectional())!;
      const ends = Promise.allSettled([
        untilEnd(() => receive.read()),
        untilEnd(() => send.write(new Uint8Array(65_536))),
        session.acceptBidirectional(),
        session.acceptUnidirectional(),
        session.readDatagram(),
      ]);
      waiting.resolve(await ends);
    };
    await using client = await WebTransportClient.connect(target.port);
    const session = await client.open();
    const stream = await session.openBidirectional("x");
    await stream.textOf(1); // of what is written without an end
    await client.close();
    const ends = await withDeadline(waiting.promise, "the end of all waiting", HANG_MS);
    const [read, write, ...accepted] = ends;
    for (const one of [read!, write!]) {
      assert.ok(one.status === "rejected" && one.reason instanceof DisconnectError, String(one));
    }
    const over = { status: "fulfilled", value: null };
    assert.deepEqual(accepted, [over, over, over]);
    await target.told("/ unclean 0");
    await bystander.end();
    await target.empties();
  });

  Deno.test(`WebTransport (${backend}): a session that the server closed is gone after a time, though its client ends nothing`, async () => {
    const clock = new FakeClock();
    await using target = new WebTransportTarget({ backend, clock });
    target.session = async (session) => {
      await session.acceptBidirectional();
      session.close(7, "enough");
    };
    await using client = await WebTransportClient.connect(target.port);
    const sibling = await client.open({ path: "/sibling" });
    const session = await client.open();
    const stream = await session.openBidirectional("x");
    assert.deepEqual(await session.end(), { by: "close", code: 7, reason: "enough" });
    await target.told("/ clean 7 enough");
    await stream.stopped();
    clock.advance(WEBTRANSPORT_CLOSE_TIMEOUT_MS + 1_000);
    await eventually(
      () => target.counts().streams === 1,
      "the end of all streams but the sibling's",
    );
    assert.equal(await sibling.ask("alive"), "alive");
    await client.close();
    await target.empties();
  });

  Deno.test(`WebTransport (${backend}): a client that does not let go of the streams of a session that is over loses its connection`, async () => {
    const clock = new FakeClock();
    const stallMs = 1_000_000;
    await using target = new WebTransportTarget({ backend, clock, timeouts: { stallMs } });
    const writing = Promise.withResolvers<void>();
    let writes = 0;
    target.session = async (session) => {
      const send = await session.openUnidirectional();
      const write = () => send.write(new Uint8Array(65_536)).then(() => writes++);
      untilEnd(write).catch(writing.resolve);
      await session.closed;
    };
    await using client = await WebTransportClient.connect(target.port);
    const sibling = await client.open({ path: "/sibling" });
    const session = await client.open();
    const stream = await session.unidirectional.next("a stream of the server");
    await stream.textOf(1);
    await standstill(() => writes); // for it reads nothing of the rest
    await session.close(5);
    await session.end();
    await withDeadline(writing.promise, "the end of the writing", HANG_MS);
    assert.equal(await client.get().then(({ text }) => text), "ok");
    clock.advance(stallMs + WEBTRANSPORT_CLOSE_TIMEOUT_MS); // no longer, as what is written now gets its time, too
    assert.deepEqual(await sibling.end(), { by: "close", code: 0, reason: "Connection closing" });
    assert.equal(await withDeadline(client.closed, "the end", HANG_MS), "H3_EXCESSIVE_LOAD");
    await target.told("/ clean 5");
    await target.told("/sibling clean 0 Connection closing");
    await target.empties();
  });

  Deno.test(`WebTransport (${backend}): streams whose session never comes are let go in time, whatever else the client does`, async () => {
    const clock = new FakeClock();
    await using target = new WebTransportTarget({ backend, clock });
    await using client = await WebTransportClient.connect(target.port);
    const start = streamStart(WT_STREAM.UNIDIRECTIONAL, 400, "for nobody");
    const streams: SessionStream[] = [];
    for (let i = 0; i < WEBTRANSPORT_MAX_EARLY; i++) {
      streams.push(await client.unidirectional(start));
    }
    await eventually(() => target.counts().streams === streams.length, "all streams to be held");
    await client.get();
    clock.advance(WEBTRANSPORT_EARLY_MS);
    await Promise.all(streams.map((stream) => stream.stopped()));
    await eventually(() => target.counts().streams === 0, "the end of all streams");
    assert.equal((await client.get()).text, "ok");
    await client.close();
    await target.empties();
  });

  Deno.test(`WebTransport (${backend}): a connection with a session is not idle, and without one it is`, async () => {
    const clock = new FakeClock();
    const idleMs = 1_000_000;
    await using target = new WebTransportTarget({ backend, clock, timeouts: { idleMs } });
    await using client = await WebTransportClient.connect(target.port);
    const session = await client.open();
    clock.advance(3 * idleMs);
    assert.equal(await session.ask("alive"), "alive");
    await session.close();
    await target.told("/ clean 0");
    await eventually(() => target.counts().streams === 0, "the end of all streams");
    clock.advance(3 * idleMs);
    assert.equal(await withDeadline(client.closed, "the end", HANG_MS), "H3_NO_ERROR");
    await target.empties();
  });

  Deno.test(`WebTransport (${backend}): a stop asks sessions to end, and closes at its deadline those that do not`, async () => {
    const sessions: WebTransportSession[] = [];
    const ends: string[] = [];
    const draining: Promise<void>[] = [];
    const log = new LogSink();
    const config = resolveConfig({ bind: "127.0.0.1:0", errorlog: log, gracefulTimeout: 1 });
    const server = await startH3(
      {
        http: (exchange) => answer(exchange, "ok"),
        websocket: () => Promise.reject(new Error("No WebSocket can come here")),
        async webtransport(exchange) {
          const session = await exchange.accept();
          sessions.push(session);
          draining.push(session.draining);
          void session.closed.then((end) => ends.push(describeEnd(end)));
          await echoSession(session);
        },
      },
      config,
      openLog(config),
      "test",
      backend,
    );
    const port = Number(new URL(server.binds[0]!.url).port);
    await using polite = await WebTransportClient.connect(port);
    await using stubborn = await WebTransportClient.connect(port);
    const one = await polite.open();
    const other = await stubborn.open();
    const shutdown = server.shutdown();
    await Promise.all([one.drained(), other.drained(), ...draining]);
    assert.equal(await one.ask("still served"), "still served");
    await eventually(() => polite.goaways.length > 0 && stubborn.goaways.length > 0, "GOAWAY");
    const late = await polite.begin();
    await late.over(); // with 503, or without an answer after GOAWAY
    await one.close(3, "polite");
    assert.deepEqual((await one.end()).by, "fin");
    assert.equal(await other.ask("still served"), "still served");
    const end = await other.end();
    assert.deepEqual(end, { by: "close", code: 0, reason: "Server shutting down" });
    await withDeadline(shutdown, "the end of the server", HANG_MS);
    assert.deepEqual(ends, ["clean 3 polite", "clean 0 Server shutting down"]);
    assert.equal(await polite.closed, "H3_NO_ERROR");
    assert.deepEqual(log.matching("ERROR"), []);
  });
}

/** Does it until it fails. */
async function untilEnd(act: () => Promise<unknown>): Promise<never> {
  for (;;) await act();
}
