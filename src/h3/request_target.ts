/**
 * Forms of `:scheme`, `:authority` and `:path`.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9114#section-4.3.1 | RFC 9114 §4.3.1}
 * @module
 */

import { isHost } from "../fields.ts";

/**
 * Path and query: what the URL parser of browsers leaves as it is. That is all of RFC 3986 §3.3 and §3.4, and the
 * brackets, braces and such that browsers send unescaped; no `#`, which would begin a fragment, and no quotes.
 */
const PATH = /^\/[!$-;=?-~]*$/;

/** Host and port of a plain CONNECT; the port is required (RFC 9110 §7.1). */
const PORT = /:([0-9]{1,5})$/;

/** The last authority found valid: nearly all requests of a server name the same, and the test takes a microsecond. */
let lastValid = "";

/** Says whether `scheme` is one of the two that a server of web applications answers for, in any case. */
export function isWebScheme(scheme: string): boolean {
  if (scheme === "https" || scheme === "http") return true;
  const lower = scheme.toLowerCase(); // RFC 3986 §3.1
  return lower === "https" || lower === "http";
}

/** Says whether `value` is a host with an optional port; not empty, no user information (RFC 9110 §4.2.4). */
export function isAuthority(value: string): boolean {
  if (value === lastValid) return value !== "";
  if (value === "" || !isHost(value)) return false;
  lastValid = value;
  return true;
}

/** Says whether `value` is what a plain CONNECT needs: host and port, neither empty (RFC 9110 §9.3.6). */
export function isConnectAuthority(value: string): boolean {
  const port = PORT.exec(value);
  return port !== null && port.index > 0 && Number(port[1]) >= 1 && Number(port[1]) <= 65535 &&
    isAuthority(value);
}

/** Says whether `path` is a path with an optional query, or `*` where that is allowed: for OPTIONS. */
export function isTarget(path: string, method: string): boolean {
  return PATH.test(path) || (path === "*" && method === "OPTIONS");
}
