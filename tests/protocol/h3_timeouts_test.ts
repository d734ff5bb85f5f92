/** Times that end requests and connections over HTTP/3: no real time passes here. */

import assert from "node:assert/strict";
import { DisconnectError, HandlerTimeoutError, ReadTimeoutError } from "../../src/errors.ts";
import type { Exchange } from "../../src/exchange.ts";
import { encodeFrame, encodeVarints, FRAME, STREAM } from "../../src/h3/mod.ts";
import { flushSoon } from "../../src/protocol/flush_queue.ts";
import type { FakeQuicOptions } from "../_support/fake_quic.ts";
import { FakeClock } from "../_support/h3_clock.ts";
import {
  answer,
  echo,
  type H3Harness,
  LONG_TIMEOUTS,
  serveH3,
  type TestSettings,
} from "../_support/h3_harness.ts";
import { type H3Peer, requestFields } from "../_support/h3_peer.ts";
import { RecordingObserver } from "../_support/recording_observer.ts";
import { looseLimits } from "../_support/request_limits.ts";
import { settled } from "../_support/response_recorder.ts";
import { eventually } from "../_support/waiting.ts";

const TIMEOUTS = { ...LONG_TIMEOUTS, headMs: 10_000, discardMs: 5_000, idleMs: 45_000 };

/** Id of a GOAWAY that refuses nothing yet. */
const NO_LIMIT = Number.MAX_SAFE_INTEGER;

/** Serves by a clock of the test. */
function serveByClock(
  http: (exchange: Exchange) => Promise<void>,
  { timeouts = {}, limits = {}, ...settings }: {
    readonly timeouts?: Partial<typeof LONG_TIMEOUTS>;
    readonly limits?: Parameters<typeof looseLimits>[0];
  } & Omit<TestSettings, "timeouts" | "limits"> = {},
): { readonly server: H3Harness; readonly clock: FakeClock } {
  const clock = new FakeClock();
  const server = serveH3(http, {
    ...settings,
    timeouts: { ...TIMEOUTS, ...timeouts },
    limits: looseLimits({ ...limits, clock }),
  });
  return { server, clock };
}

/** A head whose last byte is missing. */
const PART_OF_HEAD = encodeFrame(FRAME.HEADERS, new Uint8Array(50)).subarray(0, 40);

/** Ways to leave a head incomplete. */
const SLOW_HEADS: readonly {
  readonly name: string;
  readonly start: (peer: H3Peer) => ReturnType<H3Peer["open"]>;
}[] = [
  { name: "a byte of it came", start: (peer) => peer.open().raw(Uint8Array.of(FRAME.HEADERS)) },
  { name: "a part of it came", start: (peer) => peer.open().raw(PART_OF_HEAD) },
  {
    name: "frames of unknown types came instead",
    start: (peer) => peer.open().frame(0x21).frame(0x21),
  },
  {
    name: "it waits for instructions of QPACK",
    start(peer) {
      peer.holdInstructions();
      return peer.open().headers(requestFields({ fields: [["x-late", "instruction"]] })).finish();
    },
  },
];

for (const { name, start } of SLOW_HEADS) {
  Deno.test(`A request over HTTP/3 whose head does not come in time gets 408 when ${name}`, async () => {
    const observer = new RecordingObserver();
    const { server: harness, clock } = serveByClock(echo, { observer });
    await using server = harness;
    const peer = server.connect({ dynamic: true });
    await peer.until(() => peer.settings !== null, "SETTINGS");
    assert.equal((await peer.get()).status, 200); // inserts what later ones refer to
    const slow = start(peer);
    await eventually(() => server.listener.counts().streams === 1, "the stream");

    clock.advance(9_999);
    await settled();
    assert.equal(slow.stream.inbox.length, 0);
    clock.advance(1);

    assert.equal((await slow.response()).status, 408);
    assert.deepEqual(server.take("refused"), [" 408 The head was not complete within 10 s"]);
    assert.deepEqual(observer.events.at(-1), ["responded 408", "ended refused timed_out"]);
    peer.releaseInstructions();
    assert.equal((await peer.get()).status, 200);
    await eventually(() => server.listener.counts().streams === 0, "the end of the streams");
    assert.deepEqual(server.listener.counts(), { connections: 1, requests: 0, streams: 0 });
    assert.equal(observer.inFlight, 0);
  });
}

