import assert from "node:assert/strict";
import { RareReport } from "../../src/protocol/rare_report.ts";

Deno.test("RareReport passes the first report of each kind, whoever caused it and whatever else is said", () => {
  const told: string[] = [];
  const reports = new RareReport((client, reason) => told.push(`${client}: ${reason}`));
  for (let i = 0; i < 1_000; i++) {
    reports.report(`192.0.2.${i % 250}`, "too many");
    reports.report("192.0.2.1", "it failed", `for reason ${i}`);
  }
  assert.deepEqual(told, ["192.0.2.0: too many", "192.0.2.1: it failed (for reason 0)"]);
});
