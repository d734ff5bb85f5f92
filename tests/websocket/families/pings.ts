/** Family 2: pings and pongs. */

import {
  accepted,
  type Case,
  type Chopping,
  frame,
  hex,
  pong,
  refused,
  type Script,
} from "./case.ts";

const FAMILY = "2 pings and pongs";

const BINARY = hex("00ff fefd fcfb 00ff");
const LARGEST = new Uint8Array(125).fill(0xfe);

const ROWS: readonly (readonly [description: string, script: () => Script])[] = [
  ["ping without payload", () => accepted([frame("ping")], [pong()])],
  ["ping with text", () => accepted([frame("ping", "Hello!")], [pong("Hello!")])],
  ["ping with bytes", () => accepted([frame("ping", BINARY)], [pong(BINARY)])],
  ["ping with 125 bytes", () => accepted([frame("ping", LARGEST)], [pong(LARGEST)])],
  ["ping with 126 bytes", () => refused(1002, [frame("ping", new Uint8Array(126))])],
  [
    "ping with 125 bytes, octet by octet",
    () => accepted([frame("ping", LARGEST)], [pong(LARGEST)], "by octet"),
  ],
  ["pong that nobody asked for", () => accepted([frame("pong")], [])],
  ["pong with payload that nobody asked for", () => accepted([frame("pong", "unasked")], [])],
  [
    "pong that nobody asked for, then a ping",
    () => accepted([frame("pong", "unasked"), frame("ping", "asked")], [pong("asked")]),
  ],
  ["ten pings", () => ten("by frame")],
  ["ten pings, octet by octet", () => ten("by octet")],
];

function ten(chopping: Chopping): Script {
  const payloads = Array.from({ length: 10 }, (_, index) => `payload-${index}`);
  return accepted(
    payloads.map((it) => frame("ping", it)),
    payloads.map((it) => pong(it)),
    chopping,
  );
}

/** Family 2. */
export const PINGS: readonly Case[] = ROWS.map(([description, script], index) => ({
  family: FAMILY,
  id: `2.${index + 1}`,
  description,
  script,
}));
