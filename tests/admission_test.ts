import assert from "node:assert/strict";
import { Admission, clientKey } from "../src/admission.ts";

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
    assert.equal(clientKey(hostname), key);
  });
}

Deno.test("Admission gives places back, to each client its own", () => {
  const admission = new Admission({ total: 3, perClient: 2 });
  const [a, b] = ["192.0.2.1", "192.0.2.2"] as const;
  assert.equal(admission.admit(a), null);
  assert.equal(admission.admit(a), null);
  assert.match(admission.admit(a) ?? "", /^it has 2 connections/);
  assert.equal(admission.admit(b), null);
  assert.match(admission.admit(b) ?? "", /^3 connections are open/);
  admission.release(a);
  assert.equal(admission.admit(b), null);
  admission.release(b);
  admission.release(b);
  admission.release(a);
  assert.equal(admission.total, 0);
});

Deno.test("Admission.full says when nobody can be admitted, whoever it is", () => {
  const admission = new Admission({ total: 2, perClient: 2 });
  assert.equal(admission.full, null);
  admission.admit("192.0.2.1");
  admission.admit(null); // on a Unix socket: counts in all
  assert.match(admission.full ?? "", /^2 connections are open/);
  assert.equal(admission.admit(null), admission.full);
  admission.release(null);
  assert.equal(admission.full, null);
});

Deno.test("Admission counts the addresses of one /64 as one client", () => {
  const admission = new Admission({ total: 9, perClient: 1 });
  assert.equal(admission.admit("2001:db8:1:2::1"), null);
  assert.match(admission.admit("2001:db8:1:2:3::2") ?? "", /^it has 1 connections/);
  assert.equal(admission.admit("2001:db8:1:3::1"), null);
  admission.release("2001:db8:1:2::1");
  admission.release("2001:db8:1:3::1");
  assert.equal(admission.total, 0);
});
