/** The requirement ledgers name tests that exist; prints how far each RFC is proved. */

// deno-lint-ignore-file no-console -- the totals are for the reader of the test run

import assert from "node:assert/strict";
import { REPOSITORY } from "../_support/repository.ts";
import { type Requirement, totals } from "./ledger.ts";
import { readTestNames, type TestNames } from "./named_tests.ts";

const LEDGERS = [...Deno.readDirSync(new URL("tests/compliance", REPOSITORY))]
  .map((entry) => entry.name)
  .filter((name) => /^rfc\d+\.ts$/.test(name))
  .sort();

assert(LEDGERS.length > 0, "Found no ledger");

for (const ledger of LEDGERS) {
  Deno.test(`every test that ${ledger} names exists`, async () => {
    const { REQUIREMENTS } = await import(`./${ledger}`) as { REQUIREMENTS: Requirement[] };
    assert(Array.isArray(REQUIREMENTS), `${ledger} does not export REQUIREMENTS`);
    const files = REQUIREMENTS.flatMap(({ proof }) => "file" in proof ? [proof.file] : []);
    assert.deepEqual(findUnproved(REQUIREMENTS, await readTestNames(files)), []);
    const { proved, notApplicable, notPossible } = totals(REQUIREMENTS);
    console.log(
      `${ledger}: ${proved} of ${REQUIREMENTS.length} requirements proved, ` +
        `${notApplicable} not applicable, ${notPossible} not possible here`,
    );
  });
}

const ROW = { section: "1", text: "Be good", level: "MUST" } as const;

Deno.test("findUnproved() names a row whose test does not exist", () => {
  const rows: Requirement[] = [
    { ...ROW, proof: { test: "is good", file: "a_test.ts" } },
    { ...ROW, proof: { test: "is better", file: "a_test.ts" } },
    { ...ROW, proof: { test: "is good", file: "b_test.ts" } },
    { ...ROW, proof: { notApplicable: "Nobody is" } },
  ];
  assert.deepEqual(findUnproved(rows, { "a_test.ts": ["is good"] }), [
    '1 "Be good": "is better" is no test of a_test.ts',
    '1 "Be good": "is good" is no test of b_test.ts',
  ]);
  assert.deepEqual(totals(rows), { proved: 3, notApplicable: 1, notPossible: 0 });
});

/** Rows that name a test nobody defined, each as a sentence. */
function findUnproved(
  requirements: readonly Requirement[],
  names: TestNames,
): string[] {
  return requirements.flatMap(({ section, text, proof }) => {
    if (!("test" in proof) || names[proof.file]?.includes(proof.test)) return [];
    return [`${section} "${text}": "${proof.test}" is no test of ${proof.file}`];
  });
}
