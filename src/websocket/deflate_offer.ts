/**
 * Agreeing on compression in the handshake.
 *
 * The answer always forbids both sides to keep a context from one message to the next, which a server may do unasked
 * (RFC 7692 §7.1.1): memory of a WebSocket stays what it is without compression, and no platform has a synchronous
 * stream that could be flushed after each message.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7692#section-7.1 | RFC 7692 §7.1}
 * @module
 */

import type { Extension } from "./extensions.ts";

/** What server and client have agreed on. */
export interface DeflateAgreement {
  /** Value of the server's `Sec-WebSocket-Extensions`. */
  readonly answer: string;
  /** Logarithm of the window that the server stays in when it compresses. */
  readonly windowBits: number;
}

const NAME = "permessage-deflate";

/** The largest window of DEFLATE, which is meant where nothing is said. */
const MAX_WINDOW_BITS = 15;

/** The smallest window of zlib: it does 9 when asked for 8, which the client could not read. */
const MIN_WINDOW_BITS = 9;

/** 8 to 15 without leading zeros (RFC 7692 §7.1.2.1). */
const WINDOW_BITS = /^(?:[89]|1[0-5])$/;

/** Which values the parameters may have; others are unknown, and an offer that has one is declined (RFC 7692 §7.1). */
const PARAMETERS: ReadonlyMap<string, (value: string | null) => boolean> = new Map([
  ["server_no_context_takeover", isNothing],
  ["client_no_context_takeover", isNothing],
  ["server_max_window_bits", isWindow],
  // Says that we may limit the client's window, which we do not.
  ["client_max_window_bits", (value: string | null) => isNothing(value) || isWindow(value)],
]);

/** Accepts the first offer of compression that can be met; `null` when there is none. */
export function acceptDeflate(offers: readonly Extension[]): DeflateAgreement | null {
  for (const { name, parameters } of offers) {
    if (name !== NAME) continue;
    const window = acceptParameters(parameters);
    if (window === null) continue;
    const contexts = `${NAME}; server_no_context_takeover; client_no_context_takeover`;
    return {
      answer: window.asked ? `${contexts}; server_max_window_bits=${window.bits}` : contexts,
      windowBits: window.bits,
    };
  }
  return null;
}

/** The window that an offer asks for; `null` when the offer cannot be met. */
function acceptParameters(
  parameters: Extension["parameters"],
): { readonly bits: number; readonly asked: boolean } | null {
  const values = new Map(parameters);
  if (values.size < parameters.length) return null; // one of them is repeated
  for (const [name, value] of parameters) {
    if (!PARAMETERS.get(name)?.(value)) return null;
  }
  const asked = values.get("server_max_window_bits");
  const bits = Number(asked ?? MAX_WINDOW_BITS);
  return bits < MIN_WINDOW_BITS ? null : { bits, asked: asked !== undefined };
}

function isNothing(value: string | null): boolean {
  return value === null;
}

function isWindow(value: string | null): boolean {
  return value !== null && WINDOW_BITS.test(value);
}
