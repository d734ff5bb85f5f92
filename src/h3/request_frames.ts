/**
 * Which frame may come when on a request stream, and how large.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9114#section-4.1 | RFC 9114 §4.1}
 * @module
 */

import type { Budget } from "./budget.ts";
import { H3, H3Error } from "./errors.ts";
import { FRAME, frameName, type FramePolicy, isKnownFrameType } from "./frames.ts";
import type { Treatment } from "./piece_reader.ts";

/** What a request stream waits for: its head; content or trailers; nothing more; the data of a CONNECT. */
export type RequestState = "head" | "content" | "trailed" | "tunnel";

/** `[state][frame type]` is the next state; a known type that is absent is refused. */
const NEXT: Readonly<Record<RequestState, Readonly<Record<number, RequestState>>>> = {
  head: { [FRAME.HEADERS]: "content" },
  content: { [FRAME.DATA]: "content", [FRAME.HEADERS]: "trailed" },
  trailed: {},
  tunnel: { [FRAME.DATA]: "tunnel" }, // RFC 9114 §4.4
};

const EXPECTED: Readonly<Record<RequestState, string>> = {
  head: "HEADERS",
  content: "DATA or HEADERS",
  trailed: "nothing after the trailers",
  tunnel: "only DATA after a CONNECT",
};

/** The state of one request stream, as the policy of its frames. */
export class RequestFrames implements FramePolicy {
  /** What comes next. */
  state: RequestState = "head";
  readonly #budget: Budget;
  readonly #maxSection: number;

  /** @param maxSection Bytes an encoded field section may have; a larger one is refused before any of it is kept. */
  constructor(budget: Budget, maxSection: number) {
    this.#budget = budget;
    this.#maxSection = maxSection;
  }

  /**
   * Judges a frame by its header. Unknown types are skipped (RFC 9114 §9); as they cost a little and bring nothing, as
   * empty DATA frames do, they are charged.
   *
   * @throws {H3Error} H3_FRAME_UNEXPECTED or H3_EXCESSIVE_LOAD for the connection; {@linkcode sectionTooLarge}.
   */
  admit(type: number, length: number): Treatment {
    const next = NEXT[this.state][type];
    if (next === undefined) {
      if (isKnownFrameType(type)) throw this.#unexpected(type);
      this.#budget.spend("unknown frames");
      return "skip";
    }
    this.state = next;
    if (type === FRAME.HEADERS) {
      if (length > this.#maxSection) throw this.#tooLarge(length);
      return "whole";
    }
    if (length > 0) return "parts";
    this.#budget.spend("empty DATA frames");
    return "skip";
  }

  #tooLarge(length: number): H3Error {
    return sectionTooLarge(
      `Cannot accept a HEADERS frame of ${length} bytes: the limit is ${this.#maxSection}`,
    );
  }

  #unexpected(type: number): H3Error {
    return new H3Error(
      H3.FRAME_UNEXPECTED,
      `Cannot accept a ${frameName(type)} frame on a request stream: expected ${
        EXPECTED[this.state]
      }`,
    );
  }
}

/**
 * The request has more fields than we take.
 *
 * It is not malformed, so the code is H3_EXCESSIVE_LOAD, and the answer 431 (RFC 9114 §4.2.2).
 */
export function sectionTooLarge(message: string, options?: ErrorOptions): H3Error {
  return new H3Error(H3.EXCESSIVE_LOAD, message, { ...options, scope: "stream", status: 431 });
}
