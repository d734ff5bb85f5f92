/**
 * The metrics of the page: names, meanings, and where their values are in a snapshot.
 *
 * Names are a promise to dashboards and alerts: add, but do not rename.
 *
 * @module
 */

import type { ObservedProtocol } from "../observation.ts";
import { BUCKET_BOUNDS_SECONDS, type HistogramSnapshot } from "./histogram.ts";
import { COUNTED_LEVELS, PROTOCOLS, REFUSAL_REASONS } from "./labels.ts";
import type { MetricsSnapshot, ProtocolSnapshot } from "./snapshot.ts";

/** What only the supervisor of workers knows; absent members are left out of the page. */
export interface ProcessCounts {
  /** Workers that run. */
  readonly workers?: number;
  /** Workers that were started again after they had ended by themselves. */
  readonly workerRestarts?: number;
}

/** One line of the page. */
export interface Sample {
  /** What follows the name of the family, `_bucket` for one; default nothing. */
  readonly suffix?: string;
  /** Labels in the order in which they are written; values are not escaped yet. */
  readonly labels?: Readonly<Record<string, string>>;
  /** The value. */
  readonly value: number;
}

/** A metric with all its labels. */
export interface Family {
  /** Name, with the unit, and `_total` for counters. */
  readonly name: string;
  /** What the values do: rise, rise and fall, or count in buckets. */
  readonly type: "counter" | "gauge" | "histogram";
  /** A sentence for people. */
  readonly help: string;
  /** Reads the values. */
  read(snapshot: MetricsSnapshot, process: ProcessCounts): Sample[];
}

/** Every metric, in the order of the page. */
export const FAMILIES: readonly Family[] = [
  {
    name: "hypercorn_requests_total",
    type: "counter",
    help: "Requests that ended, and WebSockets and WebTransport sessions that were accepted. " +
      'Status is "none" when the client left before a response.',
    read: byProtocol(readRequests),
  },
  {
    name: "hypercorn_request_duration_seconds",
    type: "histogram",
    help: "Time from the head of a request to the end of its response, " +
      "or until the WebSocket or session was accepted.",
    read: byProtocol(({ duration }) => readHistogram(duration)),
  },
  {
    name: "hypercorn_requests_in_flight",
    type: "gauge",
    help: "Requests in progress, without accepted WebSockets and sessions.",
    read: byProtocol(({ inFlight }) => one(inFlight)),
  },
  {
    name: "hypercorn_requests_aborted_total",
    type: "counter",
    help: "Requests, WebSockets and sessions whose client left, " +
      "or which were cut when the server stopped.",
    read: byProtocol(({ aborted }) => one(aborted)),
  },
  {
    name: "hypercorn_requests_failed_total",
    type: "counter",
    help: "Requests, WebSockets and sessions that the application failed.",
    read: byProtocol(({ failed }) => one(failed)),
  },
  {
    name: "hypercorn_requests_refused_total",
    type: "counter",
    help: "Requests that the server answered itself; the application never saw them.",
    read: byProtocol(({ refused }) =>
      REFUSAL_REASONS.map((reason) => ({ labels: { reason }, value: refused[reason] ?? 0 }))
    ),
  },
  {
    name: "hypercorn_sent_bytes_total",
    type: "counter",
    help: "Bytes of response content, WebSocket messages and sessions that were sent.",
    read: byProtocol(({ sentBytes }) => one(sentBytes)),
  },
  {
    name: "hypercorn_websockets_open",
    type: "gauge",
    help: "WebSockets that are open.",
    read: byProtocol(({ websockets }) => one(websockets.open)),
  },
  {
    name: "hypercorn_websockets_total",
    type: "counter",
    help: "WebSockets that were accepted.",
    read: byProtocol(({ websockets }) => one(websockets.total)),
  },
  {
    name: "hypercorn_webtransport_sessions_open",
    type: "gauge",
    help: "WebTransport sessions that are open.",
    read: byProtocol(({ sessions }) => one(sessions?.open)),
  },
  {
    name: "hypercorn_webtransport_sessions_total",
    type: "counter",
    help: "WebTransport sessions that were accepted.",
    read: byProtocol(({ sessions }) => one(sessions?.total)),
  },
  {
    name: "hypercorn_connections_open",
    type: "gauge",
    help: "Connections that are open, where the driver can tell.",
    read: byProtocol(({ connections }) => one(connections?.open)),
  },
  {
    name: "hypercorn_connections_total",
    type: "counter",
    help: "Connections that were opened, where the driver can tell.",
    read: byProtocol(({ connections }) => one(connections?.total)),
  },
  {
    name: "hypercorn_log_messages_total",
    type: "counter",
    help: "Messages of the error log; failures of the application are exceptions.",
    read: ({ logMessages }) =>
      COUNTED_LEVELS.map((level) => ({ labels: { level }, value: logMessages[level] ?? 0 })),
  },
  {
    name: "hypercorn_certificate_expiry_timestamp_seconds",
    type: "gauge",
    help: "When the certificate expires, in seconds since the epoch.",
    read: ({ certificateExpiry }) => one(certificateExpiry),
  },
  {
    name: "hypercorn_workers",
    type: "gauge",
    help: "Worker processes that run.",
    read: (_snapshot, { workers }) => one(workers),
  },
  {
    name: "hypercorn_worker_restarts_total",
    type: "counter",
    help: "Worker processes that were started again after they had ended by themselves.",
    read: (_snapshot, { workerRestarts }) => one(workerRestarts),
  },
  {
    name: "process_resident_memory_bytes",
    type: "gauge",
    help: "Resident memory in bytes, summed over the processes that serve.",
    read: ({ memoryBytes }) => one(memoryBytes),
  },
  {
    name: "process_start_time_seconds",
    type: "gauge",
    help: "When the server began to count, in seconds since the epoch.",
    read: ({ startTime }) => one(startTime),
  },
];

/** Reads every protocol that was used, and puts its name before the other labels. */
function byProtocol(read: (counts: ProtocolSnapshot) => Sample[]): Family["read"] {
  const label = (protocol: ObservedProtocol) => (sample: Sample) => ({
    ...sample,
    labels: { protocol, ...sample.labels },
  });
  return ({ protocols }) =>
    PROTOCOLS.flatMap((protocol) => {
      const counts = protocols[protocol];
      return counts ? read(counts).map(label(protocol)) : [];
    });
}

/** One sample without labels; none of a value that nobody knows. */
function one(value: number | null | undefined): Sample[] {
  return value === null || value === undefined ? [] : [{ value }];
}

function readRequests({ requests }: ProtocolSnapshot): Sample[] {
  return Object.entries(requests).flatMap(([method, byStatus]) =>
    Object.entries(byStatus).map(([status, value = 0]) => ({ labels: { method, status }, value }))
  );
}

/** Buckets become cumulative, with their bounds as label `le`, and the last one is the count. */
function readHistogram({ buckets, sumMicros }: HistogramSnapshot): Sample[] {
  let count = 0;
  const samples: Sample[] = buckets.map((inBucket, index) => {
    count += inBucket;
    const le = String(BUCKET_BOUNDS_SECONDS[index] ?? "+Inf");
    return { suffix: "_bucket", labels: { le }, value: count };
  });
  return [
    ...samples,
    { suffix: "_sum", value: sumMicros / 1e6 },
    { suffix: "_count", value: count },
  ];
}
