/**
 * Label values: few and known beforehand, whatever clients send.
 *
 * Each combination of labels is a time series that Prometheus keeps for weeks, so a client that could invent label
 * values could fill its disk.
 *
 * @module
 */

import type { ObservedProtocol, RefusalReason } from "../observation.ts";

/** Protocols in the order of the page. */
export const PROTOCOLS: readonly ObservedProtocol[] = ["h11", "h2", "h3"];

/** Reasons of refusals in the order of the page. */
export const REFUSAL_REASONS: readonly RefusalReason[] = [
  "bad_request",
  "handshake",
  "not_implemented",
  "overloaded",
  "server_name",
  "shutting_down",
  "timed_out",
  "too_large",
];

/** Levels of log messages that are counted, as Hypercorn's StatsD logger names them. */
export type CountedLevel = "error" | "exception" | "warning";

/** Levels in the order of the page. */
export const COUNTED_LEVELS: readonly CountedLevel[] = [
  "error",
  "exception",
  "warning",
];

/** Label of every method that is not in {@link METHODS}. */
export const OTHER_METHOD = "OTHER";

/** Methods with a label of their own: RFC 9110 §9.3, PATCH of RFC 5789. Methods are case-sensitive. */
export const METHODS: readonly string[] = [
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
  "CONNECT",
  "TRACE",
  OTHER_METHOD,
];

const INDEX_OF_OTHER = METHODS.length - 1;

const INDEXES: ReadonlyMap<string, number> = new Map(
  METHODS.map((method, index) => [method, index]),
);

/** Where a method stands in {@link METHODS}. */
export function methodIndex(method: string): number {
  return INDEXES.get(method) ?? INDEX_OF_OTHER;
}

/** Label of requests that ended without a response: nobody answered before the client left. */
export const NO_STATUS = "none";

/** One more than the highest status (RFC 9110 §15). */
export const STATUS_END = 600;

/** A status as an index: itself, or 0, which stands for {@link NO_STATUS}. */
export function statusIndex(status: number): number {
  return status >= 100 && status < STATUS_END ? status : 0;
}
