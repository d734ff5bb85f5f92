/**
 * What the HTTP/3 driver answers itself, before the application sees a request. Its form was checked already.
 *
 * @module
 */

import { ContentTooLargeError } from "../errors.ts";
import type { RequestHead } from "../exchange.ts";
import type { ListenerSettings, Refusal } from "./serve_context.ts";

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
  if (method === "CONNECT") return CONNECT;
  if (target.length > limits.targetSize) {
    const message = `Target of ${target.length} bytes, max_target_size is ${limits.targetSize}`;
    return { status: 414, message };
  }
  if (serverNames !== null && !serverNames.has(authority.toLowerCase())) {
    return unknownName(authority, serverName);
  }
  if (contentLength !== null && limits.bodySize !== null && contentLength > limits.bodySize) {
    return { status: 413, message: new ContentTooLargeError(limits.bodySize).message };
  }
  return limits.concurrency?.exceeded ? OVERLOADED : null;
}

const CONNECT: Refusal = {
  status: 501,
  message: "CONNECT is for proxies, this is an origin server",
};

const OVERLOADED: Refusal = {
  status: 503,
  message: "limit_concurrency is reached",
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
