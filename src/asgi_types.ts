/**
 * ASGI 3 scopes and messages as closed unions, in the spelling of the specification.
 *
 * Differences to Python are fixed once here: field names and values, raw path and query string are JS
 * strings whose code units are bytes (latin-1); bodies are `Uint8Array`, and a string is accepted when
 * sending and UTF-8 encoded.
 *
 * @see {@link https://asgi.readthedocs.io/en/latest/specs/www.html | ASGI HTTP and WebSocket}
 * @see {@link https://asgi.readthedocs.io/en/latest/specs/lifespan.html | ASGI lifespan}
 * @module
 */

import type { ASGITLSExtension } from "./asgi_tls.ts";
import type * as webtransport from "./asgi_webtransport_types.ts";
import type { HttpVersion } from "./exchange.ts";
import type { Field } from "./fields.ts";

/** The `asgi` entry of every scope. */
export interface ASGIVersions {
  /** Version of the ASGI protocol, `"3.0"`. */
  readonly version: "3.0";
  /** Version of the scope's specification: `"2.1"` HTTP, `"2.3"` WebSocket, `"1.0"` WebTransport, `"2.0"` lifespan. */
  readonly spec_version: "1.0" | "2.0" | "2.1" | "2.3";
}

/** Address as ASGI gives it: `[host, port]`. */
export type ASGIAddress = readonly [host: string, port: number];

/** Keys that all scopes but that of the lifespan share. */
export interface ASGIRequestScope {
  /** ASGI versions. */
  asgi: ASGIVersions;
  /** HTTP version. */
  http_version: HttpVersion;
  /** Path, percent-decoded as UTF-8; invalid sequences become U+FFFD, malformed escapes stay. Not normalised. */
  path: string;
  /** Path as received, undecoded, without the query. */
  raw_path: string;
  /** What follows the first `?`, undecoded; `""` if none. */
  query_string: string;
  /** `root_path` option: where the application is mounted. `path` is not changed by it. */
  root_path: string;
  /** Header section: `[name, value]` pairs, names lower-case, `host` first where the version has none. */
  headers: Field[];
  /** Client, or `null` on a Unix socket. */
  client: ASGIAddress | null;
  /** Our end of the connection, or `null` on a Unix socket. */
  server: ASGIAddress | null;
  /** Shallow copy of the lifespan state: keys added here stay with this request, values are shared. */
  state: Record<string, unknown>;
}

/** Optional features of an HTTP scope; a key is present when this protocol can carry the feature. */
export interface ASGIHTTPExtensions {
  /** `http.response.trailers` may be sent. */
  "http.response.trailers"?: Record<string, never>;
  /** `http.response.early_hint` may be sent. */
  "http.response.early_hint"?: Record<string, never>;
  /** `http.response.pathsend` may be sent. */
  "http.response.pathsend"?: Record<string, never>;
  /** The TLS session, where it is known. */
  tls?: ASGITLSExtension;
}

/** Scope of one request. */
export interface ASGIHTTPScope extends ASGIRequestScope {
  /** Discriminator. */
  type: "http";
  /** Method, upper-case. */
  method: string;
  /** `"https"` on a TLS or QUIC bind. */
  scheme: "http" | "https";
  /** Optional features this request can use. */
  extensions: ASGIHTTPExtensions;
}

/** Scope of one WebSocket. */
export interface ASGIWebSocketScope extends ASGIRequestScope {
  /** Discriminator. */
  type: "websocket";
  /** `"wss"` on a TLS or QUIC bind. */
  scheme: "ws" | "wss";
  /** Subprotocols the client offered, in its order. */
  subprotocols: string[];
  /** `websocket.http.response` is always offered: a handshake can be denied with any response. */
  extensions: {
    /** The denial response messages may be sent. */
    "websocket.http.response": Record<string, never>;
  };
}

