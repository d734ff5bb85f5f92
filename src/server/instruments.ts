/**
 * What watches the requests of a server: access log, metrics, StatsD, limits of the process. None, by default.
 *
 * @module
 */

import type { ResolvedConfig } from "../config/mod.ts";
import {
  CountedLog,
  EMPTY_SNAPSHOT,
  type LogCounter,
  Metrics,
  type MetricsSnapshot,
  StatsdObserver,
} from "../metrics/mod.ts";
import { combineObservers, type Observer } from "../observation.ts";
import { certificateExpiry } from "./certificate.ts";
import { type AccessLog, openAccessLog, openLog, type ServerLog } from "./log.ts";
import { drawBudget, MemoryWatch, requestBudget, type RetireReason } from "./retirement.ts";

/** The instruments of one server. */
export interface Instruments {
  /** The error log; what is written to it may be counted. */
  readonly log: ServerLog;
  /** Is told of every request; `null` when nobody wants to know. */
  readonly observer: Observer | null;
  /** What was counted so far; nothing without `adminBind`. */
  snapshot(): MetricsSnapshot;
  /** Notes the certificate that is served, in PEM. */
  noteCertificate(pem: string): void;
  /** Opens log files anew. */
  reopen(): void;
  /** Writes what is buffered and releases what is held open, the error log last. */
  close(): Promise<void>;
}

/**
 * Opens the instruments that the configuration asks for.
 *
 * @param onRetire Called when a limit of this process is reached; once for each.
 * @throws {ConfigError} When a log cannot be opened.
 */
export function openInstruments(
  config: ResolvedConfig,
  onRetire: (reason: RetireReason) => void,
): Instruments {
  const errorLog = openLog(config);
  const accessLog = openAccessLogOr(config, errorLog);
  const metrics = config.adminBind.length > 0 ? new Metrics() : null;
  const statsd = openStatsd(config, errorLog);
  const budget = drawBudget(config);
  const memory = config.maxMemory === null
    ? null
    : new MemoryWatch(config.maxMemory, () => onRetire("max_memory"));
  const counters: LogCounter[] = [metrics, statsd].filter((counter) => counter !== null);
  const observers: (Observer | null)[] = [
    accessLog,
    metrics,
    statsd,
    budget === null ? null : requestBudget(budget, () => onRetire("max_requests")),
  ];
  return {
    log: counters.length === 0 ? errorLog : new CountedLog(errorLog, counters),
    observer: combineObservers(observers.filter((observer) => observer !== null)),
    snapshot: () => metrics?.snapshot() ?? EMPTY_SNAPSHOT,
    noteCertificate(pem) {
      metrics?.setCertificateExpiry(certificateExpiry(pem));
    },
    reopen() {
      accessLog?.reopen();
      errorLog.reopen();
    },
    async close() {
      memory?.[Symbol.dispose]();
      accessLog?.close();
      await statsd?.close();
      errorLog.close();
    },
  };
}

/** Opens the access log, or closes the other one. */
function openAccessLogOr(config: ResolvedConfig, errorLog: ServerLog): AccessLog | null {
  try {
    return openAccessLog(config, errorLog);
  } catch (error) {
    errorLog.close();
    throw error;
  }
}

function openStatsd(config: ResolvedConfig, log: ServerLog): StatsdObserver | null {
  const { statsdHost: host, statsdPrefix: prefix, dogstatsdTags: tags } = config;
  return host === null
    ? null
    : new StatsdObserver({ host, prefix, tags, warn: (message) => log.warn(message) });
}
