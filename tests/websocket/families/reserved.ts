/** Families 3 and 4: bits and opcodes that are reserved. */

import { type Case, type Chopping, close, frame, refused, text } from "./case.ts";
import type { WireFrame } from "../wire.ts";

const HELLO = "Hello, world!";
const FIRST = frame("text", HELLO);
const PING = frame("ping");

type Row = readonly [description: string, frames: WireFrame[], chopping?: Chopping];

const BITS: readonly Row[] = [
  ["text with RSV 1", [frame("text", HELLO, { rsv: 1 })]],
  ["text, text with RSV 2, ping", [FIRST, frame("text", HELLO, { rsv: 2 }), PING]],
  ["text, text with RSV 3, ping", [FIRST, frame("text", HELLO, { rsv: 3 }), PING], "by frame"],
  ["text, text with RSV 4, ping", [FIRST, frame("text", HELLO, { rsv: 4 }), PING], "by octet"],
  ["binary with RSV 5", [frame("binary", HELLO, { rsv: 5 })]],
  ["ping with RSV 6", [frame("ping", HELLO, { rsv: 6 })]],
  ["close with RSV 7", [{ ...close(), rsv: 7 }]],
];

/** The same five for opcodes of data and of control frames. */
function opcodeRows(first: number): Row[] {
  const unknown = (offset: number, payload = "") =>
    frame("text", payload, { opcode: first + offset });
  return [
    [`opcode ${first}`, [unknown(0)]],
    [`opcode ${first + 1} with payload`, [unknown(1, "reserved opcode")]],
    [`text, opcode ${first + 2}, ping`, [FIRST, unknown(2), PING]],
    [`text, opcode ${first + 3} with payload, ping`, [FIRST, unknown(3, "reserved"), PING]],
    [
      `text, opcode ${first + 4} with payload, ping`,
      [FIRST, unknown(4, "reserved"), PING],
      "by octet",
    ],
  ];
}

function cases(family: string, prefix: string, rows: readonly Row[]): Case[] {
  return rows.map(([description, frames, chopping = "at once"], index) => ({
    family,
    id: `${prefix}.${index + 1}`,
    description: `${description}, ${chopping}`,
    script: () => refused(1002, frames, frames[0] === FIRST ? [text(HELLO)] : [], chopping),
  }));
}

/** Family 3. */
export const RESERVED_BITS: readonly Case[] = cases("3 reserved bits", "3", BITS);

/** Family 4. Opcodes 3 to 7 and 11 to 15. */
export const OPCODES: readonly Case[] = [
  ...cases("4 opcodes", "4.1", opcodeRows(3)),
  ...cases("4 opcodes", "4.2", opcodeRows(11)),
];