/** Scope of the one lifespan call per server. */
export interface ASGILifespanScope {
  /** Discriminator. */
  type: "lifespan";
  /** ASGI versions. */
  asgi: ASGIVersions;
  /** What the application puts here before `lifespan.startup.complete` is in every request's `state`. */
  state: Record<string, unknown>;
}

/** Every scope an application is called with. */
export type ASGIScope =
  | ASGIHTTPScope
  | ASGIWebSocketScope
  | webtransport.ASGIWebTransportScope
  | ASGILifespanScope;

/** Content of the request. A body-less request yields one with `body` empty and `more_body` false. */
export interface HTTPRequestEvent {
  /** Discriminator. */
  type: "http.request";
  /** Next piece of content; the end is always a separate empty message. */
  body: Uint8Array;
  /** `false` on the last message. */
  more_body: boolean;
}

/** The response is complete or the client left; given exactly once per request, then `receive()` waits for ever. */
export interface HTTPDisconnectEvent {
  /** Discriminator. */
  type: "http.disconnect";
}

/** First event of a WebSocket. */
export interface WebSocketConnectEvent {
  /** Discriminator. */
  type: "websocket.connect";
}

/** One complete message; exactly one of `text` and `bytes` is not null. */
export interface WebSocketReceiveEvent {
  /** Discriminator. */
  type: "websocket.receive";
  /** Text message, or `null`. */
  text: string | null;
  /** Binary message, or `null`. */
  bytes: Uint8Array | null;
}

/** The WebSocket is closed; given exactly once. */
export interface WebSocketDisconnectEvent {
  /** Discriminator. */
  type: "websocket.disconnect";
  /** Close code: the client's, 1005 when it gave none, 1006 when the connection was lost. */
  code: number;
  /** Close reason of the client, may be empty. */
  reason: string;
}

/** The server is starting. */
export interface LifespanStartupEvent {
  /** Discriminator. */
  type: "lifespan.startup";
}

/** The server is stopping; all connections are done. */
export interface LifespanShutdownEvent {
  /** Discriminator. */
  type: "lifespan.shutdown";
}

/** Everything `receive()` yields. */
export type ASGIReceiveEvent =
  | HTTPRequestEvent
  | HTTPDisconnectEvent
  | WebSocketConnectEvent
  | WebSocketReceiveEvent
  | WebSocketDisconnectEvent
  | webtransport.WebTransportReceiveEvent
  | LifespanStartupEvent
  | LifespanShutdownEvent;

/** Field lines as an application may send them: pairs of strings, or of latin-1 bytes. */
export type ASGIHeaders = Iterable<
  readonly [name: string | Uint8Array, value: string | Uint8Array]
>;

/** Starts the response. */
export interface HTTPResponseStartEvent {
  /** Discriminator. */
  type: "http.response.start";
  /** 200..599. */
  status: number;
  /** Header section; default empty. */
  headers?: ASGIHeaders;
  /** `true` announces an `http.response.trailers` message after the body; default `false`. */
  trailers?: boolean;
}

/** Content of the response. */
export interface HTTPResponseBodyEvent {
  /** Discriminator. */
  type: "http.response.body";
  /** Content; a string is UTF-8 encoded; default empty. The bytes belong to the server from then on. */
  body?: Uint8Array | string;
  /** `true` when more follows; default `false`. */
  more_body?: boolean;
}

/** Trailer section; only when `extensions` has the key. */
export interface HTTPResponseTrailersEvent {
  /** Discriminator. */
  type: "http.response.trailers";
  /** Trailer fields. */
  headers: ASGIHeaders;
  /** `true` when another message with trailers follows; default `false`. */
  more_trailers?: boolean;
}

/** 103 Early Hints; only when `extensions` has the key. */
export interface HTTPResponseEarlyHintEvent {
  /** Discriminator. */
  type: "http.response.early_hint";
  /** Values of the `link` fields. */
  links: Iterable<string | Uint8Array>;
}

