/** The ledgers about Hypercorn are complete and name tests that exist; prints how far we are. */

// deno-lint-ignore-file no-console -- the totals are for the reader of the test run

import assert from "node:assert/strict";
import { FEATURES } from "./hypercorn.ts";
import { FLAWS } from "./hypercorn_flaws.ts";
import {
  describeTotals,
  type Entry,
  findFaults,
  notApplicable,
  notPossible,
  open,
  partly,
  proved,
  statusOf,
  testsOf,
} from "./hypercorn_ledger.ts";
import { readTestNames } from "./named_tests.ts";

/** How many features Hypercorn's list has by area; they are numbered from 01. */
const AREAS: Readonly<Record<string, number>> = {
  SRV: 9,
  LIF: 6,
  ASG: 21,
  WS: 13,
  WSG: 8,
  CFG: 10,
  CLI: 7,
  PRC: 11,
  LOG: 8,
  MID: 7,
  LIM: 7,
  H1: 5,
  H2: 5,
  H3: 2,
};

const FEATURE_IDS = Object.entries(AREAS).flatMap(([area, count]) =>
  Array.from({ length: count }, (_, i) => `${area}-${`${i + 1}`.padStart(2, "0")}`)
);

/** Flaws are numbered; four have a companion. */
const FLAW_IDS = Array.from({ length: 62 }, (_, i) => `${i + 1}`)
  .flatMap((id) => ["1", "5", "29", "32"].includes(id) ? [id, `${id}b`] : [id]);

const LEDGERS: readonly { name: string; entries: readonly Entry[]; ids: readonly string[] }[] = [
  { name: "Features of Hypercorn", entries: FEATURES, ids: FEATURE_IDS },
  { name: "Flaws of Hypercorn", entries: FLAWS, ids: FLAW_IDS },
];

for (const { name, entries, ids } of LEDGERS) {
  Deno.test(`${name}: every one is entered, and every test that is named exists`, async () => {
    const names = await readTestNames(entries.flatMap(({ proofs }) => proofs.map((p) => p.file)));
    assert.deepEqual(findFaults(entries, ids, names), []);
    console.log(`${name}: ${describeTotals(entries)}`);
    for (const entry of entries) {
      if (entry.rest && "open" in entry.rest) {
        console.log(`  open: ${entry.id} (${entry.rest.open})`);
      }
    }
  });
}

Deno.test("every flaw says how it is here", () => {
  assert.deepEqual(FLAWS.filter((flaw) => !flaw.ours && !flaw.rest).map(({ id }) => id), []);
});

Deno.test("findFaults() names what is missing, unknown, twice, unproved or proved by no test", () => {
  const a = testsOf("a_test.ts");
  const entries = [
    proved("A", "good", a("is good", "is …r than …")),
    proved("B", "bad", a("is bad", "is worst …", "is skipped", "is")),
    proved("C", "claimed", []),
    partly("C", "claimed in part", [], "the rest"),
    notPossible("D", "flying", [], "No wings"),
    notApplicable("E", "barking", "No dog"),
    { ...open("E", "later", "somebody"), proofs: a("is good") },
  ];
  const names = {
    "tests/a_test.ts": ["is good", "is better than before", "is skipped (skipped: no time)"],
  };
  assert.deepEqual(findFaults(entries, ["A", "B", "C", "D", "F"], names), [
    "F is missing",
    "E is not on the list",
    "C is there twice",
    "E is there twice",
    'B: "is bad" is no test of tests/a_test.ts',
    'B: "is worst …" is no test of tests/a_test.ts',
    'B: "is skipped" is no test of tests/a_test.ts',
    'B: "is" is no test of tests/a_test.ts',
    "C is proved by no test",
    "C is partly by no test",
    "E is open, yet has tests",
  ]);
  assert.deepEqual(entries.map(statusOf), [
    "proved",
    "proved",
    "proved",
    "partly",
    "not possible",
    "not applicable",
    "open",
  ]);
  assert.equal(
    describeTotals(entries),
    "3 of 7 proved, 1 partly, 1 not applicable, 1 not possible here, 1 open",
  );
});
