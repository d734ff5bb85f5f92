import assert from "node:assert/strict";
import fc from "fast-check";
import {
  countersOf,
  EMPTY_SNAPSHOT,
  mergeSnapshots,
  Metrics,
  type MetricsSnapshot,
} from "../../src/metrics/mod.ts";
import { observedRequest } from "../_support/observed_request.ts";
import { FakeClock, type Story, tell } from "./requests.ts";

/** Runs a story and returns what was counted of its protocol. */
function countsOf(story: Story) {
  const clock = new FakeClock();
  const metrics = new Metrics({ now: clock.now });
  tell(metrics, clock, story);
  const [counts] = Object.values(metrics.snapshot().protocols);
  assert(counts);
  return counts;
}

const STORIES: readonly {
  readonly name: string;
  readonly story: Story;
  readonly requests: Record<string, Record<string, number>>;
  readonly others?: Record<string, unknown>;
}[] = [
  {
    name: "a complete request",
    story: { status: 200, bytes: 5 },
    requests: { GET: { 200: 1 } },
    others: { sentBytes: 5 },
  },
  {
    name: "a request in progress",
    story: { status: 200, outcome: null },
    requests: {},
    others: { inFlight: 1 },
  },
  {
    name: "a client that left before the response",
    story: { status: null, outcome: "aborted" },
    requests: { GET: { none: 1 } },
    others: { aborted: 1 },
  },
  {
    name: "a failure of the application",
    story: { method: "POST", status: 500, outcome: "failed" },
    requests: { POST: { 500: 1 } },
    others: { failed: 1 },
  },
  {
    name: "a refusal",
    story: { status: 404, outcome: "refused", reason: "server_name" },
    requests: { GET: { 404: 1 } },
    others: { refused: { server_name: 1 } },
  },
  {
    name: "a refusal without reason",
    story: { status: 400, outcome: "refused" },
    requests: { GET: { 400: 1 } },
    others: { refused: { bad_request: 1 } },
  },
  {
    name: "an open WebSocket",
    story: { websocket: true, status: 101, bytes: 7, outcome: null },
    requests: { GET: { 101: 1 } },
    others: { websockets: { open: 1, total: 1 }, sentBytes: 7 },
  },
  {
    name: "a closed WebSocket",
    story: { websocket: true, status: 101 },
    requests: { GET: { 101: 1 } },
    others: { websockets: { open: 0, total: 1 } },
  },
  {
    name: "a WebSocket of extended CONNECT, as GET",
    story: { websocket: true, method: "CONNECT", httpVersion: "3", status: 200 },
    requests: { GET: { 200: 1 } },
    others: { websockets: { open: 0, total: 1 } },
  },
  {
    name: "a WebSocket that failed once open",
    story: { websocket: true, status: 101, outcome: "failed" },
    requests: { GET: { 101: 1 } },
    others: { websockets: { open: 0, total: 1 }, failed: 1 },
  },
  {
    name: "an open WebTransport session",
    story: { webtransport: true, method: "CONNECT", httpVersion: "3", status: 200, outcome: null },
    requests: { CONNECT: { 200: 1 } },
    others: { sessions: { open: 1, total: 1 } },
  },
  {
    name: "a closed WebTransport session",
    story: { webtransport: true, method: "CONNECT", httpVersion: "3", status: 200 },
    requests: { CONNECT: { 200: 1 } },
    others: { sessions: { open: 0, total: 1 } },
  },
  {
    name: "a WebTransport session that was denied",
    story: { webtransport: true, method: "CONNECT", httpVersion: "3", status: 403 },
    requests: { CONNECT: { 403: 1 } },
    others: { sessions: { open: 0, total: 0 } },
  },
  {
    name: "a handshake that was denied",
    story: { websocket: true, status: 403 },
    requests: { GET: { 403: 1 } },
  },
  {
    name: "a handshake that nobody answered yet",
    story: { websocket: true, status: null, outcome: null },
    requests: {},
    others: { inFlight: 1 },
  },
];
for (const { name, story, requests, others } of STORIES) {
  Deno.test(`Metrics counts ${name}`, () => {
    const { duration: _duration, ...counts } = countsOf(story);
    assert.deepEqual(counts, {
      requests,
      inFlight: 0,
      sentBytes: 0,
      aborted: 0,
      failed: 0,
      refused: {},
      websockets: { open: 0, total: 0 },
      sessions: null,
      connections: null,
      ...others,
    });
  });
}

