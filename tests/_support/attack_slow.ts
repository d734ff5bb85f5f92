/**
 * Slowloris in its forms: clients that begin something and never end it.
 *
 * @module
 */

import { concat } from "./bytes.ts";
import { latin1 } from "./client.ts";
import { FLAGS, FRAME, frame, literal, PREFACE, requestFields } from "./h2_attacker.ts";
import { RawAttacker } from "./raw_attacker.ts";
import { pause } from "./waiting.ts";

/** A way of being slow. */
export interface SlowForm {
  /** What it is. */
  readonly name: string;
  /** What it says at once. */
  readonly opening: string | Uint8Array;
  /** What it says from time to time after that, for ever; nothing when absent. */
  readonly trickle?: (turn: number) => string | Uint8Array;
}

const SETTINGS = frame(FRAME.SETTINGS, 0, 0);
const POST = "POST /echo HTTP/1.1\r\nhost: localhost\r\n";

/** The beginning of a ClientHello (RFC 8446 §4.1.2), whose record announces 512 bytes. */
const HALF_CLIENT_HELLO = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + "x".repeat(100);

/** Before the head of a request is complete. */
export const SLOW_HEADS: readonly SlowForm[] = [
  { name: "silence", opening: "" },
  { name: "half a request line", opening: "GET /ok HT" },
  { name: "a head byte by byte", opening: "GET /ok HTTP/1.1\r\nx: ", trickle: () => "x" },
  {
    name: "a head without an end",
    opening: "GET /ok HTTP/1.1\r\nhost: localhost\r\n",
    trickle: (turn) => `x-${turn}: x\r\n`,
  },
  { name: "half an HTTP/2 preface", opening: PREFACE.slice(0, 12) },
  { name: "an HTTP/2 preface and nothing more", opening: concat([latin1(PREFACE), SETTINGS]) },
  {
    name: "HTTP/2 pings and no request",
    opening: concat([latin1(PREFACE), SETTINGS]),
    trickle: () => frame(FRAME.PING, 0, 0, new Uint8Array(8)),
  },
  {
    name: "HTTP/2 fields without an end",
    opening: concat([
      latin1(PREFACE),
      SETTINGS,
      frame(FRAME.HEADERS, FLAGS.END_STREAM, 1, requestFields()),
    ]),
    trickle: (turn) => frame(FRAME.CONTINUATION, 0, 1, literal(`x-${turn}`, "x")),
  },
];

/** After it. */
export const SLOW_CONTENTS: readonly SlowForm[] = [
  { name: "content that is announced and not sent", opening: `${POST}content-length: 10\r\n\r\n` },
  {
    name: "chunks without an end",
    opening: `${POST}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n`,
  },
];

/** Content that does come, hardly: it would take 50 s and more. */
export const TRICKLED_CONTENT: SlowForm = {
  name: "content byte by byte",
  opening: `${POST}content-length: 1000\r\n\r\n`,
  trickle: () => "x",
};

/** Nothing after a response. */
export const IDLE: SlowForm = {
  name: "silence after a response",
  opening: "GET /ok HTTP/1.1\r\nhost: localhost\r\n\r\n",
};

/** A TLS handshake that does not go on. */
export const HALF_HANDSHAKE: SlowForm = {
  name: "half a TLS ClientHello",
  opening: HALF_CLIENT_HELLO,
};

/** Connects without TLS, and is slow until the server ends it or `attacker.close()`. */
export async function beSlow(
  url: string,
  { opening, trickle }: SlowForm,
  everyMs: number,
): Promise<RawAttacker> {
  const attacker = await RawAttacker.connect(url.replace("https:", "http:"));
  await attacker.send(opening);
  if (trickle) keepOn(attacker, trickle, everyMs);
  return attacker;
}

async function keepOn(
  attacker: RawAttacker,
  trickle: (turn: number) => string | Uint8Array,
  everyMs: number,
): Promise<void> {
  for (let turn = 0; !attacker.over; turn++) {
    await pause(everyMs);
    if (!await attacker.send(trickle(turn))) return;
  }
}
