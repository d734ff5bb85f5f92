/**
 * ASGI scopes from exchanges.
 *
 * @see {@link https://asgi.readthedocs.io/en/latest/specs/www.html#http-connection-scope | ASGI connection scope}
 * @module
 */

import { isASCII } from "../content.ts";
import type { Exchange, NetAddress, TlsInfo, WebSocketExchange } from "../exchange.ts";
import type { ASGITLSExtension } from "../asgi_tls.ts";
import type {
  ASGIAddress,
  ASGIHTTPExtensions,
  ASGIHTTPScope,
  ASGIWebSocketScope,
} from "../asgi_types.ts";
import type { ASGIWebTransportScope } from "../asgi_webtransport_types.ts";
import { decodePath, utf8AsLatin1 } from "../request_target.ts";
import type { WebTransportExchange } from "../webtransport_exchange.ts";

/** What every scope of one application shares. */
export interface ScopeOptions {
  /** `root_path` option. */
  readonly rootPath: string;
  /** The lifespan state; every scope gets a shallow copy of what is in it at that moment. */
  readonly state: Readonly<Record<string, unknown>>;
}

/** Scope of a request. Written out rather than put together from parts, for one is made for every request. */
export function httpScope(exchange: Exchange, options: ScopeOptions): ASGIHTTPScope {
  const { request, peer, supports } = exchange;
  const { rawPath, query } = split(request.target);
  const extensions: ASGIHTTPExtensions = {};
  if (supports.trailers) extensions["http.response.trailers"] = {};
  if (supports.informational) extensions["http.response.early_hint"] = {};
  if (supports.sendFile) extensions["http.response.pathsend"] = {};
  if (peer.tls) extensions.tls = tlsExtension(peer.tls);
  return {
    type: "http",
    asgi: { version: "3.0", spec_version: "2.1" },
    http_version: request.httpVersion,
    method: request.method.toUpperCase(),
    scheme: request.scheme,
    path: decodeText(rawPath),
    raw_path: utf8AsLatin1(rawPath),
    query_string: utf8AsLatin1(query),
    root_path: options.rootPath,
    headers: [...request.fields],
    client: address(peer.client),
    server: address(peer.server),
    state: { ...options.state },
    extensions,
  };
}

/** Scope of a WebSocket. */
export function webSocketScope(
  exchange: WebSocketExchange,
  options: ScopeOptions,
): ASGIWebSocketScope {
  return {
    type: "websocket",
    asgi: { version: "3.0", spec_version: "2.3" },
    scheme: exchange.request.scheme === "https" ? "wss" : "ws",
    ...handshakeScope(exchange, options),
    subprotocols: [...exchange.subprotocols],
    extensions: { "websocket.http.response": {} },
  };
}

/** Scope of a WebTransport session. */
export function webTransportScope(
  exchange: WebTransportExchange,
  options: ScopeOptions,
): ASGIWebTransportScope {
  const { request, peer, protocols } = exchange;
  return {
    type: "webtransport",
    asgi: { version: "3.0", spec_version: "1.0" },
    scheme: request.scheme,
    ...handshakeScope(exchange, options),
    protocols: [...protocols],
    extensions: {
      "webtransport.http.response": {},
      ...(peer.tls && { tls: tlsExtension(peer.tls) }),
    },
  };
}

/** What the scopes of handshakes have in common. */
function handshakeScope(
  { request, peer }: WebSocketExchange | WebTransportExchange,
  options: ScopeOptions,
) {
  const { rawPath, query } = split(request.target);
  return {
    http_version: request.httpVersion,
    path: decodeText(rawPath),
    raw_path: utf8AsLatin1(rawPath),
    query_string: utf8AsLatin1(query),
    root_path: options.rootPath,
    headers: [...request.fields],
    client: address(peer.client),
    server: address(peer.server),
    state: { ...options.state },
  };
}

function split(target: string): { rawPath: string; query: string } {
  const mark = target.indexOf("?");
  if (mark === -1) return { rawPath: target, query: "" };
  return { rawPath: target.slice(0, mark), query: target.slice(mark + 1) };
}

function tlsExtension({ version, serverName }: TlsInfo): ASGITLSExtension {
  return {
    server_cert: null,
    client_cert_chain: [],
    client_cert_name: null,
    client_cert_error: null,
    tls_version: version,
    cipher_suite: null,
    server_name: serverName,
  };
}

function address(from: NetAddress | null): ASGIAddress | null {
  return from && [from.hostname, from.port];
}

const utf8 = new TextDecoder();

/** Percent-decodes a path as UTF-8: invalid sequences become U+FFFD, malformed escapes stay as they are. */
function decodeText(rawPath: string): string {
  const bytes = decodePath(rawPath);
  if (isASCII(bytes)) return bytes;
  return utf8.decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)));
}
