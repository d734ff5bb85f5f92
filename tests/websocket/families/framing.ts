/** Family 1: frames of every size of length. Beyond Autobahn: masks and lengths that must be refused. */

import { accepted, binary, type Case, close, frame, refused, text } from "./case.ts";
import { framesBytes, type WireFrame } from "../wire.ts";

const FAMILY = "1 framing";

const SIZES = [0, 125, 126, 127, 128, 65_535, 65_536];

const PLAIN: Case[] = SIZES.flatMap((size, index) => [
  {
    family: FAMILY,
    id: `1.1.${index + 1}`,
    description: `text of ${size} bytes`,
    script: () => accepted([frame("text", "*".repeat(size))], [text("*".repeat(size))]),
  },
  {
    family: FAMILY,
    id: `1.2.${index + 1}`,
    description: `binary of ${size} bytes`,
    script: () => {
      const data = new Uint8Array(size).fill(0xfe);
      return accepted([frame("binary", data)], [binary(data)]);
    },
  },
]);

const CHOPPED: Case[] = (["text", "binary"] as const).map((kind, index) => ({
  family: FAMILY,
  id: `1.${index + 1}.8`,
  description: `${kind} of 65536 bytes in chunks of 997`,
  script: () => {
    const data = new Uint8Array(65_536).fill(0x2a);
    const answer = kind === "text" ? text("*".repeat(65_536)) : binary(data);
    const bytes = framesBytes([frame(kind, data), close()]);
    return { steps: [{ bytes, chop: 997 }], answers: [answer], close: 1000 };
  },
}));

/** What a server refuses for its header alone. */
const WRONG: readonly (readonly [description: string, frame: WireFrame])[] = [
  ["text that is not masked", frame("text", "hello", { key: null })],
  ["a ping that is not masked", frame("ping", "hello", { key: null })],
  ["a length of 125 in two bytes", frame("text", "*".repeat(125), { lengthBytes: 2 })],
  ["a length of 0 in two bytes", frame("text", "", { lengthBytes: 2 })],
  ["a length of 125 in eight bytes", frame("text", "*".repeat(125), { lengthBytes: 8 })],
  ["a length of 65535 in eight bytes", frame("binary", new Uint8Array(65_535), { lengthBytes: 8 })],
  ["a length of 2^63", frame("binary", "", { length: 1n << 63n })],
  ["a length of 2^64 - 1", frame("binary", "", { length: (1n << 64n) - 1n })],
  ["a ping with a length in two bytes", frame("ping", "hello", { lengthBytes: 2 })],
];

const REFUSED: Case[] = WRONG.map(([description, wrong], index) => ({
  family: FAMILY,
  id: `x1.${index + 1}`,
  description,
  script: () => refused(1002, [frame("text", "first"), wrong], [text("first")]),
}));

const MASKS: Case[] = [[0, 0, 0, 0], [0, 0, 0, 1], [255, 255, 255, 255], [128, 0, 0, 0]].map(
  (key, index) => ({
    family: FAMILY,
    id: `x1.${WRONG.length + index + 1}`,
    description: `a mask of ${key}`,
    script: () => {
      const data = Uint8Array.from({ length: 300 }, (_, at) => at);
      return accepted([frame("binary", data, { key: Uint8Array.from(key) })], [binary(data)]);
    },
  }),
);

/** Family 1. */
export const FRAMING: readonly Case[] = [...PLAIN, ...CHOPPED, ...REFUSED, ...MASKS];
