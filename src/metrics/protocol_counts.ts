/**
 * What is counted of one protocol, while it is counted.
 *
 * @module
 */

import type { Outcome, RefusalReason } from "../observation.ts";
import { Histogram } from "./histogram.ts";
import { METHODS, NO_STATUS, STATUS_END, statusIndex } from "./labels.ts";
import type { Counts, OpenCounts, ProtocolSnapshot } from "./snapshot.ts";

/** How many of something are open, and how many there were. */
export class OpenCount {
  #open = 0;
  #total = 0;

  /** One was opened. */
  enter(): void {
    this.#open++;
    this.#total++;
  }

  /** One was closed. */
  leave(): void {
    this.#open--;
  }

  /** The numbers now. */
  snapshot(): OpenCounts {
    return { open: this.#open, total: this.#total };
  }
}

/** Counters of one protocol. Requests are counted in arrays, so that none of them costs a key or an object. */
export class ProtocolCounts {
  /** Requests in progress. */
  inFlight = 0;
  /** Bytes of content, messages and sessions. */
  sentBytes = 0;
  /** Accepted WebSockets. */
  readonly websockets = new OpenCount();
  /** Accepted WebTransport sessions; `null` until one was asked for. */
  sessions: OpenCount | null = null;
  /** Connections; `null` until the driver tells of one. */
  connections: OpenCount | null = null;
  readonly #duration = new Histogram();
  /** By method, then by status; made for a method when it is first used. */
  readonly #requests: (Float64Array | undefined)[] = METHODS.map(() => undefined);
  readonly #refused: Partial<Record<RefusalReason, number>> = {};
  #aborted = 0;
  #failed = 0;

  /**
   * A request was answered to its end, or given up; or a WebSocket or session was accepted.
   *
   * @param status 0 when nobody answered.
   */
  countRequest(method: number, status: number, milliseconds: number): void {
    const byStatus = this.#requests[method] ??= new Float64Array(STATUS_END);
    byStatus[statusIndex(status)]!++;
    this.#duration.record(milliseconds);
  }

  /** A request, WebSocket or session is over. */
  countOutcome(outcome: Outcome, reason: RefusalReason = "bad_request"): void {
    if (outcome === "aborted") this.#aborted++;
    else if (outcome === "failed") this.#failed++;
    else if (outcome === "refused") this.#refused[reason] = (this.#refused[reason] ?? 0) + 1;
  }

  /** What was counted so far. */
  snapshot(): ProtocolSnapshot {
    return {
      requests: this.#requestsByLabel(),
      duration: this.#duration.snapshot(),
      inFlight: this.inFlight,
      sentBytes: this.sentBytes,
      aborted: this.#aborted,
      failed: this.#failed,
      refused: { ...this.#refused },
      websockets: this.websockets.snapshot(),
      sessions: this.sessions?.snapshot() ?? null,
      connections: this.connections?.snapshot() ?? null,
    };
  }

  #requestsByLabel(): ProtocolSnapshot["requests"] {
    const requests: Record<string, Counts> = {};
    this.#requests.forEach((byStatus, method) => {
      if (byStatus) requests[METHODS[method]!] = countsOf(byStatus);
    });
    return requests;
  }
}

function countsOf(byStatus: Float64Array): Counts {
  const counts: Record<string, number> = {};
  byStatus.forEach((count, status) => {
    if (count > 0) counts[status === 0 ? NO_STATUS : String(status)] = count;
  });
  return counts;
}
