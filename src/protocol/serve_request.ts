/**
 * The head of a request that came in through `Deno.serve`, read from the runtime's `Request` on demand.
 *
 * @module
 */

import type { HttpVersion, NetAddress, PeerInfo, RequestHead } from "../exchange.ts";
import type { Field, FieldList } from "../fields.ts";
import type { SocketAddr } from "../fetch_types.ts";

/**
 * Request head over a native `Request`; every member is computed when first asked for.
 *
 * The runtime does not tell the HTTP version. HTTP/1.1 requests carry a Host field and HTTP/2 requests of
 * ordinary clients do not, so its absence means HTTP/2; 1.0 cannot be told from 1.1 (deno-runtime.md A1).
 */
export class ServeRequestHead implements RequestHead {
  readonly scheme: "http" | "https";
  readonly httpVersion: HttpVersion;
  readonly #request: Request;
  #fields: FieldList | undefined;

  constructor(request: Request, scheme: "http" | "https", httpVersion: HttpVersion) {
    this.#request = request;
    this.scheme = scheme;
    this.httpVersion = httpVersion;
  }

  get method(): string {
    return this.#request.method;
  }

  get target(): string {
    return targetOf(this.#request.url);
  }

  get authority(): string {
    return authorityOf(this.#request.url);
  }

  get fields(): FieldList {
    return this.#fields ??= readFields(this.#request, this.httpVersion, this);
  }
}

/** Path and query of an absolute URL as the runtime wrote it; `"/"` when there is none. */
export function targetOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  return start === -1 ? "/" : url.slice(start);
}

/** Authority of an absolute URL as the runtime wrote it. */
export function authorityOf(url: string): string {
  const start = url.indexOf("://") + 3;
  const end = url.indexOf("/", start);
  return end === -1 ? url.slice(start) : url.slice(start, end);
}

function readFields(request: Request, version: HttpVersion, head: ServeRequestHead): FieldList {
  const fields: Field[] = [...request.headers];
  if (version === "2") fields.unshift(["host", head.authority]);
  return fields;
}

/** Both ends of the connection. IPv4 clients of a dual-stack bind are given as IPv4. */
export class ServePeer implements PeerInfo {
  readonly server: NetAddress | null;
  readonly #info: { readonly remoteAddr: SocketAddr };

  constructor(info: { readonly remoteAddr: SocketAddr }, server: NetAddress | null) {
    this.#info = info;
    this.server = server;
  }

  get client(): NetAddress | null {
    return netAddress(this.#info.remoteAddr);
  }
}

/** The network address in a socket address; `null` for a Unix socket. */
export function netAddress(address: SocketAddr): NetAddress | null {
  if (!("port" in address)) return null;
  return { hostname: unmapped(address.hostname), port: address.port };
}

/** Writes an IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2) as IPv4. */
export function unmapped(hostname: string): string {
  return hostname.startsWith("::ffff:") && hostname.includes(".") ? hostname.slice(7) : hostname;
}

const WITHOUT_CONTENT = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);

/** Says whether a request with this method usually has content, judged without touching its body. */
export function mayHaveContent(method: string): boolean {
  return !WITHOUT_CONTENT.has(method);
}
