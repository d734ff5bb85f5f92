/**
 * Slowloris in its forms, by a hundred clients each, against a guarded server with short times: all are cut, others are
 * served meanwhile, and nothing is left.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { ConfigInit } from "../../src/config/mod.ts";
import { Bystander, CONTENT } from "../_support/attack_bystander.ts";
import {
  beSlow,
  HALF_HANDSHAKE,
  IDLE,
  SLOW_CONTENTS,
  SLOW_HEADS,
  type SlowForm,
  TRICKLED_CONTENT,
} from "../_support/attack_slow.ts";
import { AttackTarget } from "../_support/attack_target.ts";
import { TLS_OPTIONS } from "../_support/certificates.ts";
import type { RawAttacker } from "../_support/raw_attacker.ts";
import { eventually, pause } from "../_support/waiting.ts";

/** Attackers at a time. */
const ATTACKERS = 100;

/** Milliseconds between the pieces of those that are not silent. */
const TRICKLE_MS = 50;

/** Milliseconds after which something that has to happen is said not to come. */
const DEADLINE_MS = 30_000;

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
  { ...TRICKLED_CONTENT, gets: /^(HTTP\/1\.1 408 [^]*)?$/ },
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

Deno.test("handler_timeout ends content byte by byte that is read as a stream, which no other time does", async () => {
  const reads = async (request: Request) => {
    for await (const _piece of request.body ?? []) { /* to the end */ }
    return new Response(CONTENT);
  };
  await using target = await AttackTarget.start(reads, {
    ...SHORT,
    handlerTimeout: 1,
  });
  {
    await using bystander = target.bystander();
    const attackers = await attack(target.url, TRICKLED_CONTENT);
    for (const attacker of attackers) {
      await attacker.until((text) => text.includes("\r\n\r\n"), "the response");
      assert.match(attacker.received, /^HTTP\/1\.1 504 /);
      attacker.close();
    }
    await bystander.served();
  }
  await target.empties("HandlerTimeoutError");
});

// The runtime lets go of no connection before its handshake is over, so these count until their clients leave.
Deno.test(`A guarded server counts ${HALF_HANDSHAKE.name} of ${ATTACKERS} clients against max_connections`, async () => {
  const config: ConfigInit = {
    ...SHORT,
    ...TLS_OPTIONS,
    sslHandshakeTimeout: TIMEOUT_SECONDS,
    maxConnections: ATTACKERS + 4,
    loglevel: "INFO",
  };
  await using target = await AttackTarget.start(handle, config);
  const attackers = await attack(target.url, HALF_HANDSHAKE);
  await eventually(() => target.log.matching("ssl_handshake_timeout").length > 0, "the report");
  {
    await using bystander = target.bystander();
    await bystander.served();
  }
  const more = await Promise.all(
    Array.from({ length: 10 }, () => beSlow(target.url, HALF_HANDSHAKE, TRICKLE_MS)),
  );
  await eventually(() => target.log.matching("which is the limit").length > 0, "the refusal");
  for (const attacker of [...attackers, ...more]) attacker.close();
  await served(target.url);
  await target.empties();
});

/** Waits until the server has noticed that there is room again. */
async function served(url: string): Promise<void> {
  const end = performance.now() + DEADLINE_MS;
  for (;;) {
    const bystander = new Bystander(url);
    await pause(TRICKLE_MS);
    if (await bystander[Symbol.asyncDispose]().then(() => true, () => false)) return;
    assert.ok(performance.now() < end, "Nobody is served");
  }
}

function attack(url: string, form: SlowForm): Promise<RawAttacker[]> {
  return Promise.all(Array.from({ length: ATTACKERS }, () => beSlow(url, form, TRICKLE_MS)));
}
