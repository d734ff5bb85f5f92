/**
 * The head of a request that came in through `Deno.serve`.
 *
 * @module
 */

import type { HttpVersion, NetAddress, PeerInfo, RequestHead } from "../exchange.ts";
import type { Field, FieldList } from "../fields.ts";
import type { SocketAddr } from "../fetch_types.ts";
import { versionOf } from "./serve_context.ts";

/**
 * Request head over a native `Request`.
 *
 * The runtime does not tell the HTTP version. HTTP/1.1 requests carry a Host field and HTTP/2 requests of
 * ordinary clients do not, so its absence means HTTP/2; 1.0 cannot be told from 1.1 (deno-runtime.md A1).
 */
export class ServeRequestHead implements RequestHead {
  readonly scheme: "http" | "https";
  readonly httpVersion: HttpVersion;
  readonly fields: FieldList;
  readonly #request: Request;

  /** @param fields The header section; `host` is put in front of it on HTTP/2. */
  constructor(request: Request, scheme: "http" | "https", http2: boolean, fields: Field[]) {
    this.#request = request;
    this.scheme = scheme;
    this.httpVersion = versionOf(http2);
    if (http2) fields.unshift(["host", this.authority]);
    this.fields = fields;
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
}

/** Path and query of an absolute URL as the runtime wrote it; `"/"` when there is none. */
export function targetOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  return start === -1 ? "/" : url.slice(start);
}

/**
 * Authority of an absolute URL as the runtime wrote it; `""` where it put the path of a Unix socket, since the client
 * named no host.
 */
export function authorityOf(url: string): string {
  if (url.startsWith("http+unix://%2F")) return "";
  const start = url.indexOf("://") + 3;
  const end = url.indexOf("/", start);
  return end === -1 ? url.slice(start) : url.slice(start, end);
}

/** Both ends of the connection. IPv4 clients of a dual-stack bind are given as IPv4. */
export class ServePeer implements PeerInfo {
  readonly #info: { readonly remoteAddr: SocketAddr };
  readonly #listener: { readonly localAddr: SocketAddr };

  constructor(
    info: { readonly remoteAddr: SocketAddr },
    listener: { readonly localAddr: SocketAddr },
  ) {
    this.#info = info;
    this.#listener = listener;
  }

  get client(): NetAddress | null {
    return netAddress(this.#info.remoteAddr);
  }

  get server(): NetAddress | null {
    return netAddress(this.#listener.localAddr);
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

const WITHOUT_CONTENT = new Set(["HEAD", "OPTIONS", "TRACE"]);

/** Says whether a request with this method usually has content, judged without touching its body. */
export function mayHaveContent(method: string): boolean {
  return method !== "GET" && !WITHOUT_CONTENT.has(method);
}
