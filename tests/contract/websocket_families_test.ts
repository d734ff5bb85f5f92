/**
 * The families of WebSocket cases end to end: frames of a client over a network, and what an application's echo becomes.
 *
 * `tests/websocket/families_table.ts` prints them as a table.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type Expectation, FAMILIES, SERVERS } from "../_support/websocket_ways.ts";
import { AUTOBAHN } from "../websocket/families/mod.ts";

/** Cases by what is expected of them. */
const COUNTS: Readonly<Record<string, Readonly<Record<Expectation, number>>>> = {
  "HTTP/3 (streams)": { "passes": 632, "differs": 0, "is not run": 6 },
  "HTTP/3 (resources)": { "passes": 632, "differs": 0, "is not run": 6 },
  "HTTP/1.1": { "passes": 198, "differs": 196, "is not run": 244 },
};

for (const way of SERVERS) {
  const expected = COUNTS[way.name]!;
  const { passes, differs, "is not run": rest } = expected;
  Deno.test(`WebSocket over ${way.name}: ${passes} cases pass, ${differs} differ, ${rest} are not run`, () => {
    const counts = { "passes": 0, "differs": 0, "is not run": 0 };
    for (const one of AUTOBAHN) counts[way.expect(one)]++;
    assert.deepEqual(counts, expected);
  });

  for (const [family, cases] of FAMILIES) {
    const run = cases.filter((one) => way.expect(one) !== "is not run");
    if (run.length === 0) continue;
    const passed = run.filter((one) => way.expect(one) === "passes");
    const of = `${passed.length} of ${run.length} as they should be`;
    Deno.test(`WebSocket over ${way.name} does family ${family}: ${of}`, async () => {
      await using runner = await way.open();
      for (const one of run) await runner.run(one);
      await runner.settled();
    });
  }
}
