/**
 * The metrics of one process.
 *
 * @module
 */

import {
  acceptingStatus,
  type Observation,
  type ObservedProtocol,
  type ObservedRequest,
  type ObservedResponse,
  type Observer,
  type Outcome,
  protocolOf,
  type RefusalReason,
} from "../observation.ts";
import { type CountedLevel, methodIndex } from "./labels.ts";
import type { LogCounter } from "./log_counter.ts";
import { OpenCount, ProtocolCounts } from "./protocol_counts.ts";
import type { MetricsSnapshot, ProtocolSnapshot } from "./snapshot.ts";

/** What metrics read of the world; tests give their own. */
export interface MetricsSources {
  /** Milliseconds of a clock that is never set back. Default `performance.now()`. */
  readonly now?: () => number;
  /** Milliseconds since the epoch. Default `Date.now()`. */
  readonly date?: () => number;
  /** Bytes of memory the process uses. Default the resident set size. */
  readonly memory?: () => number;
}

/** Counts what drivers and the log tell. Costs a request a few hundred nanoseconds, most of them two looks at the clock. */
export class Metrics implements Observer, LogCounter {
  readonly #now: () => number;
  readonly #memory: () => number;
  readonly #startTime: number;
  readonly #protocols: Partial<Record<ObservedProtocol, ProtocolCounts>> = {};
  readonly #logMessages: Partial<Record<CountedLevel, number>> = {};
  #certificateExpiry: number | null = null;

  /** Begins to count. */
  constructor(sources: MetricsSources = {}) {
    this.#now = sources.now ?? (() => performance.now());
    this.#memory = sources.memory ?? (() => Deno.memoryUsage().rss);
    this.#startTime = (sources.date ?? Date.now)() / 1000;
  }

  /** Counts one request, from now until it ends. */
  begin(request: ObservedRequest): Observation {
    const counts = this.#countsOf(protocolOf(request.httpVersion));
    counts.inFlight++;
    // Extended CONNECT is a detail of HTTP/2 and 3 (RFC 8441 §4); as in Hypercorn's access log a WebSocket is a GET.
    const method = methodIndex(request.websocket ? "GET" : request.method);
    return new CountedRequest(counts, this.#now, method, request);
  }

  /** Counts a connection as open. */
  connected(protocol: ObservedProtocol): void {
    (this.#countsOf(protocol).connections ??= new OpenCount()).enter();
  }

  /** Counts a connection as closed. */
  disconnected(protocol: ObservedProtocol): void {
    this.#countsOf(protocol).connections?.leave();
  }

  /** Counts a message of the error log. */
  logged(level: CountedLevel): void {
    this.#logMessages[level] = (this.#logMessages[level] ?? 0) + 1;
  }

  /** Notes when the certificate expires, in seconds since the epoch; `null` when there is none, or nobody can tell. */
  setCertificateExpiry(seconds: number | null): void {
    this.#certificateExpiry = seconds;
  }

  /** What was counted so far. Later counting does not change it. */
  snapshot(): MetricsSnapshot {
    const protocols: Partial<Record<ObservedProtocol, ProtocolSnapshot>> = {};
    for (const protocol of Object.keys(this.#protocols) as ObservedProtocol[]) {
      protocols[protocol] = this.#protocols[protocol]!.snapshot();
    }
    return {
      protocols,
      logMessages: { ...this.#logMessages },
      memoryBytes: this.#memory(),
      startTime: this.#startTime,
      certificateExpiry: this.#certificateExpiry,
    };
  }

  #countsOf(protocol: ObservedProtocol): ProtocolCounts {
    return this.#protocols[protocol] ??= new ProtocolCounts();
  }
}

/**
 * One request. An accepted WebSocket or session is counted as a request when it is accepted, with the duration of its
 * handshake, as in Hypercorn: it may stay open for days, and its lifetime says nothing about how fast the server is.
 */
class CountedRequest implements Observation {
  readonly #counts: ProtocolCounts;
  readonly #now: () => number;
  readonly #method: number;
  readonly #accepting: number | null;
  readonly #began: number;
  /** Where it counts as open, once it was accepted. */
  readonly #open: OpenCount;
  #status = 0;
  #accepted = false;

  constructor(
    counts: ProtocolCounts,
    now: () => number,
    method: number,
    request: ObservedRequest,
  ) {
    this.#counts = counts;
    this.#now = now;
    this.#method = method;
    this.#accepting = acceptingStatus(request);
    this.#open = request.webtransport ? counts.sessions ??= new OpenCount() : counts.websockets;
    this.#began = now();
  }

  forwarded(): void {} // no label tells who the client is

  responded({ status }: ObservedResponse): void {
    this.#status = status;
    if (status !== this.#accepting) return;
    this.#accepted = true;
    this.#count();
    this.#open.enter();
  }

  sent(bytes: number): void {
    this.#counts.sentBytes += bytes;
  }

  ended(outcome: Outcome, reason?: RefusalReason): void {
    if (this.#accepted) this.#open.leave();
    else this.#count();
    this.#counts.countOutcome(outcome, reason);
  }

  #count(): void {
    this.#counts.inFlight--;
    this.#counts.countRequest(this.#method, this.#status, this.#now() - this.#began);
  }
}