Deno.test("A request over HTTP/3 whose head came in time has as long as its handler takes", async () => {
  const go = Promise.withResolvers<void>();
  const { server: harness, clock } = serveByClock(async (exchange) => {
    await go.promise;
    await echo(exchange);
  });
  await using server = harness;
  const peer = server.connect();
  const slow = peer.request({ method: "POST" });
  await eventually(() => server.inFlight.requests === 1, "the request");
  clock.advance(100 * 24 * 3_600_000);
  go.resolve();
  assert.equal((await slow.data("there").finish().response()).text, "there");
});

for (const begun of [false, true]) {
  const outcome = begun ? "breaks the response off" : "answers 408";
  Deno.test(`A client that sends no content while somebody reads it: the server ${outcome}`, async () => {
    const errors: Error[] = [];
    const { server: harness, clock } = serveByClock(async (exchange) => {
      try {
        await exchange.read();
        if (begun) {
          await exchange.respond({ status: 200, fields: [] });
          await exchange.write("begun");
        }
        await exchange.read();
      } catch (error) {
        errors.push(error as Error);
        throw error;
      }
    }, { limits: { readMs: 7_000 }, gracefulTimeout: 0 });
    await using server = harness;
    const peer = server.connect();
    const slow = peer.request({ method: "POST" });
    await eventually(() => server.inFlight.requests === 1, "the request");
    clock.advance(6_999);
    slow.data("some"); // in time, and time begins anew
    await settled();
    if (begun) await slow.until(() => slow.text === "begun", "the beginning");
    clock.advance(6_999);
    await settled();
    assert.equal(errors.length, 0);
    clock.advance(1);
    await eventually(() => errors.length === 1, "the error");

    assert.ok(errors[0] instanceof ReadTimeoutError);
    assert.match(String(errors[0]), /for 7 s \(read_timeout\)/);
    if (begun) {
      assert.equal(await peer.closed(), "H3_INTERNAL_ERROR");
      assert.equal(slow.complete, false);
      assert.match(server.take("connectionClosed").join(), /broken off: .*read_timeout/);
    } else {
      assert.equal((await slow.response()).status, 408);
      assert.match(server.take("refused").join(), /^POST 408 .*read_timeout/);
      assert.equal(slow.stream.stopped, true);
      await peer.untilIdle();
    }
    await eventually(() => server.inFlight.requests === 0, "the end of the request");
  });
}

Deno.test("Content that waits for its reader is never late", async () => {
  const go = Promise.withResolvers<void>();
  const { server: harness, clock } = serveByClock(async (exchange) => {
    await go.promise;
    await echo(exchange);
  }, { limits: { readMs: 1_000 } });
  await using server = harness;
  const upload = server.connect().request({ method: "POST" }).data("whole").finish();
  await eventually(() => server.inFlight.requests === 1, "the request");
  clock.advance(3_600_000);
  go.resolve();
  assert.equal((await upload.response()).text, "whole");
});

