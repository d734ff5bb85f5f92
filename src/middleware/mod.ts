/**
 * Middleware: functions that take applications of any form (fetch, ASGI, WSGI) and return one.
 *
 * What they return is served, and given to other middleware, like any application. The outermost sees a request first.
 *
 * @example
 * ```ts
 * import { serve } from "jsr:@x/hypercorn";
 * import { dispatcher, proxyFix, redirectToHttps } from "jsr:@x/hypercorn/middleware";
 *
 * const app = dispatcher({
 *   "/api": () => Response.json({ hello: "world" }),
 *   "/": () => new Response("Hello\n"),
 * });
 * await serve(proxyFix(redirectToHttps(app), { trusted: ["127.0.0.1"] }));
 * ```
 *
 * @module
 */

export type * from "../asgi_tls.ts";
export type * from "../asgi_types.ts";
export type * from "../asgi_webtransport_types.ts";
export type { Composition } from "../composition.ts";
export type { HttpVersion } from "../exchange.ts";
export type { FetchHandler, FetchInfo, SocketAddr } from "../fetch_types.ts";
export type { Field } from "../fields.ts";
export type { FetchFramework, Framework, Mode } from "../framework_types.ts";
export type * from "../wsgi_types.ts";
export { dispatcher } from "./dispatcher.ts";
export type { Mount, Mounts } from "./mounts.ts";
export { proxyFix, type ProxyFixOptions } from "./proxy_fix.ts";
export { type RedirectOptions, redirectToHttps } from "./redirect_to_https.ts";
export { wsgi, type WSGIMiddlewareOptions } from "./wsgi.ts";
