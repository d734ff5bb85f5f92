/**
 * The tables of `deno task bench`.
 *
 * @module
 */

import type { Comparison, Contestant } from "./contestants.ts";
import type { Sample } from "./measure.ts";
import { median, table } from "../_support/table.ts";

/** Samples by the name of the contestant. */
export type Samples = ReadonlyMap<string, readonly Sample[]>;

/**
 * One line per contestant: rate, spread, CPU time, and how busy the server was, in percent of a processor. A server that was
 * not busy waited for the load, so its rate says nothing and only its CPU time does.
 *
 * @param unit What there is so many of a second.
 */
export function contestantTable(
  contestants: readonly Contestant[],
  samples: Samples,
  unit = "req",
): string {
  const rows = contestants.map(({ name, title }) => {
    const rates = samples.get(name)!.map((sample) => sample.requestsPerSecond);
    const cpu = samples.get(name)!.map((sample) => sample.cpuPerThousand);
    const busy = cpu.map((milliseconds, round) => milliseconds * rates[round]! / 1e4);
    return [
      name,
      median(rates).toFixed(0),
      `${Math.min(...rates).toFixed(0)}..${Math.max(...rates).toFixed(0)}`,
      median(cpu).toFixed(1),
      median(busy).toFixed(0),
      String(samples.get(name)!.reduce((sum, sample) => sum + sample.errors, 0)),
      title,
    ];
  });
  return table(
    ["contestant", `${unit}/s`, "min..max", "CPU ms/1000", "busy %", "errors", ""],
    rows,
  );
}

/** One line per ratio that can be formed. @param unit As in {@link contestantTable}. */
export function comparisonTable(
  comparisons: readonly Comparison[],
  samples: Samples,
  unit = "req",
): string {
  const rows: string[][] = [];
  for (const { name, against, target } of comparisons) {
    const ours = samples.get(name);
    const theirs = samples.get(against);
    if (!ours || !theirs) continue;
    const ratios = ours.map((sample, round) =>
      sample.requestsPerSecond / theirs[round]!.requestsPerSecond
    );
    const cpu = theirs.map((sample, round) => sample.cpuPerThousand / ours[round]!.cpuPerThousand);
    const ratio = median(ratios);
    rows.push([
      `${name} / ${against}`,
      ratio.toFixed(2),
      `${Math.min(...ratios).toFixed(2)}..${Math.max(...ratios).toFixed(2)}`,
      median(cpu).toFixed(2),
      `${Math.min(...cpu).toFixed(2)}..${Math.max(...cpu).toFixed(2)}`,
      target === undefined ? "" : `>= ${target.toFixed(2)}`,
      target === undefined ? "" : ratio >= target ? "reached" : "missed",
    ]);
  }
  return table(["ratio", `${unit}/s`, "min..max", "by CPU", "min..max", "target", ""], rows);
}
