/**
 * Which frame may come when on a request stream, and how large.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9114#section-4.1 | RFC 9114 §4.1}
 * @module
 */

import { H3, H3Error } from "./errors.ts";
import { FRAME, frameName, type FramePolicy, isKnownFrameType } from "./frames.ts";
import type { Treatment } from "./piece_reader.ts";
import type { RequestContext } from "./request_context.ts";
import { checkSessionId, misplacedSignal, WEBTRANSPORT_SIGNAL } from "./webtransport_signal.ts";

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
  /** The WebTransport session that the stream turned out to belong to; `null` for a request. */
  sessionId: number | null = null;
  readonly #context: RequestContext;
  /** Whether frames were skipped. */
  #skipped = false;

  /** @param context Says how large a field section may be; a larger one is refused before any of it is kept. */
  constructor(context: RequestContext) {
    this.#context = context;
  }

  /**
   * Judges a frame by its header. Unknown types are skipped (RFC 9114 §9); as they cost a little and bring nothing, as
   * empty DATA frames do, they are charged.
   *
   * @throws {H3Error} H3_FRAME_UNEXPECTED, H3_EXCESSIVE_LOAD, or of WebTransport H3_FRAME_ERROR and H3_ID_ERROR, all for
   *   the connection; {@linkcode sectionTooLarge}.
   */
  admit(type: number, length: number): Treatment {
    const next = NEXT[this.state][type];
    if (next === undefined) {
      if (isKnownFrameType(type)) throw this.#unexpected(type);
      if (type === WEBTRANSPORT_SIGNAL && this.#context.webTransport) return this.#leave(length);
      this.#skipped = true;
      this.#context.budget.spend("unknown frames");
      return "skip";
    }
    this.state = next;
    if (type === FRAME.HEADERS) {
      if (length > this.#context.maxFieldSectionSize) throw this.#tooLarge(length);
      return "whole";
    }
    if (length > 0) return "parts";
    this.#context.budget.spend("empty DATA frames");
    return "skip";
  }

  /** The stream is none of requests: where a frame has its length there is a session id. */
  #leave(sessionId: number): Treatment {
    if (this.state !== "head" || this.#skipped) throw misplacedSignal("amid a request");
    checkSessionId(sessionId, this.#context.streamLimit());
    this.sessionId = sessionId;
    return "leave";
  }

  #tooLarge(length: number): H3Error {
    const { maxFieldSectionSize } = this.#context;
    return sectionTooLarge(
      `Cannot accept a HEADERS frame of ${length} bytes: the limit is ${maxFieldSectionSize}`,
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
