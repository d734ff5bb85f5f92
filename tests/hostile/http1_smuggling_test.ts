/**
 * Requests that are to be seen differently by a proxy and by us (RFC 9112 §11.2), on both drivers: what comes of them
 * exactly, and that the application gets nothing that a proxy would not have forwarded.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { FetchFramework } from "../../src/framework_types.ts";
import { CONTENT } from "../_support/attack_bystander.ts";
import { allowed } from "../_support/attack_proxy.ts";
import { AttackTarget } from "../_support/attack_target.ts";
import { RawAttacker } from "../_support/raw_attacker.ts";
import { FRAMING_ROWS } from "./http1_framing_rows.ts";
import { HEAD_ROWS } from "./http1_head_rows.ts";
import type { SmugglingRow } from "./http1_smuggling_rows.ts";

const ROWS: readonly SmugglingRow[] = [...FRAMING_ROWS, ...HEAD_ROWS];

const LAST = "GET /last HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/** An application that notes what it gets completely. */
function noting(seen: string[]): FetchFramework {
  return async (request) => {
    const target = request.url.replace(/^[a-z]+:\/\/[^/?#]*/, "");
    if (target === "/ok") return new Response(CONTENT);
    const content = await request.text();
    seen.push(`${request.method} ${target} ${content}`);
    return new Response("seen\n");
  };
}

/** Statuses of the responses in `text`. */
function statuses(text: string): number[] {
  return [...text.matchAll(/^HTTP\/1\.[01] ([0-9]{3}) /gm)].map(([, status]) => Number(status));
}

/** Waits for what a row gets, and for what comes then. */
async function attack(attacker: RawAttacker, { sends, gets, then }: SmugglingRow): Promise<void> {
  await attacker.send(sends);
  await attacker.until(() => statuses(attacker.received).length >= gets.length, "the responses");
  if (then === "open") await attacker.send(LAST);
}

for (const guard of ["off", "on"] as const) {
  Deno.test(`HTTP/1.1, guard ${guard}: requests that proxies may see differently`, async (test) => {
    const seen: string[] = [];
    await using target = await AttackTarget.start(noting(seen), { guard, loglevel: "ERROR" });
    for (const row of ROWS) {
      await test.step(row.name, async () => {
        await tryRow(target, row, seen);
        await target.empties();
      });
    }
  });
}

async function tryRow(target: AttackTarget, row: SmugglingRow, seen: string[]): Promise<void> {
  await using bystander = target.bystander();
  using attacker = await RawAttacker.connect(target.url);
  await attack(attacker, row);
  await bystander.served();
  if (row.then === "waits") {
    assert.equal(attacker.over, false);
    attacker.close();
  } else await attacker.end();
  const last = row.then === "open";
  assert.deepEqual(statuses(attacker.received), last ? [...row.gets, 200] : row.gets);
  assert.deepEqual(seen.splice(0), last ? [...row.sees, "GET /last "] : row.sees);
}

for (const guard of ["off", "on"] as const) {
  Deno.test(`HTTP/1.1, guard ${guard}: every row byte by byte shows the application the same`, async () => {
    const seen: string[] = [];
    await using target = await AttackTarget.start(noting(seen), { guard, loglevel: "ERROR" });
    for (const { name, sends, sees, gets, then } of ROWS.filter(({ whole }) => !whole)) {
      using attacker = await RawAttacker.connect(target.url);
      for (const byte of sends) if (!await attacker.send(byte)) break;
      if (then === "closed") await attacker.end();
      else await attacker.until((text) => statuses(text).length >= gets.length, name);
      assert.deepEqual(seen.splice(0), sees, name);
    }
    await target.empties();
  });
}

Deno.test("HTTP/1.1: no row makes the application see what a proxy would not have forwarded", () => {
  for (const { name, sends, sees, lenient } of ROWS) {
    assert.ok(sees.every((request) => !/^\S+ \/smuggled /.test(request)), name);
    const proxy = allowed(sends);
    const beyond = sees.filter((request) => !proxy.includes(request));
    assert.equal(beyond.length > 0, lenient !== undefined, `${name}: ${JSON.stringify(beyond)}`);
  }
});
