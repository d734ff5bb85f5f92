/** Family 7: the close handshake. */

import {
  type Case,
  close,
  concat,
  fragments,
  frame,
  hex,
  refused,
  type Script,
  text,
  write,
} from "./case.ts";
import { closePayload, utf8, type WireFrame } from "../wire.ts";

const FAMILY = "7 closing";

const HELLO = frame("text", "Hello World!");
const LARGE = "BAsd7&jh23".repeat(26_215).slice(0, 262_144);
const TWO = fragments("text", ["fragment1", "fragment2"]);

/** A client that closes, whatever it sends afterwards. */
function closed(frames: readonly WireFrame[], code = 1000): Script {
  return { steps: write(frames), answers: [], close: code };
}

function bare(payload: Uint8Array | string): WireFrame {
  return frame("ping", payload, { opcode: 0x8 });
}

const ROWS: readonly (readonly [id: string, description: string, script: () => Script])[] = [
  ["7.1.1", "a message, then close", () => ({
    ...closed([HELLO, close()]),
    answers: [text("Hello World!")],
  })],
  ["7.1.2", "two closes", () => closed([close(), close()])],
  ["7.1.3", "a ping after close", () => closed([close(), frame("ping")])],
  ["7.1.4", "text after close", () => closed([close(), HELLO])],
  ["7.1.5", "close between the frames of a message", () => closed([TWO[0]!, close(), TWO[1]!])],
  ["7.1.6", "256 KiB of text, close, a ping", () => ({
    ...closed([frame("text", LARGE), close(), frame("ping")]),
    answers: [text(LARGE)],
  })],
  ["x7.1.7", "close, then what is no frame", () => ({
    steps: [...write([close()]), { bytes: hex("ff ff ff ff ff ff") }],
    answers: [],
    close: 1000,
  })],
  ["7.3.1", "close without payload", () => closed([bare("")], 1005)],
  ["7.3.2", "close with half a code", () => refused(1002, [bare("a")])],
  [
    "x7.3.7",
    "close with half a code that would be a valid one with a zero",
    () => refused(1002, [bare(hex("0c"))]),
  ],
  ["7.3.3", "close with a code", () => closed([close(1000)])],
  ["7.3.4", "close with code and reason", () => closed([close(1000, "Hello World!")])],
  ["7.3.5", "close with the longest reason", () => closed([close(1000, "*".repeat(123))])],
  ["7.3.6", "close with a reason too long", () => refused(1002, [close(1000, "*".repeat(124))])],
  ["7.5.1", "close with a reason that is not UTF-8", () =>
    refused(1007, [
      close(1000, concat([utf8("κόσμε"), hex("eda080"), utf8("edited")])),
    ])],
  [
    "x7.5.2",
    "close with a reason that ends inside a character",
    () => refused(1007, [close(1000, hex("ceba e1bd"))]),
  ],
  [
    "x7.5.3",
    "close that is fragmented",
    () => refused(1002, [{ opcode: 0x8, payload: closePayload(1000), fin: false }]),
  ],
];

/** Codes of RFC 6455 §7.4.1 and IANA, and the borders of what is for libraries and applications. */
const VALID = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999];
const REGISTERED = [1012, 1013, 1014];
const INVALID = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999];
const RESERVED = [1015, 65_535];

function valid(prefix: string, codes: readonly number[]): Case[] {
  return codes.map((code, index) => ({
    family: FAMILY,
    id: `${prefix}.${index + 1}`,
    description: `close with code ${code}`,
    script: () => closed([close(code)], code),
  }));
}

function invalid(prefix: string, codes: readonly number[]): Case[] {
  return codes.map((code, index) => ({
    family: FAMILY,
    id: `${prefix}.${index + 1}`,
    description: `close with code ${code}, which must not be sent`,
    script: () => refused(1002, [close(code)]),
  }));
}

/** Family 7. */
export const CLOSING: readonly Case[] = [
  ...ROWS.map(([id, description, script]) => ({ family: FAMILY, id, description, script })),
  ...valid("7.7", VALID),
  ...valid("x7.7", REGISTERED),
  ...invalid("7.9", INVALID),
  ...invalid("x7.9", RESERVED),
  ...invalid("7.13", [5000, 65_534]),
];
