/**
 * What a supervisor and its workers tell each other. Plain JSON: it travels through a pipe.
 *
 * The supervisor begins with `serve`. The last word of a worker is `bye`, after which it waits for `exit`: what is
 * still in the pipe when a process ends may be lost.
 *
 * @module
 */

import type { MetricsSnapshot } from "../metrics/mod.ts";
import type { RetireReason } from "../server/retirement.ts";
import type { TlsMaterial } from "../server/tls.ts";
import type { Failure } from "./failure.ts";
import type { Job } from "./job.ts";

/** Ports that were chosen by the system for binds with port 0, by {@link chosenPorts}' keys. */
export type ChosenPorts = Readonly<Record<string, number>>;

/** What one worker is to serve, and how it differs from the others. */
export interface Assignment {
  /** Application and configuration. */
  readonly job: Job;
  /** Added to the ports of `quic_bind`: processes cannot share a UDP port. */
  readonly portOffset: number;
  /** Ports for binds with port 0, so that all workers have the same. */
  readonly ports: ChosenPorts;
  /** Whether other workers serve the same. */
  readonly multiprocess: boolean;
  /** The certificate for development: one for all workers, for a client may meet each of them. */
  readonly identity: TlsMaterial | null;
}

/** What the supervisor says. */
export type ToWorker =
  /** Start. */
  | { readonly type: "serve"; readonly assignment: Assignment }
  /** Stop gracefully; `handover` when another worker accepts on the same addresses. */
  | { readonly type: "stop"; readonly handover: boolean }
  /** Stop at once. */
  | { readonly type: "force" }
  /** Open log files anew. */
  | { readonly type: "reopenLogs" }
  /** Tell what was counted. */
  | { readonly type: "metrics" }
  /** The answer to `bye`. */
  | { readonly type: "exit" };

/** What a worker says. */
export type FromWorker =
  /** It accepts connections; `ports` are those the system chose. */
  | { readonly type: "ready"; readonly ports: ChosenPorts }
  /** A limit was reached; it serves on until it is told to stop. */
  | { readonly type: "retire"; readonly reason: RetireReason }
  /** Its application left an error uncaught; it stops gracefully, by itself. */
  | { readonly type: "failing" }
  /** What it has counted so far. */
  | { readonly type: "metrics"; readonly snapshot: MetricsSnapshot }
  /** It has stopped, or could not start: `failure` says why. `snapshot` is its last. */
  | {
    readonly type: "bye";
    readonly failure: Failure | null;
    readonly snapshot: MetricsSnapshot;
  };

/** A message of a worker on its way: the application shares the channel, and may send what it likes (`process.send`). */
export interface Envelope {
  /** What the worker says. */
  readonly hypercorn: FromWorker;
}

/** Whether what came through the channel is the worker's, not the application's. */
export function isEnvelope(received: unknown): received is Envelope {
  return typeof received === "object" && received !== null && "hypercorn" in received;
}