const DURATIONS = [
  { milliseconds: 0, bucket: 0, micros: 0 },
  { milliseconds: 5, bucket: 0, micros: 5000 },
  { milliseconds: 5.001, bucket: 1, micros: 5001 },
  { milliseconds: 10_000, bucket: 10, micros: 10_000_000 },
  { milliseconds: 10_001, bucket: 11, micros: 10_001_000 },
  { milliseconds: -3, bucket: 0, micros: 0 },
];
for (const { milliseconds, bucket, micros } of DURATIONS) {
  Deno.test(`Metrics counts ${milliseconds} ms in bucket ${bucket}`, () => {
    const { duration } = countsOf({ status: 200, milliseconds });
    assert.equal(duration.buckets[bucket], 1);
    assert.equal(duration.buckets.reduce((sum, count) => sum + count), 1);
    assert.equal(duration.sumMicros, micros);
  });
}

Deno.test("Metrics measures a WebSocket until it is accepted", () => {
  const clock = new FakeClock();
  const metrics = new Metrics({ now: clock.now });
  const observation = metrics.begin(observedRequest({ websocket: true }));
  clock.time = 2;
  observation.responded({ status: 101, headers: new Headers() });
  clock.time = 86_400_000;
  observation.ended("complete");
  assert.equal(metrics.snapshot().protocols.h11?.duration.sumMicros, 2000);
});

const VERSIONS = { "1.0": "h11", "1.1": "h11", "2": "h2", "3": "h3" } as const;
for (const [httpVersion, protocol] of Object.entries(VERSIONS)) {
  Deno.test(`Metrics counts HTTP/${httpVersion} as ${protocol}`, () => {
    const metrics = new Metrics();
    const version = httpVersion as keyof typeof VERSIONS;
    tell(metrics, new FakeClock(), { httpVersion: version, status: 200 });
    assert.deepEqual(Object.keys(metrics.snapshot().protocols), [protocol]);
  });
}

Deno.test("Metrics counts connections by protocol, where it is told of them", () => {
  const metrics = new Metrics();
  metrics.connected("h3");
  metrics.connected("h3");
  metrics.disconnected("h3");
  tell(metrics, new FakeClock(), { status: 200 });
  const { h11, h3 } = metrics.snapshot().protocols;
  assert.deepEqual([h11?.connections, h3?.connections], [null, { open: 1, total: 2 }]);
});

Deno.test("Metrics tells memory, start and the certificate's end", () => {
  const metrics = new Metrics({ date: () => 1500, memory: () => 77 });
  const before = metrics.snapshot();
  metrics.setCertificateExpiry(9);
  metrics.logged("error");
  const { memoryBytes, startTime, certificateExpiry, logMessages } = metrics.snapshot();
  assert.deepEqual([memoryBytes, startTime, certificateExpiry], [77, 1.5, 9]);
  assert.deepEqual(logMessages, { error: 1 });
  assert.deepEqual([before.certificateExpiry, before.logMessages], [null, {}]);
});

Deno.test("Metrics reads clock and memory of the process by default", () => {
  const { memoryBytes, startTime } = new Metrics().snapshot();
  assert(memoryBytes > 1_000_000, `${memoryBytes} bytes`);
  assert(Math.abs(startTime! - Date.now() / 1000) < 3600, `${startTime}`);
});

// Sums over processes ----------------------------------------------------------------------------

const story: fc.Arbitrary<Story> = fc.record({
  method: fc.constantFrom("GET", "POST", "BREW"),
  httpVersion: fc.constantFrom("1.1", "2", "3"),
  websocket: fc.boolean(),
  status: fc.constantFrom(null, 101, 200, 404, 500),
  bytes: fc.nat(1e6),
  milliseconds: fc.double({ min: 0, max: 60_000, noNaN: true }),
  outcome: fc.constantFrom(null, "complete", "aborted", "failed", "refused"),
  reason: fc.constantFrom("bad_request", "too_large"),
});

