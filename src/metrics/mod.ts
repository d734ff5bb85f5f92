/**
 * Metrics: counted in a process, added up over processes, read by Prometheus, or sent to StatsD.
 *
 * @module
 */

export type { ProcessCounts } from "./families.ts";
export type { CountedLevel } from "./labels.ts";
export { CountedLog, type LogCounter } from "./log_counter.ts";
export { Metrics } from "./metrics.ts";
export { formatPrometheus, PROMETHEUS_CONTENT_TYPE } from "./prometheus.ts";
export { countersOf, EMPTY_SNAPSHOT, mergeSnapshots, type MetricsSnapshot } from "./snapshot.ts";
export { StatsdObserver, type StatsdOptions } from "./statsd.ts";
