import assert from "node:assert/strict";
import { Admission, clientKey } from "../../src/protocol/guarded_admission.ts";
import { withDeadline } from "../_support/deadline.ts";
import { eventually } from "../_support/waiting.ts";
import { DEADLINE_MS, GET, guarded } from "./guarded_harness.ts";

const KEYS: readonly [hostname: string, key: string][] = [
  ["127.0.0.1", "127.0.0.1"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
  ["2001:db8:1:2::9", "2001:db8:1:2"],
  ["2001:db8::1:2:3:4:5", "2001:db8:0:1"],
  ["2001:db8::9", "2001:db8:0:0"],
  ["::1", "0:0:0:0"],
  ["fe80::", "fe80:0:0:0"],
];

for (const [hostname, key] of KEYS) {
  Deno.test(`clientKey() of ${hostname} is ${key}`, () => {
    assert.equal(clientKey({ transport: "tcp", hostname, port: 1 }), key);
  });
}

Deno.test("clientKey() of a Unix socket is null", () => {
  assert.equal(clientKey({ transport: "unix", path: "/run/a.sock" }), null);
});

Deno.test("Admission gives places back, to each client its own", () => {
  const admission = new Admission({ total: 3, perClient: 2 });
  const [a, b] = ["192.0.2.1", "192.0.2.2"].map((hostname) =>
    ({ transport: "tcp", hostname, port: 1 }) as const
  );
  assert.equal(admission.admit(a!), null);
  assert.equal(admission.admit(a!), null);
  assert.match(admission.admit(a!) ?? "", /^it has 2 connections/);
  assert.equal(admission.admit(b!), null);
  assert.match(admission.admit(b!) ?? "", /^3 connections are open/);
  admission.release(a!);
  assert.equal(admission.admit(b!), null);
  admission.release(b!);
  admission.release(b!);
  admission.release(a!);
  assert.equal(admission.total, 0);
});

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
