/**
 * ASGI scopes from exchanges.
 *
 * @see {@link https://asgi.readthedocs.io/en/latest/specs/www.html#http-connection-scope | ASGI connection scope}
 * @module
 */

import { isASCII } from "../content.ts";
import type { Exchange, NetAddress, WebSocketExchange } from "../exchange.ts";
import type {
  ASGIAddress,
  ASGIHTTPExtensions,
  ASGIHTTPScope,
  ASGIRequestScope,
  ASGIWebSocketScope,
} from "./asgi_types.ts";
import { decodePath, utf8AsLatin1 } from "./request_target.ts";

/** What every scope of one application shares. */
export interface ScopeOptions {
  /** `root_path` option. */
  readonly rootPath: string;
  /** The lifespan state; every scope gets a shallow copy of what is in it at that moment. */
  readonly state: Readonly<Record<string, unknown>>;
}

/** Scope of a request. */
export function httpScope(exchange: Exchange, options: ScopeOptions): ASGIHTTPScope {
  const { request, supports } = exchange;
  const extensions: ASGIHTTPExtensions = {};
  if (supports.trailers) extensions["http.response.trailers"] = {};
  if (supports.informational) extensions["http.response.early_hint"] = {};
  if (supports.sendFile) extensions["http.response.pathsend"] = {};
  return {
    type: "http",
    ...requestScope(exchange, options, "2.1"),
    method: request.method.toUpperCase(),
    scheme: request.scheme,
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
    ...requestScope(exchange, options, "2.3"),
    scheme: exchange.request.scheme === "https" ? "wss" : "ws",
    subprotocols: [...exchange.subprotocols],
    extensions: { "websocket.http.response": {} },
  };
}

function requestScope(
  { request, peer }: Pick<Exchange, "request" | "peer">,
  { rootPath, state }: ScopeOptions,
  spec_version: "2.1" | "2.3",
): ASGIRequestScope {
  const { target } = request;
  const mark = target.indexOf("?");
  const rawPath = mark === -1 ? target : target.slice(0, mark);
  return {
    asgi: { version: "3.0", spec_version },
    http_version: request.httpVersion,
    path: decodeText(rawPath),
    raw_path: utf8AsLatin1(rawPath),
    query_string: mark === -1 ? "" : utf8AsLatin1(target.slice(mark + 1)),
    root_path: rootPath,
    headers: [...request.fields],
    client: address(peer.client),
    server: address(peer.server),
    state: { ...state },
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
