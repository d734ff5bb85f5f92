/**
 * What a process has counted, as plain JSON, and its sum over processes.
 *
 * @module
 */

import type { ObservedProtocol, RefusalReason } from "../observation.ts";
import { BUCKET_BOUNDS_SECONDS, type HistogramSnapshot } from "./histogram.ts";
import { type CountedLevel, PROTOCOLS } from "./labels.ts";

/** Counts by label; an absent label counts 0. */
export type Counts<Label extends string = string> = Readonly<Partial<Record<Label, number>>>;

/** Things that are open for a while. */
export interface OpenCounts {
  /** Open now. */
  readonly open: number;
  /** Opened so far. */
  readonly total: number;
}

/** What was counted of one protocol. */
export interface ProtocolSnapshot {
  /** Requests that ended, and WebSockets and sessions that were accepted: by method, then by status. */
  readonly requests: Readonly<Record<string, Counts>>;
  /** How long they took; WebSockets and sessions until they were accepted. */
  readonly duration: HistogramSnapshot;
  /** Requests in progress, WebSockets and sessions that are not accepted yet among them. */
  readonly inFlight: number;
  /** Bytes of content, of WebSocket messages and of sessions that were handed to the transport. */
  readonly sentBytes: number;
  /** Requests, WebSockets and sessions whose client left, or which were cut at the deadline of a stop. */
  readonly aborted: number;
  /** Requests, WebSockets and sessions that the application failed. */
  readonly failed: number;
  /** Requests that the server answered itself, by reason. */
  readonly refused: Counts<RefusalReason>;
  /** Accepted WebSockets. */
  readonly websockets: OpenCounts;
  /** Accepted WebTransport sessions; `null` when none was asked for. */
  readonly sessions: OpenCounts | null;
  /** Connections; `null` when the driver cannot tell. */
  readonly connections: OpenCounts | null;
}

/** What was counted; it survives `JSON.stringify`, `postMessage` and a pipe. */
export interface MetricsSnapshot {
  /** By protocol; absent until its first request or connection. */
  readonly protocols: Readonly<Partial<Record<ObservedProtocol, ProtocolSnapshot>>>;
  /** Messages of the error log. */
  readonly logMessages: Counts<CountedLevel>;
  /** Memory of the process in bytes (resident set). */
  readonly memoryBytes: number;
  /** When the process began to count, in seconds since the epoch; of several the earliest, `null` of none. */
  readonly startTime: number | null;
  /** When the certificate expires, in seconds since the epoch; of several the earliest, `null` of none. */
  readonly certificateExpiry: number | null;
}

/** Nothing counted, by nobody. */
export const EMPTY_SNAPSHOT: MetricsSnapshot = {
  protocols: {},
  logMessages: {},
  memoryBytes: 0,
  startTime: null,
  certificateExpiry: null,
};

const EMPTY_PROTOCOL: ProtocolSnapshot = {
  requests: {},
  duration: { buckets: new Array(BUCKET_BOUNDS_SECONDS.length + 1).fill(0), sumMicros: 0 },
  inFlight: 0,
  sentBytes: 0,
  aborted: 0,
  failed: 0,
  refused: {},
  websockets: { open: 0, total: 0 },
  sessions: null,
  connections: null,
};

/**
 * Sums what several processes counted. Order and grouping do not matter, and {@link EMPTY_SNAPSHOT} adds nothing.
 *
 * Counters must not fall when a process ends: keep {@link countersOf} its last snapshot and merge that too.
 */
export function mergeSnapshots(snapshots: readonly MetricsSnapshot[]): MetricsSnapshot {
  return snapshots.reduce(addSnapshots, EMPTY_SNAPSHOT);
}

/** What remains of a process that has ended: its counters. What it had open is closed, its memory free. */
export function countersOf(snapshot: MetricsSnapshot): MetricsSnapshot {
  return {
    ...snapshot,
    protocols: mapProtocols((protocol) => withoutGauges(snapshot.protocols[protocol])),
    memoryBytes: 0,
    certificateExpiry: null, // an ended process serves no certificate, perhaps it was replaced for that
  };
}

function withoutGauges(protocol: ProtocolSnapshot | undefined): ProtocolSnapshot | undefined {
  return protocol && {
    ...protocol,
    inFlight: 0,
    websockets: closed(protocol.websockets),
    sessions: protocol.sessions && closed(protocol.sessions),
    connections: protocol.connections && closed(protocol.connections),
  };
}

function closed(counts: OpenCounts): OpenCounts {
  return { ...counts, open: 0 };
}

function addSnapshots(one: MetricsSnapshot, other: MetricsSnapshot): MetricsSnapshot {
  return {
    protocols: mapProtocols((protocol) =>
      addProtocols(one.protocols[protocol], other.protocols[protocol])
    ),
    logMessages: addCounts(one.logMessages, other.logMessages),
    memoryBytes: one.memoryBytes + other.memoryBytes,
    startTime: earliest(one.startTime, other.startTime),
    certificateExpiry: earliest(one.certificateExpiry, other.certificateExpiry),
  };
}

function mapProtocols(
  make: (protocol: ObservedProtocol) => ProtocolSnapshot | undefined,
): MetricsSnapshot["protocols"] {
  const protocols: Partial<Record<ObservedProtocol, ProtocolSnapshot>> = {};
  for (const protocol of PROTOCOLS) {
    const made = make(protocol);
    if (made) protocols[protocol] = made;
  }
  return protocols;
}

function addProtocols(
  one: ProtocolSnapshot | undefined,
  other: ProtocolSnapshot | undefined,
): ProtocolSnapshot | undefined {
  if (!one && !other) return undefined;
  const [a, b] = [one ?? EMPTY_PROTOCOL, other ?? EMPTY_PROTOCOL];
  return {
    requests: addRequests(a.requests, b.requests),
    duration: {
      buckets: a.duration.buckets.map((count, index) => count + (b.duration.buckets[index] ?? 0)),
      sumMicros: a.duration.sumMicros + b.duration.sumMicros,
    },
    inFlight: a.inFlight + b.inFlight,
    sentBytes: a.sentBytes + b.sentBytes,
    aborted: a.aborted + b.aborted,
    failed: a.failed + b.failed,
    refused: addCounts(a.refused, b.refused),
    websockets: addOpen(a.websockets, b.websockets),
    sessions: addKnown(a.sessions, b.sessions),
    connections: addKnown(a.connections, b.connections),
  };
}

function addRequests(
  one: ProtocolSnapshot["requests"],
  other: ProtocolSnapshot["requests"],
): ProtocolSnapshot["requests"] {
  const sum: Record<string, Counts> = { ...one };
  for (const [method, counts] of Object.entries(other)) {
    sum[method] = addCounts(sum[method] ?? {}, counts);
  }
  return sum;
}

function addCounts<Label extends string>(one: Counts<Label>, other: Counts<Label>): Counts<Label> {
  const sum: Partial<Record<Label, number>> = { ...one };
  for (const label in other) sum[label] = (sum[label] ?? 0) + (other[label] ?? 0);
  return sum;
}

function addKnown(one: OpenCounts | null, other: OpenCounts | null): OpenCounts | null {
  return one && other ? addOpen(one, other) : one ?? other;
}

function addOpen(one: OpenCounts, other: OpenCounts): OpenCounts {
  return { open: one.open + other.open, total: one.total + other.total };
}

function earliest(one: number | null, other: number | null): number | null {
  return one === null || other === null ? one ?? other : Math.min(one, other);
}
