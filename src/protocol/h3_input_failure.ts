/**
 * What becomes of a request over HTTP/3 that is malformed, reset or late.
 *
 * @module
 */

import { H3, H3Error, type H3RequestHead, type RequestStream } from "../h3/mod.ts";
import { StreamResetError } from "../quic/transport.ts";
import type { H3Owner, H3Upgrade } from "./h3_context.ts";
import type { H3Exchange } from "./h3_exchange.ts";
import { refusalOfError } from "./h3_refusal.ts";
import type { Refusal } from "./serve_context.ts";

/** What to answer an error of the request itself with; `null` when there is nobody to answer. */
export function judgeInputError(
  error: unknown,
  machine: RequestStream,
  owner: H3Owner,
): Refusal | null {
  const refusal = refusalOfError(error);
  try {
    if (error instanceof StreamResetError) machine.reset(error.code);
    else if (refusal === null) owner.fail(error);
  } catch (error) {
    owner.fail(error); // too many resets
  }
  return refusal;
}

/** Tells whoever answers a request that it failed. @param malformed What to answer with, if that is still possible. */
export function failAnswer(
  party: H3Exchange | H3Upgrade,
  error: unknown,
  malformed: Refusal | null,
  owner: H3Owner,
): void {
  if (party.onLost(error, malformed?.status ?? null) || malformed === null) return;
  // The response has begun, and the transport cannot reset it (RFC 9114 §4.1.2).
  owner.fail(new H3Error(H3.MESSAGE_ERROR, malformed.message));
}

/** What a request is answered with that did not begin in time. @param head `null` when that is what did not come. */
export function lateStart(head: H3RequestHead | null, headMs: number): Refusal {
  const missing = head ? "SETTINGS did not come" : "The head was not complete";
  return { status: 408, message: `${missing} within ${headMs / 1000} s` };
}
