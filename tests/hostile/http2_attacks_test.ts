/**
 * Attacks on HTTP/2, which is the runtime's: what becomes of the connection, recorded; and that on both drivers memory
 * is bounded, others are served, and nothing is left.
 *
 * @module
 */

import assert from "node:assert/strict";
import { attackH2, closeWindows, H2_FLOODS, H2_FRAMES } from "../_support/attack_h2.ts";
import { AttackedProcess } from "../_support/attack_process.ts";
import { concat } from "../_support/bytes.ts";
import { latin1 } from "../_support/client.ts";
import { FRAME, frame, PREFACE, requestFrame } from "../_support/h2_attacker.ts";
import { RawAttacker } from "../_support/raw_attacker.ts";
import { standstill } from "../_support/waiting.ts";

const MIB = 1024 * 1024;

/** What the server may take for any attack, beyond what it had: a part of what the floods send. */
const MEMORY_BYTES = 48 * MIB;

/** What a response may have in memory, which has no end: some pieces of 64 KiB. */
const STREAM_BYTES = MIB / 2;

/** What has an answer of the runtime. */
const UNREAD = [
  { name: "PING", repeats: frame(FRAME.PING, 0, 0, new Uint8Array(8)) },
  { name: "SETTINGS", repeats: frame(FRAME.SETTINGS, 0, 0) },
];

/** Far more than systems hold of a connection. */
const UNREAD_BYTES = 200 * MIB;

for (const guard of ["off", "on"] as const) {
  Deno.test(`HTTP/2, guard ${guard}: attacks on a connection`, async (test) => {
    await using server = await AttackedProcess.start({ guard });
    for (const attack of [...H2_FLOODS, ...H2_FRAMES]) {
      await test.step(attack.name, async () => {
        const before = server.startMemory();
        {
          await using bystander = server.bystander();
          await bystander.served();
          assert.match(await attackH2(server.url, attack), attack.gets);
          await bystander.served();
        }
        const grown = server.peakMemory - before;
        assert.ok(grown < MEMORY_BYTES, `${grown} bytes more`);
        await server.empties();
      });
    }
  });

  Deno.test(`HTTP/2, guard ${guard}: answers that are not read`, async (test) => {
    await using server = await AttackedProcess.start({ guard });
    for (const { name, repeats } of UNREAD) {
      await test.step(`to ${name} have the rest wait in the system`, async () => {
        const before = server.startMemory();
        {
          await using bystander = server.bystander();
          await bystander.served();
          using attacker = await RawAttacker.connect(server.url, { reads: false });
          await attacker.send(concat([latin1(PREFACE), frame(FRAME.SETTINGS, 0, 0)]));
          const many = concat(Array.from({ length: 1_000 }, () => repeats));
          let sent = 0;
          const sending = (async () => {
            while (sent < UNREAD_BYTES && await attacker.send(many)) sent += many.length;
          })();
          const stopped = await standstill(() => sent);
          assert.ok(stopped < UNREAD_BYTES);
          await bystander.served();
          attacker.close();
          await sending;
        }
        const grown = server.peakMemory - before;
        assert.ok(grown < MEMORY_BYTES, `${grown} bytes more`);
        await server.empties();
      });
    }
  });

  Deno.test(`HTTP/2, guard ${guard}: windows that are never opened hold no content in memory`, async () => {
    await using server = await AttackedProcess.start({ guard });
    const before = server.startMemory();
    {
      await using bystander = server.bystander();
      const attackers = await Promise.all(
        Array.from({ length: 2 }, () => closeWindows(server.url)),
      );
      await bystander.served(20);
      const grown = server.peakMemory - before;
      assert.ok(grown < 200 * STREAM_BYTES, `${grown} bytes more`);
      assert.equal(await attackers[0]!.send(requestFrame(201)), true);
      for (const attacker of attackers) attacker.close();
    }
    await server.empties();
  });
}
