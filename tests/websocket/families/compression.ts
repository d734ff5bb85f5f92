/**
 * Families 12 and 13: compressed messages, and what is agreed on about them. Beyond Autobahn: messages that must be
 * refused, and the examples of RFC 7692 §7.2.3.
 */

import { constants, deflateRawSync } from "node:zlib";
import {
  accepted,
  type Answer,
  binary,
  type Case,
  close,
  frame,
  hex,
  pong,
  refused,
  type Script,
  text,
} from "./case.ts";
import { chop, utf8, type WireFrame } from "../wire.ts";

const FAMILY = "12 compression";
const OFFER = "permessage-deflate; client_max_window_bits";
const MIB = 1024 * 1024;

/** Messages of each size; Autobahn sends a thousand, which tells nothing more about a machine. */
const COUNT = 20;

const SIZES = [16, 64, 256, 1024, 4096, 8192, 16_384, 32_768, 65_536, 131_072];

/** Content of various kinds, from what compresses well to what does not. */
const CONTENTS: readonly (readonly [name: string, make: (size: number) => Uint8Array])[] = [
  ["JSON", (size) => repeat('{"id": 17, "name": "Zurich", "tags": ["a", "b"]}, ', size)],
  [
    "prose",
    (size) => repeat("The quick brown fox jumps over the lazy dog while nobody looks. ", size),
  ],
  ["markup", (size) => repeat("<li><a href='/news/17'>News</a> of the day</li>\n", size)],
  ["zeros", (size) => new Uint8Array(size)],
  ["noise", noise],
];

function repeat(unit: string, size: number): Uint8Array {
  const ascii = utf8(unit);
  return Uint8Array.from({ length: size }, (_, at) => ascii[at % ascii.length]!);
}

/** The same every time. */
function noise(size: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length: size }, () => {
    state = Math.imul(state, 1664525) + 1013904223 | 0;
    return state >>> 24;
  });
}

