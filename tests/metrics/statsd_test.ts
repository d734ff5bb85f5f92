/** What StatsD gets, byte by byte: section 7.6 of the reference, as measured on Hypercorn 0.18. */

import assert from "node:assert/strict";
import { StatsdObserver, type StatsdOptions } from "../../src/metrics/mod.ts";
import { runDeno } from "../_support/repository.ts";
import { FakeClock, type Story, tell } from "./requests.ts";
import { UDPListener } from "./udp_listener.ts";

const DURATION = "hypercorn.request.duration:2.5|ms";
const REQUESTS = "hypercorn.requests:1|c|@1.0";

const ROWS: readonly {
  readonly name: string;
  readonly story: Story;
  readonly options?: Partial<StatsdOptions>;
  readonly datagrams: readonly string[];
}[] = [
  {
    name: "a complete request: duration, requests, status",
    story: { status: 200 },
    datagrams: [DURATION, REQUESTS, "hypercorn.request.status.200:1|c|@1.0"],
  },
  {
    name: "a prefix, with the dot it lacks",
    story: { status: 404 },
    options: { prefix: "pfx" },
    datagrams: [
      `pfx.${DURATION}`,
      `pfx.${REQUESTS}`,
      "pfx.hypercorn.request.status.404:1|c|@1.0",
    ],
  },
  {
    name: "a prefix that ends with a dot",
    story: { status: 200 },
    options: { prefix: "a.b." },
    datagrams: [
      `a.b.${DURATION}`,
      `a.b.${REQUESTS}`,
      "a.b.hypercorn.request.status.200:1|c|@1.0",
    ],
  },
  {
    name: "tags on every datagram",
    story: { status: 200 },
    options: { tags: "env:prod,zone:a" },
    datagrams: [
      `${DURATION}|#env:prod,zone:a`,
      `${REQUESTS}|#env:prod,zone:a`,
      "hypercorn.request.status.200:1|c|@1.0|#env:prod,zone:a",
    ],
  },
  {
    name: "no status when the client left before the response",
    story: { status: null, outcome: "aborted" },
    datagrams: [DURATION, REQUESTS],
  },
  {
    name: "no status when the client left during the response",
    story: { status: 200, outcome: "aborted" },
    datagrams: [DURATION, REQUESTS],
  },
  {
    name: "no status when the application broke the response off",
    story: { status: 200, outcome: "failed" },
    datagrams: [DURATION, REQUESTS],
  },
  {
    name: "500 when the application failed before",
    story: { status: 500, outcome: "failed" },
    datagrams: [DURATION, REQUESTS, "hypercorn.request.status.500:1|c|@1.0"],
  },
  {
    name: "a refusal",
    story: { status: 400, outcome: "refused" },
    datagrams: [DURATION, REQUESTS, "hypercorn.request.status.400:1|c|@1.0"],
  },
  {
    name: "a WebSocket when it is accepted",
    story: { websocket: true, status: 101, outcome: null },
    datagrams: [DURATION, REQUESTS, "hypercorn.request.status.101:1|c|@1.0"],
  },
  {
    name: "a WebSocket that failed after it was accepted, once",
    story: { websocket: true, status: 101, outcome: "failed" },
    datagrams: [DURATION, REQUESTS, "hypercorn.request.status.101:1|c|@1.0"],
  },
  {
    name: "a handshake that was denied",
    story: { websocket: true, status: 403 },
    datagrams: [DURATION, REQUESTS, "hypercorn.request.status.403:1|c|@1.0"],
  },
];
for (const { name, story, options, datagrams } of ROWS) {
  Deno.test(`StatsdObserver sends ${name}`, async () => {
    await using listener = await UDPListener.open();
    const clock = new FakeClock();
    const statsd = new StatsdObserver({
      host: listener.authority,
      warn: assert.fail,
      now: clock.now,
      ...options,
    });
    tell(statsd, clock, { milliseconds: 2.5, ...story });
    statsd.logged("error"); // the end of what is expected
    const end = `${(options?.prefix ?? "").replace(/([^.])$/, "$1.")}hypercorn.log.error:1|c|@1.0`;
    const tags = options?.tags ? `|#${options.tags}` : "";
    assert.deepEqual(await listener.take(datagrams.length + 1), [...datagrams, end + tags]);
    await statsd.close();
  });
}

const NUMBERS = [
  { milliseconds: 0, text: "0" },
  { milliseconds: 1e-7, text: "0" },
  { milliseconds: 0.000_002, text: "0.000002" },
  { milliseconds: 2.958536148071289, text: "2.958536" },
  { milliseconds: 86_400_000, text: "86400000" },
  { milliseconds: -1, text: "0" },
];
Deno.test("StatsdObserver writes durations in digits, without exponent", async () => {
  await using listener = await UDPListener.open();
  const statsd = new StatsdObserver({ host: listener.authority, warn: assert.fail });
  for (const { milliseconds } of NUMBERS) statsd.measured(milliseconds, null);
  const received = await listener.take(2 * NUMBERS.length);
  assert.deepEqual(
    received.filter((datagram) => datagram !== REQUESTS),
    NUMBERS.map(({ text }) => `hypercorn.request.duration:${text}|ms`),
  );
  await statsd.close();
});

Deno.test("StatsdObserver counts log messages by Hypercorn's names", async () => {
  await using listener = await UDPListener.open();
  const statsd = new StatsdObserver({ host: listener.authority, warn: assert.fail, prefix: "p" });
  const levels = ["error", "exception", "warning"] as const;
  for (const level of levels) statsd.logged(level);
  assert.deepEqual(
    await listener.take(levels.length),
    levels.map((level) => `p.hypercorn.log.${level}:1|c|@1.0`),
  );
  await statsd.close();
});

Deno.test("StatsdObserver sends over IPv6", async () => {
  await using listener = await UDPListener.open("::1");
  const statsd = new StatsdObserver({ host: listener.authority, warn: assert.fail });
  statsd.logged("error");
  assert.deepEqual(await listener.take(1), ["hypercorn.log.error:1|c|@1.0"]);
  await statsd.close();
});

Deno.test("StatsdObserver.close() sends what waits; later metrics go nowhere", async () => {
  await using listener = await UDPListener.open();
  const statsd = new StatsdObserver({ host: listener.authority, warn: assert.fail });
  for (let count = 0; count < 50; count++) statsd.logged("warning");
  await statsd.close();
  statsd.logged("error");
  await statsd.close();
  const received = await listener.take(50);
  assert.equal(received.filter((text) => text.includes("warning")).length, 50);
});

Deno.test("StatsdObserver without use opens nothing", async () => {
  await new StatsdObserver({ host: "no-such-host.invalid:1", warn: assert.fail }).close();
});

Deno.test("StatsdObserver keeps no process alive", async () => {
  const code = `
    import { StatsdObserver } from "./src/metrics/mod.ts";
    const statsd = new StatsdObserver({ host: "127.0.0.1:9", warn: console.log });
    statsd.logged("error");
  `;
  const { success, text } = await runDeno(["eval", "--ext=ts", code]);
  assert.deepEqual({ success, text }, { success: true, text: "" });
});
