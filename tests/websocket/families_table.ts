/**
 * Prints how many cases of each family pass, on the machine alone and on servers of both protocols.
 *
 * Run with `deno run -A tests/websocket/families_table.ts`; the exit code is 1 when a case is not as expected.
 */

// deno-lint-ignore-file no-console -- a command line tool

import { table } from "../_support/table.ts";
import { FAMILIES, type FamilyWay, MACHINE, SERVERS } from "../_support/websocket_ways.ts";
import type { Case } from "./families/mod.ts";

/** Runs a family one way; returns e.g. `"16 of 16"`, and what is to be said about the rest. */
async function runFamily(way: FamilyWay, cases: readonly Case[]): Promise<string> {
  await using runner = await way.open();
  const run = cases.filter((one) => way.expect(one) !== "is not run");
  let passed = 0;
  let differed = 0;
  for (const one of run) {
    try {
      await runner.run(one);
      if (way.expect(one) === "passes") passed++;
      else differed++;
    } catch (error) {
      console.log(`${way.name}: ${error}`);
      Deno.exitCode = 1;
    }
  }
  if (run.length === 0) return "-";
  return `${passed} of ${run.length}${differed > 0 ? `, ${differed} differ` : ""}`;
}

const ways = [MACHINE, ...SERVERS];
const rows: string[][] = [];
for (const [family, cases] of FAMILIES) {
  const cells: string[] = [];
  for (const way of ways) cells.push(await runFamily(way, cases));
  rows.push([family, `${cases.length}`, ...cells]);
}
console.log(table(["family", "cases", ...ways.map(({ name }) => name)], rows));
console.log(
  "What differs is the runtime's, whose WebSockets those of HTTP/1.1 are: most errors end the connection without a\n" +
    "Close frame, and there is no compression. All of it is on record in tests/_support/websocket_ways.ts.\n" +
    "Servers refuse messages of more than 1024 frames, so that six cases are for the machine alone.",
);
