/**
 * An application of any form as a plain fetch handler.
 *
 * @module
 */

import {
  detectMode,
  type FetchFramework,
  type Framework,
  type Mode,
  normalise,
} from "../app/framework.ts";
import { resolveConfig } from "../config/mod.ts";
import type { FetchInfo } from "../fetch_types.ts";
import { InFlight } from "../protocol/in_flight.ts";
import type { ResponseFields } from "../protocol/response_fields.ts";
import { ServeListener } from "../protocol/serve.ts";
import type { NativeInfo } from "../protocol/serve_info.ts";
import { openLog } from "./log.ts";
import { formName, logReporter } from "./reporter.ts";

/** A {@link FetchHandler} that can do without our `info`: other servers have another, tests none. */
export type PlainFetchHandler = (
  request: Request,
  info?: FetchInfo | Deno.ServeHandlerInfo,
) => Response | Promise<Response>;

/**
 * Makes a fetch handler out of any application: for `deno serve`, Deno Deploy, other servers, and tests without a
 * socket.
 *
 * An ASGI application's startup runs with the first request; there is no shutdown. The default limits apply.
 *
 * @throws {TypeError} When `app` has no known form.
 *
 * @example
 * ```ts
 * import { type ASGIFramework, toFetchHandler } from "jsr:@x/hypercorn";
 *
 * const app: ASGIFramework = async (_scope, _receive, send) => {
 *   await send({ type: "http.response.start", status: 200 });
 *   await send({ type: "http.response.body", body: "Hello\n" });
 * };
 * export default { fetch: toFetchHandler(app) }; // run it with: deno serve main.ts
 * ```
 */
export function toFetchHandler(
  app: FetchFramework, // first, so that the parameters of an inline handler have types
  options?: { mode?: Mode },
): PlainFetchHandler;
/** Makes a fetch handler out of an application of any form, see the first signature. */
export function toFetchHandler(app: Framework, options?: { mode?: Mode }): PlainFetchHandler;
export function toFetchHandler(app: Framework, options: { mode?: Mode } = {}): PlainFetchHandler {
  const config = resolveConfig();
  const log = openLog(config);
  const mode = options.mode ?? detectMode(app);
  const { rootPath, maxAppQueueSize, wsgiMaxBodySize } = config;
  const application = normalise(app, mode, {
    rootPath,
    maxAppQueueSize,
    wsgiMaxBodySize,
    multiprocess: false,
    log,
  });
  const inFlight = new InFlight();
  const listener = new ServeListener(application, {
    scheme: "http",
    serverNames: null,
    responseFields: NO_FIELDS,
    inFlight,
    websocket: {
      maxMessageSize: config.websocketMaxMessageSize,
      pingInterval: config.websocketPingInterval,
      inFlight,
    },
    reporter: logReporter(log, formName(mode)),
  });
  let started: Promise<void> | undefined;
  return (request, info) => {
    const native = (info ?? NO_INFO) as NativeInfo;
    if (application.startup === undefined) return listener.handle(request, native);
    started ??= application.startup();
    return started.then(() => listener.handle(request, native));
  };
}

/** The other server adds its own. */
const NO_FIELDS: ResponseFields = { http1: [], http2: [] };

/** Stands in where a test calls the handler with nothing but a request. */
const NO_INFO: NativeInfo = {
  remoteAddr: { transport: "tcp", hostname: "127.0.0.1", port: 0 },
  completed: Promise.resolve(),
};
