/**
 * Attacks on WebTransport over real QUIC, on both back-ends: what the client gets, that others live on, on the same
 * connection and on another one, and that nothing is left.
 *
 * Attacks by RESET_STREAM, which the runtime's client cannot send, are in `http3_webtransport_reset_test.ts`.
 *
 * @module
 */

import assert from "node:assert/strict";
import { withDeadline } from "../_support/deadline.ts";
import { record } from "../_support/h3_attack_target.ts";
import { BACKENDS } from "../_support/quic_pair.ts";
import { WebTransportClient } from "../_support/webtransport_client.ts";
import { WebTransportTarget } from "../_support/webtransport_target.ts";
import { expectAlive, type SessionAttack } from "./http3_webtransport_attack.ts";
import { CAPSULE_ATTACKS } from "./http3_webtransport_capsule_rows.ts";
import { SESSION_FLOODS } from "./http3_webtransport_flood_rows.ts";
import { HANDSHAKE_ATTACKS } from "./http3_webtransport_handshake_rows.ts";
import { SERVER_ATTACKS } from "./http3_webtransport_server_rows.ts";
import { STREAM_ATTACKS } from "./http3_webtransport_stream_rows.ts";

/** Milliseconds that an attack may take before it counts as hanging. */
const ATTACK_MS = 60_000;

const ATTACKS = [
  ...HANDSHAKE_ATTACKS,
  ...CAPSULE_ATTACKS,
  ...STREAM_ATTACKS,
  ...SESSION_FLOODS,
  ...SERVER_ATTACKS,
];

for (const backend of BACKENDS) {
  for (const attack of ATTACKS) {
    const outcome = attack.code === null ? "goes on" : `is ended with ${attack.code}`;
    Deno.test(`WebTransport (${backend}) with a client ${attack.name}: the connection ${outcome}`, async () => {
      await using target = new WebTransportTarget({ backend, ...attack.server });
      const bystander = target.bystander();
      await using client = await WebTransportClient.connect(target.port, attack.client);
      await run(attack, client, target);
      record(`others' p99: ${(await bystander.end()).toFixed(1)} ms`);
      if (attack.told !== undefined) await target.told(`/ ${attack.told}`);
      await target.empties(attack.logged);
    });
  }
}

async function run(
  { code, client: settings, server, act }: SessionAttack,
  client: WebTransportClient,
  target: WebTransportTarget,
): Promise<void> {
  const able = settings === undefined && server?.webtransport?.maxSessions !== 0;
  const sibling = able ? await client.open({ path: "/sibling" }) : null;
  await withDeadline(act(client, target), "the end of the attack", ATTACK_MS);
  if (code === null) {
    if (sibling) await expectAlive(sibling);
    assert.deepEqual(await client.get(), { status: 200, text: "ok" });
    await client.close();
  } else {
    assert.equal(await withDeadline(client.closed, "the end of the connection", ATTACK_MS), code);
    await target.told("/sibling unclean 0");
  }
}
