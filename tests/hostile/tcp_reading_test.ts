/**
 * Clients that ask for much and do not read it: they are cut once they have not taken a piece in time, the memory they
 * cost is bounded, others are served, and nothing is left.
 *
 * @module
 */

import assert from "node:assert/strict";
import { CONTENT } from "../_support/attack_bystander.ts";
import { Bystander } from "../_support/attack_bystander.ts";
import { RawAttacker } from "../_support/raw_attacker.ts";
import { eventually } from "../_support/waiting.ts";
import { guarded } from "../protocol/guarded_harness.ts";

const MIB = 1024 * 1024;

/** Clients of each row. */
const ATTACKERS = 100;

/** Milliseconds for a piece of a response; enough for who reads. */
const STALL_MS = 500;

/** Bytes of what is static: more than the system buffers. */
const STATIC_BYTES = 16 * MIB;

const bytes = new Uint8Array(STATIC_BYTES);

const ROWS: readonly {
  readonly name: string;
  /** Memory for each client, garbage of what the system took included; static content is the application's, which makes it anew for every response. */
  readonly bytesEach: number;
  body(): BodyInit | Promise<BodyInit>;
}[] = [
  {
    name: "a stream",
    bytesEach: 2 * MIB,
    body: () =>
      new ReadableStream({ pull: (controller) => controller.enqueue(bytes.slice(0, 65_536)) }),
  },
  {
    name: "a file",
    bytesEach: 2 * MIB,
    async body() {
      const path = await Deno.makeTempFile();
      await Deno.truncate(path, 64 * MIB);
      const { readable } = await Deno.open(path);
      await Deno.remove(path); // it lives as long as it is open
      return readable;
    },
  },
  { name: "static content", bytesEach: STATIC_BYTES + MIB, body: () => bytes },
];

for (const { name, bytesEach, body } of ROWS) {
  Deno.test(`A guarded listener cuts ${ATTACKERS} clients that do not read ${name}`, async () => {
    const handle = async (request: Request) =>
      new Response(request.url.endsWith("/ok") ? CONTENT : await body());
    await guarded({ handle, stallMs: STALL_MS }, async (harness) => {
      const before = Deno.memoryUsage().rss;
      {
        await using bystander = new Bystander(harness.url);
        const attackers = await Promise.all(
          Array.from({ length: ATTACKERS }, () => askAndWait(harness.url)),
        );
        await bystander.served();
        const peak = await peakUntil(() =>
          harness.closed.length > 0 && harness.driver.connections <= 1
        );
        const grown = peak - before;
        assert.ok(grown < ATTACKERS * bytesEach, `${grown} bytes more`);
        for (const attacker of attackers) {
          attacker.read();
          await attacker.end();
          assert.match(attacker.received, /^HTTP\/1\.1 200 OK\r\n/);
          attacker.close();
        }
        await bystander.served();
      }
      assert.match(harness.closed.join("; "), /does not read the response/);
      await harness.empties();
    });
  });
}

async function askAndWait(url: string): Promise<RawAttacker> {
  const attacker = await RawAttacker.connect(url, { reads: false });
  await attacker.send("GET /much HTTP/1.1\r\nhost: localhost\r\n\r\n");
  return attacker;
}

/** Most resident memory until `over`, in bytes. */
async function peakUntil(over: () => boolean): Promise<number> {
  let peak = 0;
  await eventually(() => {
    peak = Math.max(peak, Deno.memoryUsage().rss);
    return over();
  }, "the end of those that do not read");
  return peak;
}
