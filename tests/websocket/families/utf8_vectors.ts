/**
 * Which bytes are UTF-8, by the classes of Markus Kuhn's stress test. Valid ones are made from code points, invalid ones
 * by writing numbers in forms that RFC 3629 rules out.
 *
 * @module
 */

import { concat, hex } from "./case.ts";
import { utf8 } from "../wire.ts";

/** A group of vectors under one number. */
export interface Group {
  /** Number of the family, e.g. `"6.7"`. */
  readonly prefix: string;
  /** Number of the first vector; default 1. */
  readonly first?: number;
  readonly description: string;
  readonly valid: boolean;
  readonly vectors: readonly Uint8Array[];
}

/** Greek for "world", 11 bytes of which most characters take two and one takes three. */
export const KOSME: Uint8Array = hex("ceba e1bdb9 cf83 cebc ceb5");

/** `value` in `length` bytes as the pattern of UTF-8 has it, whether or not that may be. */
function inBytes(value: number, length: 2 | 3 | 4 | 5 | 6): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let index = length - 1; index > 0; index--) {
    bytes[index] = 0x80 | value & 0x3f;
    value = Math.floor(value / 64);
  }
  bytes[0] = 0xff << (8 - length) & 0xff | value;
  return bytes;
}

function points(...codePoints: readonly number[]): Uint8Array[] {
  return codePoints.map((codePoint) => utf8(String.fromCodePoint(codePoint)));
}

const LENGTHS = [2, 3, 4, 5, 6] as const;

/** The first and the last number that takes so many bytes. */
const FIRST = { 2: 0x80, 3: 0x800, 4: 0x1_0000, 5: 0x20_0000, 6: 0x400_0000 };
const LAST = { 2: 0x7ff, 3: 0xffff, 4: 0x1f_ffff, 5: 0x3ff_ffff, 6: 0x7fff_ffff };

/** Continuation bytes alone: 0x80 and 0xbf up to six times, then all 64. */
const CONTINUATIONS = [
  ...["80", "bf", "80bf", "80bf80", "80bf80bf", "80bf80bf80", "80bf80bf80bf"].map(hex),
  Uint8Array.from({ length: 64 }, (_, index) => 0x80 + index),
];

/** All first bytes of sequences of each length, each before a blank. */
const LONELY = [[0xc0, 32], [0xe0, 16], [0xf0, 8], [0xf8, 4], [0xfc, 2]].map(([start, count]) =>
  Uint8Array.from({ length: count! * 2 }, (_, at) => at % 2 === 0 ? start! + at / 2 : 0x20)
);

/** The first and the last sequence of each length without their last byte. */
const CUT_SHORT = [
  ...LENGTHS.map((length) => inBytes(0, length).slice(0, -1)),
  ...LENGTHS.map((length) => inBytes(LAST[length], length).slice(0, -1)),
];

const SURROGATES = [0xd800, 0xdb7f, 0xdb80, 0xdbff, 0xdc00, 0xdf80, 0xdfff];

const PAIRS = [0xd800, 0xdb7f, 0xdb80, 0xdbff].flatMap((high) =>
  [0xdc00, 0xdfff].map((low) => concat([inBytes(high, 3), inBytes(low, 3)]))
);

/** The last two code points of each plane, which are no characters and still valid. */
const NONCHARACTERS = Array.from({ length: 17 }, (_, plane) => [
  plane * 0x1_0000 + 0xfffe,
  plane * 0x1_0000 + 0xffff,
]).flat();

const SPECIALS = [0xfff9, 0xfffa, 0xfffb, 0xfffc, 0xfffd, 0xfffe, 0xffff];

/** Characters between which the prefixes of {@linkcode KOSME} end. */
const WHOLE_PREFIXES = [2, 5, 7, 9, 11];

/** All prefixes of {@linkcode KOSME}, of which some are valid. */
export const PREFIXES: readonly { readonly bytes: Uint8Array; readonly valid: boolean }[] = Array
  .from({ length: KOSME.length }, (_, index) => ({
    bytes: KOSME.slice(0, index + 1),
    valid: WHOLE_PREFIXES.includes(index + 1),
  }));

/** Families 6.5 and 6.7 to 6.23. */
export const GROUPS: readonly Group[] = [
  {
    prefix: "6.5",
    description: "valid text",
    valid: true,
    vectors: [
      utf8("Hello-\u00b5@\u00df\u00f6\u00e4\u00fc\u00e0\u00e1-UTF-8!!"),
      KOSME,
      utf8("\u0000\u007f"),
      utf8("\ufeffmark"),
      utf8("\u{1f600}\u{10ffff}"),
    ],
  },
  {
    prefix: "6.7",
    description: "first sequence of a length",
    valid: true,
    vectors: points(0, FIRST[2], FIRST[3], FIRST[4]),
  },
  {
    prefix: "6.8",
    description: "first sequence of five and six bytes",
    valid: false,
    vectors: [inBytes(FIRST[5], 5), inBytes(FIRST[6], 6)],
  },
  {
    prefix: "6.9",
    description: "last sequence of a length",
    valid: true,
    vectors: points(0x7f, LAST[2], LAST[3], 0x10ffff),
  },
  {
    prefix: "6.10",
    description: "last sequence of four to six bytes",
    valid: false,
    vectors: ([4, 5, 6] as const).map((length) => inBytes(LAST[length], length)),
  },
  {
    prefix: "6.11",
    description: "border of what is valid",
    valid: true,
    vectors: points(0xd7ff, 0xe000, 0xfffd, 0x10ffff),
  },
  {
    prefix: "6.11",
    first: 5,
    description: "first beyond what is valid",
    valid: false,
    vectors: [inBytes(0x110000, 4)],
  },
  {
    prefix: "6.12",
    description: "continuation bytes of nothing",
    valid: false,
    vectors: CONTINUATIONS,
  },
  { prefix: "6.13", description: "first bytes of nothing", valid: false, vectors: LONELY },
  { prefix: "6.14", description: "last byte missing", valid: false, vectors: CUT_SHORT },
  {
    prefix: "6.15",
    description: "last byte missing, one after the other",
    valid: false,
    vectors: [concat(CUT_SHORT)],
  },
  {
    prefix: "6.16",
    description: "impossible bytes",
    valid: false,
    vectors: ["fe", "ff", "fefeffff"].map(hex),
  },
  {
    prefix: "6.17",
    description: "a slash in too many bytes",
    valid: false,
    vectors: LENGTHS.map((length) => inBytes(0x2f, length)),
  },
  {
    prefix: "6.18",
    description: "largest number that needs fewer bytes",
    valid: false,
    vectors: LENGTHS.map((length) => inBytes(FIRST[length] - 1, length)),
  },
  {
    prefix: "6.19",
    description: "zero in too many bytes",
    valid: false,
    vectors: LENGTHS.map((length) => inBytes(0, length)),
  },
  {
    prefix: "6.20",
    description: "a surrogate",
    valid: false,
    vectors: SURROGATES.map((surrogate) => inBytes(surrogate, 3)),
  },
  { prefix: "6.21", description: "a pair of surrogates", valid: false, vectors: PAIRS },
  {
    prefix: "6.22",
    description: "a code point that is no character",
    valid: true,
    vectors: points(...NONCHARACTERS),
  },
  { prefix: "6.23", description: "a special", valid: true, vectors: points(...SPECIALS) },
];
