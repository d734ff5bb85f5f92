import assert from "node:assert/strict";
import { withDeadline } from "../_support/deadline.ts";
import { eventually } from "../_support/waiting.ts";
import { DEADLINE_MS, GET, guarded } from "./guarded_harness.ts";

for (
  const [name, limits, reason] of [
    ["in all", { total: 3, perClient: 100 }, /^3 connections are open, which is the limit$/],
    ["of a client", { total: 100, perClient: 3 }, /^it has 3 connections, which is the limit$/],
  ] as const
) {
  Deno.test(`GuardedListener closes connections beyond those allowed ${name}, and reports few of them`, async () => {
    await guarded({ limits }, async (harness) => {
      const clients = [await harness.connect(), await harness.connect(), await harness.connect()];
      await eventually(() => harness.driver.connections === 3, "three connections");
      for (let i = 0; i < 20; i++) {
        using refused = await harness.connect();
        assert.equal(await withDeadline(refused.readToEnd(), "a refusal", DEADLINE_MS), "");
      }
      assert.equal(harness.closed.length, 1);
      assert.match(harness.closed[0] ?? "", reason);
      await clients[0]!.send(GET);
      await clients[0]!.readUntil("hello"); // who is in is served
      clients.pop()!.close();
      await eventually(() => harness.driver.connections === 2, "a free place");
      await harness.servesOthers();
      for (const client of clients) client.close();
      await harness.empties();
    });
  });
}
