/**
 * Which requests for WebTransport sessions are refused before the application sees them.
 *
 * @module
 */

import { combineField } from "../fields.ts";
import type { H3RequestHead } from "../h3/mod.ts";
import type { Refusal } from "./serve_context.ts";
import type { WebTransportSettings } from "./webtransport_settings.ts";

/** What decides beside the request. */
export interface SessionState {
  /** Settings of the listener. */
  readonly settings: WebTransportSettings;
  /** Whether the client's SETTINGS have WebTransport and datagrams. */
  readonly supported: boolean;
  /** Sessions of the connection that are open or asked for. */
  readonly sessions: number;
}

/** Why and how a request for a session is refused; `null` to go on. */
export function refusalOfSession(
  head: H3RequestHead,
  { settings, supported, sessions }: SessionState,
): Refusal | null {
  if (!supported) return UNSUPPORTED;
  const origin = combineField(head.fields, "origin");
  if (origin !== undefined && !isAllowed(origin, head.authority, settings.origins)) {
    return foreign(origin);
  }
  return sessions >= settings.maxSessions ? tooMany(settings.maxSessions) : null;
}

/** Its extended CONNECT is not what it says (draft-ietf-webtrans-http3 §3.1). */
const UNSUPPORTED: Refusal = {
  status: 400,
  message: "Cannot accept the WebTransport session: the client's SETTINGS have no WebTransport",
  reason: "handshake",
};

function foreign(origin: string): Refusal {
  const name = JSON.stringify(origin);
  return {
    status: 403,
    message: `Cannot accept the WebTransport session: pages of ${name} may not open any. ` +
      `To allow them add the origin to "webtransport_origins"`,
    reason: "handshake",
  };
}

function tooMany(limit: number): Refusal {
  return {
    status: 429,
    message: `Cannot accept the WebTransport session: the connection has ${limit} already, ` +
      `as many as "webtransport_max_sessions" allows`,
    reason: "overloaded",
  };
}

/** Says whether a page of `origin` may open a session at `authority`; those of the server itself always may. */
function isAllowed(origin: string, authority: string, origins: ReadonlySet<string>): boolean {
  if (origins.has("*") || origins.has(origin)) return true;
  const own = `https://${authority.toLowerCase()}`;
  return origin === own || (URL.canParse(own) && origin === new URL(own).origin);
}
