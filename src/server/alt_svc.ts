/**
 * How clients of the TLS binds learn of HTTP/3: the `alt-svc` field.
 *
 * @module
 */

import { isIP } from "node:net";
import { type BindSpec, type HostAndPort, isWildcard } from "../config/mod.ts";

/** An HTTP/3 listener, once it is open. */
export interface AlternativeService {
  /** The bind as configured. */
  readonly spec: HostAndPort;
  /** The real UDP port. */
  readonly port: number;
}

/** Seconds a client may remember the alternative, as most servers say; a browser forgets it when it fails. */
const MAX_AGE = 86400;

/**
 * Values of `alt-svc` for responses of one TLS bind. Each names only a port, which means the host that the client
 * asked for already, so listeners that are on another address for certain are left out.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7838#section-3 | RFC 7838 §3}
 */
export function altSvcOf(bind: BindSpec, services: readonly AlternativeService[]): string[] {
  if (bind.kind === "unix") return [];
  const near = services.filter(({ spec }) => !areApart(spec.hostname, bind.hostname));
  return [...new Set(near.map(({ port }) => port))].map((port) => `h3=":${port}"; ma=${MAX_AGE}`);
}

/** Two different addresses are; a name may mean any address, and a wildcard means all. */
function areApart(one: string, other: string): boolean {
  return one !== other && [one, other].every((host) => isIP(host) !== 0 && !isWildcard(host));
}
