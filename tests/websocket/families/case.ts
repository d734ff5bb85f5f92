/**
 * What a case is: bytes that a client sends to an endpoint that echoes messages, and what it has to get.
 *
 * Families, numbers and expectations are those of the Autobahn test suite, as far as it has them; the vectors are made
 * here. A case knows no transport, so that the same table judges the machine, and a server over a network.
 *
 * @module
 */

import { concat } from "../../_support/bytes.ts";
import { closePayload, framesBytes, utf8, type WireFrame } from "../wire.ts";

/** Bytes that are written at once, or in chunks of `chop` bytes. */
export interface Step {
  readonly bytes: Uint8Array;
  /** Default: all of them in one chunk. */
  readonly chop?: number;
}

/** What an endpoint that echoes sends, apart from its Close frame. */
export type Answer =
  | { readonly type: "text"; readonly data: string }
  | { readonly type: "binary"; readonly data: Uint8Array }
  | { readonly type: "pong"; readonly data: Uint8Array };

/** What to send, and what is to come. */
export interface Script {
  readonly steps: readonly Step[];
  /**
   * In this order. Where the endpoint has to fail, an echo that was not sent by then may be missing over a network.
   */
  readonly answers: readonly Answer[];
  /** Code of the endpoint's Close frame, which comes last; 1005 when that has none. */
  readonly close: number;
  /** Steps after which the Close frame has to be there, when that is before the last one. */
  readonly closedAfter?: number;
}

/** One case. */
export interface Case {
  /** Family, e.g. `"1 framing"`. */
  readonly family: string;
  /** Number in the Autobahn test suite, or one that begins with `"x"`. */
  readonly id: string;
  /** What is special about it. */
  readonly description: string;
  /** Frames of one message that the endpoint must take for the case to make sense; default 1024. */
  readonly maxFragments?: number;
  /** `Sec-WebSocket-Extensions` of the handshake, which the endpoint must accept; default: none. */
  readonly extensions?: string;
  /** Makes it, since some are large. */
  script(): Script;
}

const OPCODES = { text: 0x1, binary: 0x2, ping: 0x9, pong: 0xa, continuation: 0x0 } as const;

/** A frame with content by name of its kind. */
export function frame(
  kind: keyof typeof OPCODES,
  payload: string | Uint8Array = "",
  rest: Partial<WireFrame> = {},
): WireFrame {
  return { opcode: OPCODES[kind], payload: bytesOf(payload), ...rest };
}

/** A Close frame. */
export function close(code = 1000, reason: string | Uint8Array = ""): WireFrame {
  return { opcode: 0x8, payload: closePayload(code, reason) };
}

/** A message in `parts`, each a frame of its own. */
export function fragments(
  kind: "text" | "binary",
  parts: readonly (string | Uint8Array)[],
): WireFrame[] {
  return parts.map((part, index) =>
    frame(index === 0 ? kind : "continuation", part, { fin: index === parts.length - 1 })
  );
}

/** How a client cuts what it writes: all frames at once, each by itself, or each byte by itself. */
export type Chopping = "at once" | "by frame" | "by octet";

/** Steps that write `frames`. */
export function write(frames: readonly WireFrame[], chopping: Chopping = "at once"): Step[] {
  if (chopping === "by frame") return frames.map((frame) => ({ bytes: framesBytes([frame]) }));
  const bytes = framesBytes(frames);
  return [chopping === "at once" ? { bytes } : { bytes, chop: 1 }];
}

/** The usual script: frames that are in order, then the client closes with 1000. */
export function accepted(
  frames: readonly WireFrame[],
  answers: readonly Answer[],
  chopping: Chopping = "at once",
): Script {
  return { steps: write([...frames, close()], chopping), answers, close: 1000 };
}

/** A script whose last frames the endpoint has to refuse with `code`. */
export function refused(
  code: number,
  frames: readonly WireFrame[],
  answers: readonly Answer[] = [],
  chopping: Chopping = "at once",
): Script {
  return { steps: write(frames, chopping), answers, close: code };
}

/** An echo of text. */
export function text(data: string): Answer {
  return { type: "text", data };
}

/** An echo of bytes. */
export function binary(data: Uint8Array): Answer {
  return { type: "binary", data };
}

/** A pong. */
export function pong(payload: string | Uint8Array = ""): Answer {
  return { type: "pong", data: bytesOf(payload) };
}

/** Bytes written in hexadecimal, with or without blanks. */
export function hex(digits: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(digits.match(/[0-9a-f]{2}/gi) ?? [], (pair) => parseInt(pair, 16));
}

/** `bytes` after each other. */
export { concat };

function bytesOf(payload: string | Uint8Array): Uint8Array {
  return typeof payload === "string" ? utf8(payload) : payload;
}