Deno.test("A handler that does not begin its response in time: the client gets 504, the handler is told", async () => {
  const observer = new RecordingObserver();
  const late = Promise.withResolvers<void>();
  let refused: unknown;
  let reason: unknown;
  const { server: harness, clock } = serveByClock(async (exchange) => {
    exchange.signal.addEventListener("abort", () => reason = exchange.signal.reason);
    await late.promise;
    await answer(exchange, "too late").catch((error) => refused = error);
  }, { limits: { handlerMs: 2_000 }, observer });
  await using server = harness;
  const peer = server.connect();
  const request = peer.request({ path: "/slow" }).finish();
  await eventually(() => server.inFlight.requests === 1, "the request");
  clock.advance(1_999);
  await settled();
  assert.equal(request.stream.inbox.length, 0);
  clock.advance(1);

  assert.equal((await request.response()).status, 504);
  assert.ok(reason instanceof HandlerTimeoutError);
  const [failure, ...more] = server.take("failed");
  assert.match(failure!, /^GET https:\/\/localhost\/slow .*within 2 s.*"handler_timeout"/);
  assert.deepEqual(more, []);
  assert.deepEqual(observer.events, [["responded 504", "ended failed"]]);
  assert.equal(server.inFlight.requests, 0, "a stop does not wait for it");
  assert.equal(server.listener.counts().requests, 1, "but it counts as a handler that runs");
  late.resolve();
  await eventually(() => server.listener.counts().requests === 0, "the end of the handler");
  assert.ok(refused instanceof HandlerTimeoutError);
  await peer.untilIdle();
});

Deno.test("A handler that has begun its response may take any time for the rest", async () => {
  const go = Promise.withResolvers<void>();
  const { server: harness, clock } = serveByClock(async (exchange) => {
    await exchange.respond({ status: 200, fields: [] });
    await go.promise;
    await exchange.write("rest");
    await exchange.end();
  }, { limits: { handlerMs: 2_000 } });
  await using server = harness;
  const request = server.connect().request().finish();
  await eventually(() => server.inFlight.requests === 1, "the request");
  clock.advance(3_600_000);
  go.resolve();
  assert.equal((await request.response()).text, "rest");
});

/** A response that is larger than what the client takes. */
const LARGE = new Uint8Array(200_000);

const STALLED: readonly {
  readonly name: string;
  readonly work: (exchange: Exchange) => Promise<void>;
}[] = [
  {
    name: "in one piece",
    async work(exchange) {
      await exchange.respond({ status: 200, fields: [] });
      await exchange.write(LARGE.subarray(0, 20_000));
      await exchange.end();
    },
  },
  {
    name: "in many pieces",
    async work(exchange) {
      await exchange.respond({ status: 200, fields: [] });
      for (let i = 0; i < 20; i++) await exchange.write(LARGE.subarray(0, 50_000));
      await exchange.end();
    },
  },
];

for (const { name, work } of STALLED) {
  Deno.test(`A response ${name} of which the client takes nothing is given up, and the connection with it`, async () => {
    const observer = new RecordingObserver();
    const { server: harness, clock } = serveByClock(work, {
      observer,
      gracefulTimeout: 0,
      timeouts: { stallMs: 30_000 },
    });
    await using server = harness;
    const peer = server.connect({ sendWindow: 10_000 });
    const request = peer.request().finish();
    await peer.until(() => request.stream.inbox.length === 10_000, "what fits");
    clock.advance(29_999);
    await settled();
    assert.equal(peer.over, false);
    clock.advance(1);

    assert.equal(await peer.closed(), "H3_INTERNAL_ERROR");
    assert.match(server.take("connectionClosed").join(), /took nothing of it for 30 s$/);
    assert.equal(request.complete, false);
    assert.equal(observer.events[0]?.at(-1), "ended aborted");
    await eventually(() => server.inFlight.requests === 0, "the end of the request");
    await eventually(() => server.listener.counts().connections === 0, "the end");
    assert.equal(clock.size, 0);
  });
}

