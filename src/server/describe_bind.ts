/**
 * What users are told about a listener that accepts TCP connections.
 *
 * @module
 */

import { formatAuthority } from "../address.ts";
import type { BindSpec } from "../config/mod.ts";
import type { SocketAddr } from "../fetch_types.ts";
import type { Bind } from "./listener.ts";

/** @param addr Where it listens, with the real port. */
export function describeBind({ text }: BindSpec, addr: SocketAddr, secure: boolean): Bind {
  return { text, url: urlOf(addr, secure), addr, secure, versions: ["1.0", "1.1", "2"] };
}

function urlOf(addr: SocketAddr, secure: boolean): string {
  const scheme = secure ? "https" : "http";
  return "port" in addr
    ? `${scheme}://${formatAuthority(addr.hostname, addr.port)}`
    : `${scheme}://unix:${addr.path}`;
}
