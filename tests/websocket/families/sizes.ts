/**
 * Families 9 and 10: large messages, many messages, many frames. Beyond Autobahn: what is too large, where an endpoint
 * takes messages of 16 MiB in 1024 frames.
 */

import {
  accepted,
  type Answer,
  binary,
  type Case,
  close,
  fragments,
  frame,
  refused,
  type Script,
  text,
  write,
} from "./case.ts";
import { chop, frameBytes, framesBytes, type WireFrame } from "../wire.ts";

const FAMILY = "9 sizes";
const KIB = 1024;
const MIB = 1024 * KIB;

/** What an endpoint is taken to allow. */
const MAX_MESSAGE = 16 * MIB;
const MAX_FRAGMENTS = 1024;

type Kind = "text" | "binary";
const KINDS: readonly Kind[] = ["text", "binary"];

/** ASCII that repeats itself late, in either form. */
function contentOf(size: number): Uint8Array<ArrayBuffer> {
  const content = new Uint8Array(size);
  for (let at = 0; at < size; at++) content[at] = 0x20 + at % 89;
  return content;
}

function echo(kind: Kind, content: Uint8Array): Answer {
  return kind === "text" ? text(new TextDecoder().decode(content)) : binary(content);
}

/** `9.1` and `9.2`: messages of every size in one frame. */
function whole(kind: Kind, prefix: string): Case[] {
  return [64 * KIB, 256 * KIB, MIB, 4 * MIB, 8 * MIB, 16 * MIB].map((size, index) => ({
    family: FAMILY,
    id: `${prefix}.${index + 1}`,
    description: `${kind} of ${size} bytes`,
    script: () => accepted([frame(kind, contentOf(size))], [echo(kind, contentOf(size))]),
  }));
}

/** `9.3` and `9.4`: 4 MiB in frames of every size. */
function fragmented(kind: Kind, prefix: string): Case[] {
  const sizes = [64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB];
  return sizes.map((size, index) => ({
    family: FAMILY,
    id: `${prefix}.${index + 1}`,
    description: `${kind} of 4 MiB in frames of ${size} bytes`,
    maxFragments: Math.max(MAX_FRAGMENTS, 4 * MIB / size),
    script: () => {
      const content = contentOf(4 * MIB);
      return accepted(fragments(kind, chop(content, size)), [echo(kind, content)], "by frame");
    },
  }));
}

/** `9.5` and `9.6`: 1 MiB in one frame that is written in chunks of every size. */
function chopped(kind: Kind, prefix: string): Case[] {
  return [64, 128, 256, 512, KIB, 2 * KIB].map((size, index) => ({
    family: FAMILY,
    id: `${prefix}.${index + 1}`,
    description: `${kind} of 1 MiB in chunks of ${size} bytes`,
    script: () => {
      const content = contentOf(MIB);
      const bytes = framesBytes([frame(kind, content), close()]);
      return { steps: [{ bytes, chop: size }], answers: [echo(kind, content)], close: 1000 };
    },
  }));
}

/** `9.7` and `9.8`: a thousand messages. */
function many(kind: Kind, prefix: string): Case[] {
  return [0, 16, 64, 256, KIB, 4 * KIB].map((size, index) => ({
    family: FAMILY,
    id: `${prefix}.${index + 1}`,
    description: `1000 messages of ${kind} with ${size} bytes`,
    script: () => {
      const content = contentOf(size);
      const frames = new Array<WireFrame>(1000).fill(frame(kind, content));
      const answers = new Array<Answer>(1000).fill(echo(kind, content));
      return accepted(frames, answers, "by frame");
    },
  }));
}

const LIMITS: readonly (readonly [description: string, script: () => Script])[] = [
  ["a header that announces one byte too much", () => announced(BigInt(MAX_MESSAGE + 1))],
  ["a header that announces 2^53 + 1 bytes", () => announced(2n ** 53n + 1n)],
  ["a header that announces 2^63 - 1 bytes", () => announced(2n ** 63n - 1n)],
  ["a second header that announces one byte too much", () => {
    const first = frameBytes(frame("binary", contentOf(KIB), { fin: false }));
    const length = BigInt(MAX_MESSAGE - KIB + 1);
    const second = frameBytes(frame("continuation", "", { length }));
    return { steps: [{ bytes: first }, { bytes: second }], answers: [], close: 1009 };
  }],
  ["as many frames as may be", () => inFrames(MAX_FRAGMENTS)],
  ["one frame too many", () => inFrames(MAX_FRAGMENTS + 1)],
  [
    "as many empty frames as may be, then one more",
    () => refused(1008, fragments("text", new Array<string>(MAX_FRAGMENTS + 1).fill(""))),
  ],
];

/** Nothing of the payload has to come for it to be too large. */
function announced(length: bigint): Script {
  return { steps: write([frame("binary", "", { length })]), answers: [], close: 1009 };
}

function inFrames(count: number): Script {
  const frames = fragments("text", new Array<string>(count).fill("x"));
  if (count > MAX_FRAGMENTS) return refused(1008, frames);
  return accepted(frames, [text("x".repeat(count))]);
}

/** Family 9. */
export const SIZES: readonly Case[] = [
  ...KINDS.flatMap((kind, index) => whole(kind, `9.${1 + index}`)),
  ...KINDS.flatMap((kind, index) => fragmented(kind, `9.${3 + index}`)),
  ...KINDS.flatMap((kind, index) => chopped(kind, `9.${5 + index}`)),
  ...KINDS.flatMap((kind, index) => many(kind, `9.${7 + index}`)),
  ...LIMITS.map(([description, script], index) => ({
    family: FAMILY,
    id: `x9.${index + 1}`,
    description,
    script,
  })),
];

/** Family 10. */
export const MISCELLANEOUS: readonly Case[] = [{
  family: "10 miscellaneous",
  id: "10.1.1",
  description: "text of 65536 bytes in frames of 1300",
  script: () => {
    const content = contentOf(65_536);
    return accepted(fragments("text", chop(content, 1300)), [echo("text", content)], "by frame");
  },
}];