for (const underway of [false, true]) {
  const name = underway ? "content that was on its way" : "its head";
  Deno.test(`A broken response of which the client takes no more than ${name} ends its connection`, async () => {
    const [written, fail] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const { server: harness, clock } = serveByClock(async (exchange) => {
      await exchange.respond({ status: 200, fields: [] });
      await new Promise<void>((resolve) => flushSoon({ flush: resolve })); // the head leaves by itself
      if (underway) await exchange.write("piece");
      written.resolve();
      await fail.promise;
      throw new Error("broken");
    }, { gracefulTimeout: 0, timeouts: { stallMs: 30_000 } });
    await using server = harness;
    const peer = server.connect({ sendWindow: 0 });
    const request = peer.request().finish();
    const allowUntil = async (condition: () => boolean) => {
      while (!condition()) {
        request.stream.allow(1); // to the byte
        await settled();
      }
    };
    await written.promise;
    await allowUntil(() => request.status === 200);
    fail.resolve();
    await settled();
    clock.advance(20_000);
    if (underway) await allowUntil(() => request.text === "piece");
    clock.advance(underway ? 29_999 : 9_999);
    await settled();
    assert.equal(peer.over, false);
    clock.advance(1);

    assert.equal(await peer.closed(), "H3_INTERNAL_ERROR");
    assert.equal(request.complete, false);
    assert.equal(server.take("failed").length, 1);
    assert.match(server.take("connectionClosed").join(), /took nothing of it for 30 s$/);
    await eventually(() => server.listener.counts().connections === 0, "the end");
    assert.equal(clock.size, 0);
  });
}

Deno.test("A response that only waits for others of its connection is not given up", async () => {
  const { server: harness, clock } = serveByClock(async (exchange) => {
    await exchange.respond({ status: 200, fields: [] });
    if (exchange.request.target === "/large") await exchange.write(LARGE);
    await exchange.end();
  }, { timeouts: { stallMs: 30_000, idleMs: 1_000_000 } });
  await using server = harness;
  const peer = server.connect({ sendWindow: 10_000 });
  const large = peer.request({ path: "/large" }).finish();
  await peer.until(() => large.stream.inbox.length === 10_000, "what fits");
  for (let i = 0; i < 10; i++) {
    clock.advance(29_000);
    assert.equal((await peer.get("/small")).status, 200);
  }
  large.stream.allow(1_000_000);
  assert.equal((await large.response()).content.length, LARGE.length);
  await peer.untilIdle();
});

Deno.test("A client that takes a response bit by bit gets all of it", async () => {
  const { server: harness, clock } = serveByClock(async (exchange) => {
    await exchange.respond({ status: 200, fields: [] });
    await exchange.write(LARGE);
    await exchange.end();
  }, { timeouts: { stallMs: 30_000 } });
  await using server = harness;
  const peer = server.connect({ sendWindow: 0 });
  const request = peer.request().finish();
  await eventually(() => server.inFlight.requests === 1, "the request");
  while (!request.complete) {
    clock.advance(29_000);
    request.stream.allow(70_000); // a piece and a bit
    await settled();
  }
  assert.equal((await request.response()).content.length, LARGE.length);
});

Deno.test("What is left of an answered request is waited for only so long", async () => {
  const { server: harness, clock } = serveByClock((exchange) => answer(exchange, "early"));
  await using server = harness;
  const peer = server.connect();
  const upload = peer.request({ method: "POST" }).data("some");
  assert.equal((await upload.response()).text, "early");
  clock.advance(4_999);
  await settled();
  assert.equal(upload.stream.stopped, false);
  upload.data("more, which buys no time");
  await settled();
  clock.advance(1);
  await peer.until(() => upload.stream.stopped, "STOP_SENDING");
  await peer.untilIdle();
});

const IDLE: readonly {
  readonly name: string;
  readonly keepAlive?: (peer: H3Peer) => void;
  readonly options?: FakeQuicOptions & { readonly settings?: null };
}[] = [
  { name: "says nothing" },
  { name: "never opens its control stream", options: { settings: null } },
  {
    name: "keeps sending frames that mean nothing",
    keepAlive: (peer) => peer.controlFrame(0x21),
  },
];

