/**
 * Hypercorn for Deno: serves fetch, ASGI-style and WSGI-style applications on HTTP/1.1, HTTP/2, HTTP/3 and WebSocket,
 * with graceful shutdown, TOML configuration, and limits.
 *
 * @example
 * ```ts
 * import { serve } from "jsr:@x/hypercorn";
 *
 * await serve((request) => new Response(`Hello from ${new URL(request.url).pathname}\n`));
 * ```
 *
 * @module
 */

export type { Composition } from "./src/composition.ts";
export type { FetchFramework, Framework, Mode } from "./src/framework_types.ts";
export type * from "./src/asgi_tls.ts";
export type * from "./src/asgi_types.ts";
export type * from "./src/asgi_webtransport_types.ts";
export type * from "./src/wsgi_types.ts";
export {
  Config,
  type ConfigInit,
  type Guard,
  type LoggerClass,
  type LogLevel,
  type LogSink,
  type VerifyMode,
} from "./src/config/mod.ts";
export * from "./src/errors.ts";
export type { HttpVersion, NetAddress } from "./src/exchange.ts";
export type { FetchHandler, FetchInfo, SocketAddr } from "./src/fetch_types.ts";
export type { Field, FieldList } from "./src/fields.ts";
export type { AccessEntry, CustomLogger } from "./src/logging/mod.ts";
export type { ObservedProtocol, Outcome, RefusalReason } from "./src/observation.ts";
export { type PlainFetchHandler, toFetchHandler } from "./src/server/fetch_handler.ts";
export type { Hooks } from "./src/server/hooks.ts";
export type { Bind } from "./src/server/listener.ts";
export { serve, type ServeOptions } from "./src/server/serve.ts";
export type { Server } from "./src/server/server.ts";
export type { StopReasons } from "./src/server/until_told.ts";
export { start, type StartOptions, type TaskStatus } from "./src/server/start.ts";
export { upgradeWebSocket, upgradeWebTransport } from "./src/server/upgrade.ts";
export { WebTransportStreamError } from "./src/webtransport_exchange.ts";
export type { UpgradeOptions, WebSocketUpgrade } from "./src/upgrade.ts";
export type {
  ServerWebTransport,
  ServerWebTransportDatagrams,
  ServerWebTransportStats,
  WebTransportUpgrade,
  WebTransportUpgradeOptions,
} from "./src/webtransport_types.ts";
