/**
 * The head of a request that came in through `Deno.serve`.
 *
 * @module
 */

import type { HttpVersion, NetAddress, PeerInfo, RequestHead } from "../exchange.ts";
import type { Field, FieldList } from "../fields.ts";
import type { SocketAddr } from "../fetch_types.ts";
import type { NativeInfo } from "./serve_info.ts";
import { versionOf } from "./serve_context.ts";

/**
 * Request head over a native `Request`.
 *
 * HTTP/1.0 cannot be told from 1.1.
 */
export class ServeRequestHead implements RequestHead {
  readonly scheme: "http" | "https";
  readonly httpVersion: HttpVersion;
  readonly fields: FieldList;
  readonly #request: Request;

  /**
   * @param host Value of the Host field, `null` when there is none.
   * @param http2 See `isHttp2`.
   * @param fields The header section; its Host is made to agree with the authority.
   */
  constructor(
    request: Request,
    scheme: "http" | "https",
    host: string | null,
    http2: boolean,
    fields: Field[],
  ) {
    this.#request = request;
    this.scheme = scheme;
    this.httpVersion = versionOf(http2);
    if (host === null) fields.unshift(["host", this.authority]);
    else if (host !== "" && host !== this.authority) replaceHost(fields, this.authority);
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

/** An authority in a target replaces Host (RFC 9112 §3.2.2); on HTTP/2 `:authority` does (RFC 9113 §8.3.1). */
function replaceHost(fields: Field[], authority: string): void {
  const index = fields.findIndex(([name]) => name === "host");
  fields[index] = ["host", authority];
}

/** Path and query of an absolute URL as the runtime wrote it; they begin with `/`. */
export function targetOf(url: string): string {
  const rest = url.slice(endOfAuthority(url));
  return rest.startsWith("/") ? rest : `/${rest}`;
}

/**
 * Authority of an absolute URL as the runtime wrote it; `""` where it put the path of a Unix socket, since the client
 * named no host.
 */
export function authorityOf(url: string): string {
  if (url.startsWith("http+unix://%2F")) return "";
  return url.slice(url.indexOf("://") + 3, endOfAuthority(url));
}

/** Index of the first `/`, `?` or `#` after the scheme, or of the end; a loop, since it runs for every request. */
function endOfAuthority(url: string): number {
  let index = url.indexOf("://") + 3;
  for (; index < url.length; index++) {
    const code = url.charCodeAt(index);
    if (code === 0x2f || code === 0x3f || code === 0x23) break;
  }
  return index;
}

/** Both ends of the connection. IPv4 clients of a dual-stack bind are given as IPv4. */
export class ServePeer implements PeerInfo {
  readonly #info: NativeInfo;
  readonly #listener: { readonly localAddr: SocketAddr };

  constructor(
    info: NativeInfo,
    listener: { readonly localAddr: SocketAddr },
  ) {
    this.#info = info;
    this.#listener = listener;
  }

  get client(): NetAddress | null {
    return netAddress(this.#info.remoteAddr);
  }

  get server(): NetAddress | null {
    return netAddress(this.#info.localAddr ?? this.#listener.localAddr);
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

/** Says whether the runtime lets a request with this method have content. */
export function canHaveContent(method: string): boolean {
  return method !== "GET" && method !== "HEAD";
}

/** Says whether a request with this method usually has content, judged without touching its body. */
export function mayHaveContent(method: string): boolean {
  return method !== "GET" && !WITHOUT_CONTENT.has(method);
}
