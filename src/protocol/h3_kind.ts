/**
 * What requests over HTTP/3 ask for.
 *
 * @module
 */

import type { H3RequestHead } from "../h3/mod.ts";
import { WEBTRANSPORT_TOKENS } from "../webtransport/mod.ts";

/** A plain request, or what an extended CONNECT is for; `"unknown"` when nobody here speaks its protocol. */
export type RequestKind = "http" | "websocket" | "webtransport" | "unknown";

/** Says what a request asks for. */
export function kindOf({ protocol }: Pick<H3RequestHead, "protocol">): RequestKind {
  if (protocol === null) return "http";
  if (protocol === "websocket") return "websocket";
  return WEBTRANSPORT_TOKENS.has(protocol) ? "webtransport" : "unknown";
}
