/**
 * Metrics: counted in a process, added up over processes, read by Prometheus, or sent to StatsD.
 *
 * @module
 */

export type { ProcessCounts } from "./families.ts";
export type { HistogramSnapshot } from "./histogram.ts";
export type { CountedLevel } from "./labels.ts";
export { type CountableLog, CountedLog, countLog, type LogCounter } from "./log_counter.ts";
export { Metrics, type MetricsSources } from "./metrics.ts";
export { formatPrometheus, PROMETHEUS_CONTENT_TYPE } from "./prometheus.ts";
export {
  countersOf,
  type Counts,
  EMPTY_SNAPSHOT,
  mergeSnapshots,
  type MetricsSnapshot,
  type OpenCounts,
  type ProtocolSnapshot,
} from "./snapshot.ts";
export { StatsdObserver, type StatsdOptions } from "./statsd.ts";
