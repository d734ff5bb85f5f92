/**
 * Slowloris in its forms, by a hundred clients each, against a guarded server with short times: all are cut, others are
 * served meanwhile, and nothing is left.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { ConfigInit } from "../../src/config/mod.ts";
import { CONTENT } from "../_support/attack_bystander.ts";
import { beSlow, IDLE, SLOW_CONTENTS, SLOW_HEADS, type SlowForm } from "../_support/attack_slow.ts";
import { AttackTarget } from "../_support/attack_target.ts";
import type { RawAttacker } from "../_support/raw_attacker.ts";

/** Attackers at a time. */
const ATTACKERS = 100;

/** Milliseconds between the pieces of those that are not silent. */
const TRICKLE_MS = 50;

/** Seconds of every time-out; enough for a request that is sent at once. */
const TIMEOUT_SECONDS = 0.5;

const SHORT: ConfigInit = {
  guard: "on",
  loglevel: "ERROR",
  keepAliveTimeout: TIMEOUT_SECONDS,
  readTimeout: TIMEOUT_SECONDS,
};

async function handle(request: Request): Promise<Response> {
  if (request.method === "POST") await request.text();
  return new Response(CONTENT);
}

/** A form, and what its clients get before they are cut. */
const FORMS: readonly (SlowForm & { readonly gets: RegExp })[] = [
  ...SLOW_HEADS.map((form) => ({ ...form, gets: /^[^H]*$/ })), // no response of HTTP/1.1
  ...SLOW_CONTENTS.map((form) => ({ ...form, gets: /^(HTTP\/1\.1 408 [^]*)?$/ })),
  { ...IDLE, gets: /^HTTP\/1\.1 200 OK\r\n[^]*all is well\n$/ },
];

for (const { gets, ...form } of FORMS) {
  Deno.test(`A guarded server ends ${form.name}, of ${ATTACKERS} clients`, async () => {
    await using target = await AttackTarget.start(handle, SHORT);
    {
      await using bystander = target.bystander();
      const attackers = await attack(target.url, form);
      await bystander.served();
      await Promise.all(attackers.map((attacker) => attacker.end()));
      await bystander.served();
      for (const attacker of attackers) {
        assert.match(attacker.received, gets);
        attacker.close();
      }
      assert.ok(target.connectionsEver > ATTACKERS);
    }
    await target.empties();
  });
}

function attack(url: string, form: SlowForm): Promise<RawAttacker[]> {
  return Promise.all(Array.from({ length: ATTACKERS }, () => beSlow(url, form, TRICKLE_MS)));
}
