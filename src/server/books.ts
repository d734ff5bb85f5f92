/**
 * Who keeps the books about requests: access log, metrics, StatsD, limits of the process. Nobody, by default.
 *
 * @module
 */

import type { ResolvedConfig } from "../config/mod.ts";
import { combineObservers, type Observer } from "../observation.ts";
import type { ServerLog } from "./log.ts";
import { drawBudget, MemoryWatch, requestBudget, type RetireReason } from "./retirement.ts";

/** Placeholder of the metrics' own type until they are there. */
export type MetricsSnapshot = Record<string, never>;

/** The books of one server. */
export interface Books {
  /** The error log; what is written to it may be counted. */
  readonly log: ServerLog;
  /** Is told of every request; `null` when nobody wants to know. */
  readonly observer: Observer | null;
  /** What was counted so far. */
  snapshot(): MetricsSnapshot;
  /** Notes the certificate that is served, in PEM. */
  noteCertificate(pem: string): void;
  /** Opens files anew. */
  reopen(): void;
  /** Writes what is buffered and releases what is held open. */
  close(): Promise<void> | void;
}

/**
 * Opens the books that the configuration asks for.
 *
 * @param onRetire Called when a limit of this process is reached; once for each.
 */
export function openBooks(
  config: ResolvedConfig,
  log: ServerLog,
  onRetire: (reason: RetireReason) => void,
): Books {
  const observers: Observer[] = [];
  const budget = drawBudget(config);
  if (budget !== null) observers.push(requestBudget(budget, () => onRetire("max_requests")));
  const memory = config.maxMemory === null
    ? null
    : new MemoryWatch(config.maxMemory, () => onRetire("max_memory"));
  return {
    log,
    observer: combineObservers(observers),
    snapshot: () => ({}),
    noteCertificate() {},
    reopen() {},
    close() {
      memory?.[Symbol.dispose]();
      log.close();
    },
  };
}