/** Sends a file as the whole body; only when `extensions` has the key. */
export interface HTTPResponsePathsendEvent {
  /** Discriminator. */
  type: "http.response.pathsend";
  /** Absolute path of the file. */
  path: string;
}

/** Accepts the handshake. */
export interface WebSocketAcceptEvent {
  /** Discriminator. */
  type: "websocket.accept";
  /** One of `scope.subprotocols`, or none. */
  subprotocol?: string | null;
  /** Further fields of the 101 response. */
  headers?: ASGIHeaders;
}

/** Sends a message; `bytes` wins when both are given. */
export interface WebSocketSendEvent {
  /** Discriminator. */
  type: "websocket.send";
  /** Text message. */
  text?: string | null;
  /** Binary message. */
  bytes?: Uint8Array | null;
}

/** Closes the WebSocket; before the accept it answers the handshake with 403. */
export interface WebSocketCloseEvent {
  /** Discriminator. */
  type: "websocket.close";
  /** Close code, default 1000. */
  code?: number;
  /** Close reason, at most 123 bytes of UTF-8. */
  reason?: string | null;
}

/** Starts a denial response. */
export interface WebSocketResponseStartEvent {
  /** Discriminator. */
  type: "websocket.http.response.start";
  /** 200..599. */
  status: number;
  /** Header section; default empty. */
  headers?: ASGIHeaders;
}

/** Content of a denial response. */
export interface WebSocketResponseBodyEvent {
  /** Discriminator. */
  type: "websocket.http.response.body";
  /** Content; default empty. */
  body?: Uint8Array | string;
  /** `true` when more follows; default `false`. */
  more_body?: boolean;
}

/** Start succeeded. */
export interface LifespanStartupCompleteEvent {
  /** Discriminator. */
  type: "lifespan.startup.complete";
}

/** Start failed: the server does not start. */
export interface LifespanStartupFailedEvent {
  /** Discriminator. */
  type: "lifespan.startup.failed";
  /** Reason for the operator. */
  message?: string;
}

/** Stop succeeded. */
export interface LifespanShutdownCompleteEvent {
  /** Discriminator. */
  type: "lifespan.shutdown.complete";
}

/** Stop failed. */
export interface LifespanShutdownFailedEvent {
  /** Discriminator. */
  type: "lifespan.shutdown.failed";
  /** Reason for the operator. */
  message?: string;
}

/** Everything `send()` accepts. */
export type ASGISendEvent =
  | HTTPResponseStartEvent
  | HTTPResponseBodyEvent
  | HTTPResponseTrailersEvent
  | HTTPResponseEarlyHintEvent
  | HTTPResponsePathsendEvent
  | WebSocketAcceptEvent
  | WebSocketSendEvent
  | WebSocketCloseEvent
  | WebSocketResponseStartEvent
  | WebSocketResponseBodyEvent
  | webtransport.WebTransportSendEvent
  | LifespanStartupCompleteEvent
  | LifespanStartupFailedEvent
  | LifespanShutdownCompleteEvent
  | LifespanShutdownFailedEvent;

/** Waits for the next event. */
export type ASGIReceive = () => Promise<ASGIReceiveEvent>;

/** Sends a message; settles when the transport wants more. */
export type ASGISend = (message: ASGISendEvent) => Promise<void>;

/**
 * An application in ASGI 3 form.
 *
 * @example
 * ```ts
 * import { type ASGIFramework, serve } from "jsr:@x/hypercorn";
 *
 * const app: ASGIFramework = async (scope, _receive, send) => {
 *   if (scope.type !== "http") return; // no lifespan, no WebSockets
 *   await send({ type: "http.response.start", status: 200, headers: [["content-type", "text/plain"]] });
 *   await send({ type: "http.response.body", body: `Hello from ${scope.path}\n` });
 * };
 * await serve(app);
 * ```
 */
export type ASGIFramework = (
  scope: ASGIScope,
  receive: ASGIReceive,
  send: ASGISend,
) => Promise<void>;
