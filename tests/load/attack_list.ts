/**
 * The attacks of `deno task attack`.
 *
 * @module
 */

import { attackH2, closeWindows, H2_FLOODS, H2_FRAMES } from "../_support/attack_h2.ts";
import {
  beSlow,
  HALF_HANDSHAKE,
  IDLE,
  SLOW_CONTENTS,
  SLOW_HEADS,
  type SlowForm,
  TRICKLED_CONTENT,
} from "../_support/attack_slow.ts";
import type { H2Attacker } from "../_support/h2_attacker.ts";
import { latin1 } from "../_support/client.ts";
import { RawAttacker } from "../_support/raw_attacker.ts";
import { pause } from "../_support/waiting.ts";
import { type Attack, hold, repeat, statusesOf } from "./attack_kinds.ts";

/** Clients of an attack that holds connections. */
const HOLDERS = 500;

/** Clients that do not read. */
const NON_READERS = 50;

/** Attackers that repeat something at the same time. */
const LANES = 4;

/** Milliseconds between the pieces of those that are not silent. */
const TRICKLE_MS = 500;

/** Seconds that show the 60 s of `RESPONSE_STALL_MS`. */
const STALL_SECONDS = 65;

/** Bytes at most of what nobody asked for. */
const UNASKED_BYTES = 256 * 1024 * 1024;

const GET = "GET /ok HTTP/1.1\r\nhost: localhost\r\n\r\n";
const MIB = 1024 * 1024;
const LARGE_HEAD = latin1(`GET /ok HTTP/1.1\r\nhost: localhost\r\nx: ${"x".repeat(MIB)}\r\n\r\n`);

/** Seconds of `read_timeout` where it is to show; its default is 60. */
const READ_TIMEOUT = { readTimeout: 5 };

const slow = (form: SlowForm, more: Partial<Attack> = {}): Attack => ({
  name: form.name,
  run: (url, milliseconds) => hold(HOLDERS, milliseconds, () => beSlow(url, form, TRICKLE_MS)),
  ...more,
});

const unread = (name: string, path: string): Attack => ({
  name: `${name} that is not read`,
  guardSeconds: STALL_SECONDS,
  run: (url, milliseconds) => hold(NON_READERS, milliseconds, () => doNotRead(url, path)),
});

const http2 = (name: string): Attack => {
  const attack = [...H2_FLOODS, ...H2_FRAMES].find((one) => one.name.startsWith(name));
  if (attack === undefined) throw new Error(`There is no attack "${name}"`);
  return {
    name: `HTTP/2: ${attack.name}`,
    run: (url, milliseconds) => repeat(LANES, milliseconds, () => attackH2(url, attack)),
  };
};

/** Every attack. */
export const ATTACKS: readonly Attack[] = [
  ...SLOW_HEADS.map((form) => slow(form)),
  slow(IDLE),
  slow(HALF_HANDSHAKE, { tls: true }),
  ...SLOW_CONTENTS.map((form) => slow(form, { config: READ_TIMEOUT })),
  slow(TRICKLED_CONTENT, { config: READ_TIMEOUT }),
  unread("a stream", "/stream"),
  unread("a file", "/file"),
  unread("static content of 8 MiB", "/large"),
  {
    name: "HTTP/2: windows that are never opened",
    guardSeconds: STALL_SECONDS,
    run: holdWindows,
  },
  {
    name: "heads of 1 MB",
    run: (url, milliseconds) => repeat(LANES, milliseconds, () => sendHead(url)),
  },
  {
    name: "10,000 requests at once",
    run: (url, milliseconds) => repeat(LANES, milliseconds, () => pipeline(url, "/ok")),
  },
  {
    name: "10,000 requests at once, of a second each",
    run: (url, milliseconds) => hold(LANES, milliseconds, () => pipelineSlow(url)),
  },
  {
    name: "requests whose answers are not read",
    run: (url, milliseconds) => hold(LANES, milliseconds, () => flood(url)),
  },
  {
    name: "connects that leave at once",
    run: (url, milliseconds) => repeat(LANES * 10, milliseconds, () => leave(url, "")),
  },
  {
    name: "connects that leave without their answer",
    run: (url, milliseconds) => repeat(LANES * 10, milliseconds, () => leave(url, GET)),
  },
  http2("rapid reset"),
  http2("CONTINUATION (CVE"),
  http2("an HPACK bomb: 4 KB ten"),
  http2("PING"),
  http2("SETTINGS"),
  http2("empty DATA"),
  {
    name: "256 MB behind a request of a second",
    run: (url, milliseconds) => repeat(1, milliseconds, () => sendUnasked(url)),
  },
];

async function doNotRead(url: string, path: string): Promise<RawAttacker> {
  const attacker = await RawAttacker.connect(url, { reads: false });
  await attacker.send(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
  noticeEnd(attacker);
  return attacker;
}

/** Without reading one only learns of a cut by sending, which does no harm before that. */
async function noticeEnd(attacker: RawAttacker): Promise<void> {
  for (;;) {
    await pause(1_000);
    if (!await attacker.send("\r\n")) return void attacker.read();
  }
}

/** Holds connections whose streams wait for a window. */
async function holdWindows(url: string, milliseconds: number): Promise<Record<string, number>> {
  const attackers: H2Attacker[] = [];
  for (let count = 0; count < LANES; count++) attackers.push(await closeWindows(url));
  await pause(milliseconds);
  const outcomes: Record<string, number> = {};
  for (const { over, resets } of attackers) {
    const text = over ? "cut" : resets.size > 0 ? `${resets.size} streams reset` : "held";
    outcomes[text] = (outcomes[text] ?? 0) + 1;
  }
  return outcomes;
}

async function sendHead(url: string): Promise<string> {
  using attacker = await RawAttacker.connect(url);
  await attacker.send(LARGE_HEAD);
  const end = await attacker.end();
  return statusesOf(attacker) + end;
}

async function pipeline(url: string, path: string): Promise<string> {
  using attacker = await RawAttacker.connect(url);
  const close = GET.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
  await attacker.send(GET.replace("/ok", path).repeat(10_000) + close);
  await attacker.end();
  return `${attacker.received.split("HTTP/1.1 200").length - 1} answers`;
}

async function pipelineSlow(url: string): Promise<RawAttacker> {
  const attacker = await RawAttacker.connect(url);
  await attacker.send(GET.replace("/ok", "/slow").repeat(10_000));
  return attacker;
}

async function flood(url: string): Promise<RawAttacker> {
  const attacker = await RawAttacker.connect(url, { reads: false });
  const many = latin1(GET.repeat(1_000));
  (async () => {
    while (await attacker.send(many));
    attacker.read();
  })();
  return attacker;
}

async function leave(url: string, sends: string): Promise<string> {
  using client = await RawAttacker.connect(url, { reads: false });
  await client.send(sends);
  return "left";
}

/** The runtime reads on while a handler works. */
async function sendUnasked(url: string): Promise<string> {
  using attacker = await RawAttacker.connect(url);
  await attacker.send("GET /slow HTTP/1.1\r\nhost: localhost\r\n\r\n");
  const piece = new Uint8Array(MIB);
  let sent = 0;
  while (sent < UNASKED_BYTES && !attacker.over && await attacker.send(piece)) sent += MIB;
  await attacker.end();
  return `${statusesOf(attacker)}${sent / MIB} MB taken`;
}