for (const { name, keepAlive, options } of IDLE) {
  Deno.test(`A connection without requests is ended after a while for a client that ${name}`, async () => {
    const { server: harness, clock } = serveByClock(echo);
    await using server = harness;
    const peer = server.connect(options);
    assert.equal((await peer.get()).status, 200);
    for (let second = 0; second < 44; second++) {
      clock.advance(1_000);
      keepAlive?.(peer);
      await settled();
    }
    assert.deepEqual(peer.goaways, []);
    clock.advance(1_000);
    await peer.until(() => peer.goaways.length === 1, "GOAWAY");
    assert.deepEqual(peer.goaways, [NO_LIMIT]);
    assert.equal((await peer.get()).status, 200, "what was on its way is served");
    clock.advance(1_000);
    await peer.until(() => peer.over, "the end");
    assert.equal(await peer.closed(), "H3_NO_ERROR");
    assert.deepEqual(peer.goaways, [NO_LIMIT, 8]);
    await eventually(() => clock.size === 0, "nothing to wait for");
  });
}

Deno.test("A connection that is used is not ended for its idle time", async () => {
  const { server: harness, clock } = serveByClock(echo);
  await using server = harness;
  const peer = server.connect();
  for (let i = 0; i < 10; i++) {
    clock.advance(40_000);
    assert.equal((await peer.get()).status, 200);
  }
  assert.deepEqual(peer.goaways, []);
});

Deno.test("A connection that is too old is ended when nothing is in progress on it", async () => {
  const finish = Promise.withResolvers<void>();
  const { server: harness, clock } = serveByClock(async (exchange) => {
    if (exchange.request.target === "/long") await finish.promise;
    await answer(exchange, "served");
  }, { timeouts: { ageMs: 3_600_000, idleMs: 10_000_000 } });
  await using server = harness;
  const peer = server.connect();
  await eventually(() => server.listener.counts().connections === 1, "the connection");
  clock.advance(3_599_999);
  const long = peer.request({ path: "/long" }).finish();
  await eventually(() => server.inFlight.requests === 1, "the request");
  assert.deepEqual(peer.goaways, []);
  clock.advance(1);
  await peer.until(() => peer.goaways.length === 1, "GOAWAY");
  assert.equal((await peer.get()).text, "served", "it was on its way");
  clock.advance(1_000);
  await peer.until(() => peer.goaways.length === 2, "another GOAWAY");
  const late = peer.request().finish();
  await peer.until(() => late.stream.stopped, "the refusal of what comes later");
  clock.advance(24 * 3_600_000);
  await settled();
  assert.equal(peer.over, false);
  finish.resolve();
  assert.equal((await long.response()).text, "served");
  assert.equal(await peer.closed(), "H3_NO_ERROR");
  assert.equal(late.stream.inbox.length, 0);
});

Deno.test("A connection leaves no deadline behind, whoever ends it", async () => {
  const ends: readonly ((peer: H3Peer) => void)[] = [
    (peer) => peer.client.close(0x100),
    (peer) => peer.client.fail(),
    (peer) => peer.unidirectional(encodeVarints(STREAM.PUSH)),
  ];
  for (const end of ends) {
    const { server: harness, clock } = serveByClock((exchange) => exchange.read().then(() => {}));
    await using server = harness;
    const peer = server.connect();
    peer.request({ method: "POST" });
    await eventually(() => server.inFlight.requests === 1, "the request");
    end(peer);
    await eventually(() => clock.size === 0, "nothing to wait for");
    await eventually(() => server.inFlight.requests === 0, "the end of the request");
    clock.advance(1_000_000);
    server.take("connectionClosed");
  }
});

Deno.test("DisconnectError is what every late call of an expired exchange is refused with", () => {
  assert.ok(new HandlerTimeoutError(1) instanceof DisconnectError);
  assert.ok(new ReadTimeoutError(1) instanceof DisconnectError);
});
