/**
 * `deno task fuzz`: feeds every decoder inputs that follow from a seed, for as long as is said.
 *
 *     deno task fuzz [--seconds 60] [--seed 1] [--target NAME]
 *
 * The exit code is 1 when there was a finding. A finding is the smallest input that still breaks the invariant; the same
 * seed and target find it again. Once it is fixed, the input becomes a row of the target's `corpus`.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- a command line tool

import { parseArgs } from "node:util";
import { table } from "../_support/table.ts";
import type { Target } from "./harness.ts";
import { TARGETS } from "./targets.ts";

/** Inputs of one seed. Small, so that the time is kept. */
const RUNS = 500;

interface Tally {
  readonly target: Target;
  iterations: number;
  milliseconds: number;
  findings: number;
}

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    seed: { type: "string" },
    target: { type: "string" },
  },
});

function chosen(name: string | undefined): readonly Target[] {
  if (name === undefined) return TARGETS;
  const found = TARGETS.filter((target) => target.name === name);
  if (found.length > 0) return found;
  const known = TARGETS.map((target) => target.name).join(", ");
  throw new Error(`Unknown target "${name}", expected one of ${known}`);
}

/** Runs one seed. A target with a finding is left out from then on: most of the time it would find the same again. */
async function runOnce(tally: Tally, seed: number): Promise<void> {
  const started = performance.now();
  const { iterations, finding } = await tally.target.run(seed, RUNS);
  tally.iterations += iterations;
  tally.milliseconds += performance.now() - started;
  if (finding === null) return;
  tally.findings++;
  const { name, invariant } = tally.target;
  console.log(`\nFINDING by --seed ${seed} --target ${name}: ${invariant}\n${finding}\n`);
}

async function main(seed: number, seconds: number): Promise<boolean> {
  console.log(`seed ${seed}, ${seconds} s`);
  const tallies: Tally[] = chosen(values.target)
    .map((target) => ({ target, iterations: 0, milliseconds: 0, findings: 0 }));
  const end = performance.now() + seconds * 1000;
  for (let round = 0; round === 0 || performance.now() < end; round++) {
    for (const tally of tallies) {
      if (tally.findings === 0) await runOnce(tally, seed + round | 0);
    }
  }
  console.log(table(
    ["target", "iterations", "per second", "findings"],
    tallies.map(({ target, iterations, milliseconds, findings }) => [
      target.name,
      String(iterations),
      String(Math.round(iterations / milliseconds * 1000)),
      String(findings),
    ]),
  ));
  return tallies.every(({ findings }) => findings === 0);
}

const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
if (!await main(seed, Number(values.seconds))) Deno.exit(1);
