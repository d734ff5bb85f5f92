/**
 * What is said at the end of the soak.
 *
 * @module
 */

import { table } from "../_support/table.ts";
import { curve } from "./soak_chart.ts";
import type { Sample } from "./soak_samples.ts";
import type { Traffic } from "./soak_traffic.ts";
import type { Check } from "./soak_verdict.ts";

/** The curves of memory, connections and rate. */
export function curvesOf(samples: readonly Sample[]): string {
  const megabytes = (of: (sample: Sample) => number) => samples.map((sample) => of(sample) / 1e6);
  const rates = samples.slice(1).map(({ seconds, requests }, index) =>
    (requests - samples[index]!.requests) / (seconds - samples[index]!.seconds)
  );
  return [
    curve("RSS MB", megabytes(({ resident }) => resident)),
    curve("live heap MB", megabytes(({ heap }) => heap)),
    curve("external MB", megabytes(({ external }) => external)),
    curve("connections", samples.map(({ connections }) => connections), 0),
    curve("descriptors", samples.map(({ descriptors }) => descriptors), 0),
    curve("requests/s", rates, 0),
  ].join("\n");
}

/** How long ordinary requests took, and what there was besides. */
export function trafficOf({ durations, visits, count, longestStall }: Traffic): string {
  const rows = Object.entries(durations).filter(([, times]) => times.length > 0)
    .map(([protocol, times]) => {
      const sorted = Float64Array.from(times).sort();
      const at = (share: number) => sorted[Math.floor(sorted.length * share)]!.toFixed(1);
      return [protocol, String(sorted.length), at(0.5), at(0.99), at(0.999)];
    });
  const kinds = [...visits].map(([name, times]) => `${times} ${name}`).join(", ");
  return [
    table(["protocol", "ordinary requests", "p50 ms", "p99 ms", "p99.9 ms"], rows),
    `longest time that the clients did not get to run: ${longestStall.toFixed(0)} ms`,
    "",
    `${count} visits: ${kinds}`,
  ].join("\n");
}

/** Errors by kind. The first comes first: others may have come of it, for visitors share connections. */
export function errorsOf({ errors }: Traffic): string {
  return [...errors].map(([kind, { count, visit }]) =>
    `${count} x ${kind} (first visit ${visit})\n`
  )
    .join("");
}

/** One line for each demand. */
export function verdictOf(checks: readonly Check[]): string {
  return checks.map(({ name, found, right }) => `${right ? "ok    " : "FAILED"} ${name}: ${found}`)
    .join("\n");
}
