/** The families of cases over the machine alone, however what is sent is cut. */

import assert from "node:assert/strict";
import { AUTOBAHN } from "./families/mod.ts";
import { runOnMachine } from "./machine_cases.ts";

for (const [family, cases] of Map.groupBy(AUTOBAHN, ({ family }) => family)) {
  Deno.test(`WebSocketMachine passes family ${family}: ${cases!.length} cases`, async (test) => {
    for (const one of cases!) {
      await test.step(`${one.id} ${one.description}`, () => runOnMachine(one));
    }
  });
}

/** Cases of the Autobahn test suite by family. */
const COUNTS = { 1: 16, 2: 11, 3: 7, 4: 10, 5: 20, 6: 145, 7: 37, 9: 54, 10: 1, 12: 90, 13: 126 };

Deno.test("AUTOBAHN has every number once, and as many in each family as Autobahn: 517", () => {
  const ids = AUTOBAHN.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  const own = ids.filter((id) => !id.startsWith("x"));
  const families = Map.groupBy(own, (id) => id.slice(0, id.indexOf(".")));
  const counts = [...families].map(([family, members]) => [family, members.length]);
  assert.deepEqual(Object.fromEntries(counts), COUNTS);
  assert.equal(own.length, 517);
});
