/**
 * `deno task attack [--seconds 8] [--only WORDS]`: attacks the plain driver and the guarded one, each in a process of its
 * own, and prints a table in Markdown. Never a pass or fail: `tests/hostile` has the checks.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- a command line tool

import { parseArgs } from "node:util";
import { type AttackFigures, measure } from "./attack_measure.ts";
import { ATTACKS } from "./attack_list.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "8" },
    only: { type: "string", default: "" },
  },
});
const seconds = Number(values.seconds);
if (!(seconds > 0)) throw new Error(`--seconds is a number above 0, not "${values.seconds}"`);

const COLUMNS = ["held", "MB", "p50 / p99 ms", "attackers"];
console.log(
  `| attack | ${
    ["before", "after"].flatMap((when) => COLUMNS.map((head) => `${when}: ${head}`)).join(" | ")
  } |`,
);
console.log(`| --- |${" --- |".repeat(COLUMNS.length * 2)}`);
for (const [index, attack] of ATTACKS.entries()) {
  if (!attack.name.includes(values.only)) continue;
  const before = await measure(attack, index, "off", seconds);
  const after = await measure(attack, index, "on", Math.max(seconds, attack.guardSeconds ?? 0));
  console.log(`| ${attack.name} | ${[...cells(before), ...cells(after)].join(" | ")} |`);
}

function cells(figures: AttackFigures): string[] {
  const { held, memoryBytes, p50, p99, failure, outcomes } = figures;
  const texts = Object.entries(outcomes).toSorted(([, a], [, b]) => b - a).slice(0, 3);
  return [
    String(held),
    (memoryBytes / 1e6).toFixed(0),
    failure ?? `${p50.toFixed(1)} / ${p99.toFixed(1)}`,
    texts.map(([text, count]) => `${count} ${text}`).join("; "),
  ];
}
