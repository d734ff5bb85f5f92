/**
 * Attacks on HTTP/3 over real QUIC, on both back-ends: what the attacker gets, that others are served meanwhile, and that
 * nothing is left.
 *
 * Rules of a single frame or stream are in `tests/protocol/h3_hostile_peer_test.ts`, and so are attacks by RESET_STREAM,
 * which the runtime's client cannot send; those on the UDP socket are in `http3_socket_test.ts`.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { BackendName } from "../../src/quic/deno.ts";
import { withDeadline } from "../_support/deadline.ts";
import { GROWTH, H3AttackTarget, record } from "../_support/h3_attack_target.ts";
import { ATTACK_MS, H3Attacker } from "../_support/h3_attacker.ts";
import { MemoryGrowth } from "../_support/memory.ts";
import { BACKENDS } from "../_support/quic_pair.ts";
import type { Attack } from "./http3_attack.ts";
import { FLOODS } from "./http3_flood_rows.ts";
import { QPACK_ATTACKS } from "./http3_qpack_rows.ts";
import { SLOW_ATTACKS } from "./http3_slow_rows.ts";

/** Codes of ends that are no error of the client. */
const BLAMELESS = ["H3_NO_ERROR", "H3_INTERNAL_ERROR"];

const ATTACKS = [...QPACK_ATTACKS, ...FLOODS, ...SLOW_ATTACKS];

/** Those that run into a time-out. They do little else, so they run at the same time. */
const WAITING = ATTACKS.filter(({ timeouts }) => timeouts !== undefined);

for (const backend of BACKENDS) {
  for (const attack of ATTACKS) {
    if (WAITING.includes(attack)) continue;
    Deno.test(`HTTP/3 (${backend}) for ${clientOf(attack)}`, async () => {
      const memory = new MemoryGrowth();
      await withstand(backend, attack);
      await memory.staysBelow(GROWTH);
    });
  }

  Deno.test(`HTTP/3 (${backend}) for clients that take their time`, async (test) => {
    const memory = new MemoryGrowth();
    const over = WAITING.map((attack) => withstand(backend, attack));
    await Promise.allSettled(over); // none may fail while nobody looks
    for (const [index, attack] of WAITING.entries()) {
      await test.step(clientOf(attack), () => over[index]);
    }
    await memory.staysBelow(GROWTH * WAITING.length); // all at the same time, each with its clients, in this process
  });
}

function clientOf({ name, code }: Attack): string {
  return `a client ${name}: the connection ${code === null ? "goes on" : `is ended with ${code}`}`;
}

/** Attacks a server of its own. */
async function withstand(
  backend: BackendName,
  { code, act, keepAlive, timeouts }: Attack,
): Promise<void> {
  await using target = new H3AttackTarget(backend, {}, timeouts);
  const bystander = target.bystander();
  using attacker = await H3Attacker.connect(target.port, keepAlive);
  await withDeadline(act(attacker, target), "the end of the attack", ATTACK_MS);
  const end = code === null
    ? await attacker.close()
    : await withDeadline(attacker.closed, "the end of the connection", ATTACK_MS);
  if (code !== null) assert.equal(end, code);
  if (code !== null && !BLAMELESS.includes(code)) {
    assert.deepEqual(target.closed.map((reason) => reason.split(":")[0]), [code]);
  }
  record(`others' p99: ${(await bystander.end()).toFixed(1)} ms`);
  await target.becomesIdle();
}