/** What a process with these requests counts. Memory and start differ from process to process. */
function snapshotOf(stories: readonly Story[], process = { memory: 0, start: 0 }): MetricsSnapshot {
  const clock = new FakeClock();
  const { memory, start } = process;
  const metrics = new Metrics({ now: clock.now, memory: () => memory, date: () => start });
  for (const each of stories) {
    tell(metrics, clock, each);
    if (each.httpVersion === "3") metrics.connected("h3");
    if (each.outcome === "failed") metrics.logged("exception");
    if (each.outcome === "complete") metrics.setCertificateExpiry(each.bytes ?? null);
  }
  return metrics.snapshot();
}

const snapshot = fc.tuple(
  fc.array(story, { maxLength: 20 }),
  fc.record({ memory: fc.nat(), start: fc.nat() }),
).map(([stories, process]) => snapshotOf(stories, process));

Deno.test("mergeSnapshots() of processes that shared the requests is what one process counts", () => {
  const shares = fc.array(fc.array(story, { maxLength: 20 }), { minLength: 1, maxLength: 5 });
  fc.assert(fc.property(shares, (shares) => {
    const merged = mergeSnapshots(shares.map((stories) => snapshotOf(stories)));
    const whole = snapshotOf(shares.flat());
    assert.deepEqual({ ...merged, certificateExpiry: null }, { ...whole, certificateExpiry: null });
  }));
});

Deno.test("mergeSnapshots() does not depend on order and grouping", () => {
  fc.assert(fc.property(snapshot, snapshot, snapshot, (a, b, c) => {
    const all = mergeSnapshots([a, b, c]);
    assert.deepEqual(mergeSnapshots([c, a, b]), all);
    assert.deepEqual(mergeSnapshots([mergeSnapshots([a, b]), c]), all);
    assert.deepEqual(mergeSnapshots([a, mergeSnapshots([b, c])]), all);
  }));
});

Deno.test("mergeSnapshots() of one snapshot, or with an empty one, changes nothing", () => {
  fc.assert(fc.property(snapshot, (a) => {
    assert.deepEqual(mergeSnapshots([a]), a);
    assert.deepEqual(mergeSnapshots([EMPTY_SNAPSHOT, a]), a);
  }));
  assert.deepEqual(mergeSnapshots([]), EMPTY_SNAPSHOT);
});

Deno.test("mergeSnapshots() takes the earliest start and expiry, and adds memory", () => {
  const at = (startTime: number | null, certificateExpiry: number | null) => ({
    ...EMPTY_SNAPSHOT,
    memoryBytes: 10,
    startTime,
    certificateExpiry,
  });
  const merged = mergeSnapshots([at(5, null), at(3, 30), at(null, 20)]);
  assert.deepEqual(merged, { ...at(3, 20), memoryBytes: 30 });
});

Deno.test("snapshots are plain JSON", () => {
  fc.assert(fc.property(snapshot, (a) => {
    assert.deepEqual(JSON.parse(JSON.stringify(a)), a);
  }));
});

Deno.test("countersOf() keeps what must not fall, and nothing that has ended with the process", () => {
  const stories: Story[] = [
    { status: 200, bytes: 3 },
    { status: null, outcome: null },
    { websocket: true, status: 101, outcome: null },
    { httpVersion: "3", status: 200 },
  ];
  const ended = countersOf(snapshotOf(stories, { memory: 5, start: 1000 }));
  assert.deepEqual(ended.protocols.h11?.requests, { GET: { 200: 1, 101: 1 } });
  assert.deepEqual(ended.protocols.h11?.websockets, { open: 0, total: 1 });
  assert.equal(ended.protocols.h11?.inFlight, 0);
  assert.equal(ended.protocols.h11?.connections, null);
  assert.deepEqual(ended.protocols.h3?.connections, { open: 0, total: 1 });
  assert.deepEqual([ended.memoryBytes, ended.startTime, ended.certificateExpiry], [0, 1, null]);
});
