/**
 * Every fuzz target on a few seeds: `deno task fuzz` runs them longer.
 */

// deno-lint-ignore-file no-console -- the seed of a failure has to be known

import assert from "node:assert/strict";
import { ENOUGH, type Target } from "./harness.ts";
import { TARGETS } from "./targets.ts";

/** Seeds that are the same every time, and one that never is. */
const FIXED = [1, 20261122];
const RANDOM = Math.floor(Math.random() * 2 ** 31);

console.log(`fuzz: random seed ${RANDOM}`);

/** Runs fixed seeds, where the outcomes can be relied on, and the random one. */
async function runTarget(target: Target): Promise<void> {
  const missing = new Set(target.outcomes);
  for (const seed of FIXED) {
    const { counts, finding } = await target.run(seed, ENOUGH);
    assert.equal(finding, null, `seed ${seed}`);
    for (const [outcome, count] of counts) if (count > 0) missing.delete(outcome);
  }
  assert.deepEqual([...missing], [], "outcomes that no input had");
  const { finding } = await target.run(RANDOM, ENOUGH);
  assert.equal(finding, null, `seed ${RANDOM}`);
}

for (const target of TARGETS) {
  Deno.test(`fuzz: ${target.name}: ${target.invariant}`, () => runTarget(target));
}
