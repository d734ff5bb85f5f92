/**
 * Large heads, many requests at once, many connections, and bytes that nobody asked for: what the attackers get, and
 * that on both drivers memory is bounded where it can be, others are served, and nothing is left.
 *
 * @module
 */

import assert from "node:assert/strict";
import { AttackedProcess } from "../_support/attack_process.ts";
import { latin1 } from "../_support/client.ts";
import { RawAttacker } from "../_support/raw_attacker.ts";
import { standstill } from "../_support/waiting.ts";

const MIB = 1024 * 1024;

/** Clients that send the same head at the same time. */
const BOMBERS = 20;

/** What the server may take, beyond what it had. */
const MEMORY_BYTES = 48 * MIB;

const head = (fields: string, target = "/ok") =>
  `GET ${target} HTTP/1.1\r\nhost: localhost\r\n${fields}\r\n`;
const GET = head("");

/** Heads, and the status each gets; it is lost when the connection is reset for what is still unread. */
const HEADS: readonly { readonly name: string; readonly sends: string; readonly gets: RegExp }[] = [
  { name: "60 KB of fields", sends: head(field("x", 500).repeat(120)), gets: /^200$/ },
  { name: "a cookie of 60 KB", sends: head(field("cookie", 60_000)), gets: /^200$/ },
  { name: "a value of 64 KiB", sends: head(field("x", 65_536)), gets: /^(400)?$/ },
  { name: "129 fields", sends: head(field("x", 1).repeat(128)), gets: /^400$/ },
  { name: "10,000 fields", sends: head(field("x", 1).repeat(10_000)), gets: /^(400)?$/ },
  { name: "1 MB of fields", sends: head(field("x", 1_000).repeat(1_000)), gets: /^(400)?$/ },
  { name: "a field of 1 MB", sends: head(field("x", MIB)), gets: /^(400)?$/ },
  { name: "a name of 1 MB", sends: head(`${"x".repeat(MIB)}: x\r\n`), gets: /^(400)?$/ },
  { name: "a target of 1 MB", sends: head("", `/${"x".repeat(MIB)}`), gets: /^(400)?$/ },
  { name: "a target of 60 KB", sends: head("", `/${"x".repeat(60_000)}`), gets: /^414$/ },
  { name: "a method of 1 MB", sends: `${"G".repeat(MIB)}${GET}`, gets: /^(400)?$/ },
  { name: "1 MB of empty lines", sends: "\r\n".repeat(MIB / 2), gets: /^(400)?$/ },
];

for (const guard of ["off", "on"] as const) {
  Deno.test(`HTTP/1.1, guard ${guard}: large heads of ${BOMBERS} clients at a time`, async (test) => {
    await using server = await AttackedProcess.start({ guard });
    for (const { name, sends, gets } of HEADS) {
      await test.step(name, () =>
        bounded(server, async () => {
          const bytes = latin1(sends);
          const statuses = await Promise.all(
            Array.from({ length: BOMBERS }, () => bomb(server.url, bytes)),
          );
          for (const status of statuses) assert.match(status, gets);
        }));
    }
  });

  Deno.test(`HTTP/1.1, guard ${guard}: 10,000 requests at once`, async (test) => {
    await using server = await AttackedProcess.start({ guard, keepAliveMaxRequests: 500 });
    await test.step("are answered, by the guard no more than a connection may have", () =>
      bounded(server, async () => {
        using attacker = await RawAttacker.connect(server.url);
        await attacker.send(GET.repeat(10_000) + head("connection: close\r\n"));
        await attacker.end();
        const count = attacker.received.split("HTTP/1.1 200 OK\r\n").length - 1;
        // The cut resets the connection while requests are unread, which may overtake the last answers.
        if (guard === "on") assert.ok(count > 0 && count <= 500, `${count} answers`);
        else assert.equal(count, 10_001);
      }));
    await test.step("wait in the system when their client does not read", () =>
      bounded(server, async () => {
        using attacker = await RawAttacker.connect(server.url, { reads: false });
        let sent = 0;
        const sending = (async () => {
          while (sent < 200 * MIB && await attacker.send(GET.repeat(1_000))) {
            sent += GET.length * 1_000;
          }
        })();
        const stopped = await standstill(() => sent);
        assert.ok(stopped < 200 * MIB);
        attacker.close();
        await sending;
      }));
  });

  Deno.test(`HTTP/1.1, guard ${guard}: connections that come and go`, async (test) => {
    await using server = await AttackedProcess.start({ guard });
    for (const { name, sends, memoryBytes } of LEAVERS) {
      await test.step(name, () =>
        bounded(server, async () => {
          for (let round = 0; round < 10; round++) {
            await Promise.all(Array.from({ length: 50 }, () => comeAndGo(server.url, sends)));
          }
        }, memoryBytes));
    }
  });

  // The runtime reads on while a handler works, and keeps it all: how much is in SECURITY.md, and `deno task attack`.
  Deno.test(`HTTP/1.1, guard ${guard}: others are served while a client sends what nobody asked for`, async () => {
    await using server = await AttackedProcess.start({ guard });
    {
      await using bystander = server.bystander();
      using attacker = await RawAttacker.connect(server.url);
      await attacker.send(head("", "/slow"));
      for (let sent = 0; sent < 64 * MIB; sent += MIB) {
        if (!await attacker.send(new Uint8Array(MIB))) break;
      }
      await bystander.served();
      await attacker.end();
      assert.match(attacker.received, /^HTTP\/1\.1 200 OK\r\n/);
    }
    await server.empties();
  });
}

/** What clients send before they leave without having read the answer, which resets the connection. */
const LEAVERS: readonly {
  readonly name: string;
  readonly sends: string;
  readonly memoryBytes?: number;
}[] = [
  { name: "without a word", sends: "" },
  { name: "in the middle of a head", sends: "GET /ok HT" },
  {
    name: "in the middle of an upload",
    sends: "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nx",
  },
  { name: "after a request", sends: GET },
  // Pieces of 64 KiB that nobody took are garbage, which is collected when there is more of it.
  { name: "while they are answered", sends: head("", "/stream"), memoryBytes: 192 * MIB },
];

async function comeAndGo(url: string, sends: string): Promise<void> {
  using client = await RawAttacker.connect(url, { reads: false });
  await client.send(sends);
}

/** Does something while another client is served, and checks that it costs little memory, and leaves nothing. */
async function bounded(
  server: AttackedProcess,
  attack: () => Promise<void>,
  memoryBytes = MEMORY_BYTES,
): Promise<void> {
  const before = server.startMemory();
  {
    await using bystander = server.bystander();
    await bystander.served();
    await attack();
    await bystander.served();
  }
  const grown = server.peakMemory - before;
  assert.ok(grown < memoryBytes, `${grown} bytes more`);
  await server.empties();
}

/** Sends a head, and returns the status, if it comes. */
async function bomb(url: string, sends: Uint8Array): Promise<string> {
  using attacker = await RawAttacker.connect(url);
  await attacker.send(sends);
  await Promise.race([
    attacker.ended,
    attacker.until((text) => text.includes("\r\n\r\n"), "an answer"),
  ]);
  return /^HTTP\/1\.1 ([0-9]{3}) /.exec(attacker.received)?.[1] ?? "";
}

function field(name: string, bytes: number): string {
  return `${name}: ${"x".repeat(bytes)}\r\n`;
}
