/** Family 6: text is UTF-8, and what is not is refused at its first wrong byte. */

import {
  accepted,
  type Case,
  concat,
  fragments,
  frame,
  hex,
  refused,
  type Script,
  text,
  write,
} from "./case.ts";
import { GROUPS, KOSME, PREFIXES } from "./utf8_vectors.ts";
import { chop, framesBytes, utf8 } from "../wire.ts";

const FAMILY = "6 UTF-8";

const VALID = "Hello-\u00b5@\u00df\u00f6\u00e4\u00fc\u00e0\u00e1-UTF-8!!";

/** Valid, a surrogate, ASCII. */
const INVALID = concat([KOSME, hex("eda080"), utf8("edited")]);

/** Valid, the first number above U+10FFFF, ASCII: wrong from its second byte on. */
const [BEFORE, ABOVE, AFTER] = [KOSME, hex("f4908080"), utf8("edited")];
const FIRST_WRONG = BEFORE.length + 2;

const ROWS: readonly (readonly [id: string, description: string, script: () => Script])[] = [
  ["6.1.1", "empty text", () => accepted([frame("text")], [text("")])],
  ["6.1.2", "three empty frames", () => accepted(fragments("text", ["", "", ""]), [text("")])],
  [
    "6.1.3",
    "text between empty frames",
    () =>
      accepted(fragments("text", ["", "middle frame payload", ""]), [text("middle frame payload")]),
  ],
  ["6.2.1", "valid, in one frame", () => accepted([frame("text", VALID)], [text(VALID)])],
  [
    "6.2.2",
    "valid, cut between characters",
    () => accepted(fragments("text", [VALID.slice(0, 10), VALID.slice(10)]), [text(VALID)]),
  ],
  [
    "6.2.3",
    "valid, a frame for each byte",
    () => accepted(fragments("text", chop(utf8(VALID), 1)), [text(VALID)]),
  ],
  [
    "6.2.4",
    "valid, of more bytes than characters, a frame for each byte",
    () => accepted(fragments("text", chop(KOSME, 1)), [text("κ\u1f79σμε")]),
  ],
  ["6.3.1", "invalid, in one frame", () => refused(1007, [frame("text", INVALID)])],
  [
    "6.3.2",
    "invalid, a frame for each byte",
    () => refused(1007, fragments("text", chop(INVALID, 1))),
  ],
  ["6.4.1", "invalid from the second of three frames on", () => ({
    ...refused(1007, fragments("text", [BEFORE, ABOVE, AFTER]), [], "by frame"),
    closedAfter: 2,
  })],
  ["6.4.2", "invalid from the second of three frames on, cut inside a character", () => ({
    ...refused(
      1007,
      fragments("text", [
        concat([BEFORE, ABOVE.slice(0, 1)]),
        ABOVE.slice(1, 2),
        concat([ABOVE.slice(2), AFTER]),
      ]),
      [],
      "by frame",
    ),
    closedAfter: 2,
  })],
  [
    "6.4.3",
    "invalid in one frame that comes in three parts",
    () => inParts([BEFORE.length, BEFORE.length + ABOVE.length]),
  ],
  [
    "6.4.4",
    "invalid in one frame that comes in three parts, cut inside a character",
    () => inParts([BEFORE.length + 1, FIRST_WRONG]),
  ],
];

/** One frame whose second part is wrong; the third one never needs to come. */
function inParts([first, second]: readonly [number, number]): Script {
  const bytes = framesBytes([frame("text", concat([BEFORE, ABOVE, AFTER]))]);
  const header = bytes.length - BEFORE.length - ABOVE.length - AFTER.length;
  const parts = [
    bytes.slice(0, header + first),
    bytes.slice(header + first, header + second),
    bytes.slice(header + second),
  ];
  return { steps: parts.map((bytes) => ({ bytes })), answers: [], close: 1007, closedAfter: 2 };
}

/** A message of `bytes` in one frame, as octets in one frame, and with a frame for each of them. */
function judge(id: string, description: string, bytes: Uint8Array, valid: boolean): Case {
  return {
    family: FAMILY,
    id,
    description: `${description}: ${bytes.toHex()}`,
    script: () => {
      const octets = fragments("text", chop(bytes, 1));
      if (!valid) {
        return refused(1007, [...fragments("text", ["valid"]), ...octets], [text("valid")]);
      }
      const data = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
      return accepted([frame("text", bytes), ...octets], [text(data), text(data)]);
    },
  };
}

/** Invalid in one frame by itself, which is another path than {@linkcode judge}'s. */
function judgeWhole(id: string, description: string, bytes: Uint8Array): Case {
  return {
    family: FAMILY,
    id,
    description: `${description}: ${bytes.toHex()} in one frame`,
    script: () => ({
      ...refused(1007, [frame("text", bytes)]),
      steps: write([frame("text", bytes)]),
    }),
  };
}

/** Family 6. Where Autobahn has one case, an invalid vector has two here: whole, and a frame for each byte. */
export const TEXT: readonly Case[] = [
  ...ROWS.map(([id, description, script]) => ({ family: FAMILY, id, description, script })),
  ...PREFIXES.flatMap(({ bytes, valid }, index) => {
    const id = `6.6.${index + 1}`;
    const cases = [judge(id, "a prefix", bytes, valid)];
    return valid ? cases : [...cases, judgeWhole(`x${id}`, "a prefix", bytes)];
  }),
  ...GROUPS.flatMap(({ prefix, first = 1, description, valid, vectors }) =>
    vectors.flatMap((bytes, index) => {
      const id = `${prefix}.${index + first}`;
      const cases = [judge(id, description, bytes, valid)];
      return valid ? cases : [...cases, judgeWhole(`x${id}`, description, bytes)];
    })
  ),
];