/** What a client makes of a message: DEFLATE without the end of its flush (RFC 7692 §7.2.1). */
function deflate(data: Uint8Array): Uint8Array {
  return deflateRawSync(data, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
}

/** Frames of a message whose compressed form is `payload`; RSV1 is in the first one alone. */
function compressed(
  kind: "text" | "binary",
  payload: Uint8Array,
  frameSize = Infinity,
): WireFrame[] {
  const parts = payload.length > frameSize ? chop(payload, frameSize) : [payload];
  return parts.map((part, index) =>
    frame(index === 0 ? kind : "continuation", part, {
      fin: index === parts.length - 1,
      rsv: index === 0 ? 4 : 0,
    })
  );
}

function messages(content: Uint8Array, kind: "text" | "binary", frameSize?: number): Script {
  const answer = kind === "text" ? text(new TextDecoder().decode(content)) : binary(content);
  const frames = compressed(kind, deflate(content), frameSize);
  return accepted(
    Array.from({ length: COUNT }, () => frames).flat(),
    new Array<Answer>(COUNT).fill(answer),
    "by frame",
  );
}

/** The eighteen that Autobahn does with everything: ten sizes, and the larger ones again in frames of 256 bytes. */
const ROUNDS: readonly { readonly size: number; readonly frameSize?: number }[] = [
  ...SIZES.map((size) => ({ size })),
  ...SIZES.slice(-8).map((size) => ({ size, frameSize: 256 })),
];

const ROUND_TRIPS: Case[] = CONTENTS.flatMap(([name, make], kind) =>
  ROUNDS.map(({ size, frameSize }, index) => ({
    family: FAMILY,
    id: `12.${kind + 1}.${index + 1}`,
    description: `${COUNT} messages of ${size} bytes of ${name}${frameSize ? " in frames" : ""}`,
    extensions: OFFER,
    script: () => messages(make(size), name === "noise" ? "binary" : "text", frameSize),
  }))
);

/** Examples of RFC 7692 §7.2.3, all of which are "Hello". */
const EXAMPLES: readonly (readonly [description: string, frames: WireFrame[]])[] = [
  ["one block", compressed("text", hex("f2 48 cd c9 c9 07 00"))],
  ["two frames", compressed("text", hex("f2 48 cd c9 c9 07 00"), 3)],
  ["a block without compression", compressed("text", hex("00 05 00 fa ff 48 65 6c 6c 6f 00"))],
  ["a final block", compressed("text", hex("f3 48 cd c9 c9 07 00 00"))],
  ["two blocks", compressed("text", hex("f2 48 05 00 00 00 ff ff ca c9 c9 07 00"))],
];

const REFUSED: readonly (readonly [description: string, script: () => Script])[] = [
  ["RSV1 on a continuation", () => {
    const [first, second] = compressed("text", deflate(utf8("Hello")), 4);
    return refused(1002, [first!, { ...second!, rsv: 4 }]);
  }],
  ["RSV1 on a ping", () => refused(1002, [frame("ping", "", { rsv: 4 })])],
  ["RSV2 beside RSV1", () => refused(1002, [frame("text", "", { rsv: 6 })])],
  ["what is no DEFLATE", () => refused(1007, compressed("binary", hex("ff ff ff ff")))],
  ["text that is not UTF-8", () => refused(1007, compressed("text", deflate(hex("eda080"))))],
  [
    "17 MiB in 17 KiB",
    () => refused(1009, compressed("binary", deflate(new Uint8Array(17 * MIB)))),
  ],
  [
    "one byte too much",
    () => refused(1009, compressed("binary", deflate(new Uint8Array(16 * MIB + 1)))),
  ],
  [
    "a header that announces 17 MiB",
    () => refused(1009, [frame("binary", "", { rsv: 4, length: BigInt(17 * MIB) })]),
  ],
];

const ACCEPTED: readonly (readonly [description: string, script: () => Script])[] = [
  ...EXAMPLES.map(([description, frames]) =>
    [`"Hello" as ${description}`, () => accepted(frames, [text("Hello")])] as const
  ),
  ["an empty message", () => accepted(compressed("text", hex("00")), [text("")])],
  ["a message of no bytes at all", () => accepted(compressed("text", hex("")), [text("")])],
  ["a message that is not compressed", () => accepted([frame("text", "Hello")], [text("Hello")])],
  ["a ping between the frames of a message", () => {
    const [first, second] = compressed("text", deflate(utf8("Hello")), 4);
    return accepted([first!, frame("ping", "?"), second!], [pong("?"), text("Hello")]);
  }],
  ["the largest message", () => {
    const data = new Uint8Array(16 * MIB);
    return accepted(compressed("binary", deflate(data)), [binary(data)]);
  }],
  ["the largest message, of noise", () => {
    const data = noise(16 * MIB);
    return accepted(compressed("binary", deflate(data)), [binary(data)]);
  }],
  ["an empty Close frame after it", () => ({
    ...accepted(compressed("text", hex("f2 48 cd c9 c9 07 00")), [text("Hello")]),
    steps: accepted([...compressed("text", hex("f2 48 cd c9 c9 07 00")), close(3000)], []).steps,
    close: 3000,
  })],
];

/** Family 12. */
export const COMPRESSION: readonly Case[] = [
  ...ROUND_TRIPS,
  ...[...ACCEPTED, ...REFUSED].map(([description, script], index) => ({
    family: FAMILY,
    id: `x12.${index + 1}`,
    description,
    extensions: OFFER,
    script,
  })),
];

/** What Autobahn offers in 13.1 to 13.7, of which a server that knows no more than zlib can take every one. */
const OFFERS = [
  "permessage-deflate",
  "permessage-deflate; server_no_context_takeover",
  "permessage-deflate; server_max_window_bits=9",
  "permessage-deflate; server_max_window_bits=15",
  "permessage-deflate; server_no_context_takeover; server_max_window_bits=9",
  "permessage-deflate; server_no_context_takeover; server_max_window_bits=15",
  "permessage-deflate; server_no_context_takeover; server_max_window_bits=9, permessage-deflate; server_no_context_takeover, permessage-deflate",
];

/** Family 13. */
export const AGREEMENTS: readonly Case[] = OFFERS.flatMap((extensions, index) =>
  ROUNDS.map(({ size, frameSize }, at) => ({
    family: "13 compression agreed on",
    id: `13.${index + 1}.${at + 1}`,
    description: `${size} bytes${frameSize ? " in frames" : ""}, offered "${extensions}"`,
    extensions,
    script: () => messages(repeat("Compression that was agreed on. ", size), "text", frameSize),
  }))
);
