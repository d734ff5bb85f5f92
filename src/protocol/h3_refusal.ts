/**
 * What the HTTP/3 driver answers itself, before the application sees a request. Its form was checked already.
 *
 * @module
 */

import type { RequestHead } from "../exchange.ts";
import type { ListenerSettings, Refusal } from "./serve_context.ts";
import { contentTooLarge } from "./serve_limits.ts";

/** What of a request decides. */
export interface RefusalParts {
  /** Its head. */
  readonly head: RequestHead;
  /** Declared length of its content; `null` when there is none. */
  readonly contentLength: number | null;
  /** Name the client asked for in TLS; `null` when it gave none. */
  readonly serverName: string | null;
}

/** Why and how a request is refused; `null` to go on. Observers were told of it, so that it counts. */
export function refusalOf(
  { head, contentLength, serverName }: RefusalParts,
  { serverNames, limits }: Pick<ListenerSettings, "serverNames" | "limits">,
): Refusal | null {
  const { method, authority, target } = head;
  const { targetSize, bodySize, concurrency } = limits;
  if (method === "CONNECT") return CONNECT;
  if (serverNames !== null && !serverNames.has(authority.toLowerCase())) {
    return unknownName(authority, serverName);
  }
  if (target.length > targetSize) {
    return { status: 414, message: `the target exceeds "max_target_size" (${targetSize} bytes)` };
  }
  if (contentLength !== null && bodySize !== null && contentLength > bodySize) {
    return contentTooLarge(bodySize);
  }
  return concurrency?.exceeded ? OVERLOADED : null;
}

const CONNECT: Refusal = {
  status: 501,
  message: "CONNECT is for proxies, this is an origin server",
};

const OVERLOADED: Refusal = {
  status: 503,
  message: `more requests are in progress than "limit_concurrency" allows`,
  fields: [["retry-after", "1"]],
  reason: "overloaded",
};

/**
 * An authority that is none of ours. One that the client did not connect for, as browsers do for names that their
 * certificate and address share, gets 421: it may try on a connection of its own (RFC 9110 §15.5.20, RFC 9114 §3.3).
 */
function unknownName(authority: string, serverName: string | null): Refusal {
  const host = authority.replace(/:\d*$/, "").toLowerCase();
  const misdirected = serverName !== null && serverName.toLowerCase() !== host;
  const message = `Host ${JSON.stringify(authority)} is not in server_names`;
  return { status: misdirected ? 421 : 404, message };
}
