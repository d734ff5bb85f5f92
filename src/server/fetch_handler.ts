/**
 * An application of any form as a plain fetch handler.
 *
 * @module
 */

import { detectMode, normalise } from "../app/framework.ts";
import { resolveConfig, type ResolvedConfig } from "../config/mod.ts";
import type { FetchInfo, SocketAddr } from "../fetch_types.ts";
import type { FetchFramework, Framework, Mode } from "../framework_types.ts";
import { InFlight } from "../protocol/in_flight.ts";
import { ServeListener } from "../protocol/serve.ts";
import type { NativeInfo } from "../protocol/serve_info.ts";
import { adapterOptions, startUp } from "./host.ts";
import { listenerSettings } from "./listener_settings.ts";
import { openLog, type ServerLog } from "./log.ts";
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
  const config = resolveConfig({ includeServerHeader: false }); // the other server names itself
  return fetchHandler(app, options.mode, config, openLog(config));
}

/** {@link toFetchHandler} with a configuration, of which what concerns sockets has no effect. */
export function fetchHandler(
  app: Framework,
  forced: Mode | undefined,
  config: ResolvedConfig,
  log: ServerLog,
): PlainFetchHandler {
  const mode = forced ?? detectMode(app);
  const application = normalise(app, mode, adapterOptions(config, log));
  const inFlight = new InFlight();
  const reporter = logReporter(log, formName(mode));
  const shared = { config, inFlight, reporter, observer: null, concurrency: null };
  const listenerFor = (secure: boolean) =>
    new ServeListener(application, listenerSettings(shared, secure));
  const listeners = { "http:": listenerFor(false), "https:": listenerFor(true) };
  const handle: PlainFetchHandler = (request, info) => {
    const { protocol, host, hostname, port } = new URL(request.url);
    // A request made by hand has no Host field, which is otherwise a sign of HTTP/2.
    if (info === undefined && !request.headers.has("host")) request.headers.set("host", host);
    const secure = protocol === "https:";
    const localAddr = {
      transport: "tcp",
      hostname,
      port: Number(port) || (secure ? 443 : 80),
    } as const;
    const listener = listeners[secure ? "https:" : "http:"];
    return listener.handle(request, new ForeignInfo(info, localAddr));
  };
  if (application.startup === undefined) return handle;
  let started: Promise<void> | undefined;
  return async (request, info) => {
    started ??= startUp(application, config.startupTimeout);
    try {
      await started;
    } catch (error) {
      started = undefined; // the next request tries again
      throw error;
    }
    return await handle(request, info);
  };
}

/** Info of a server that is not ours, or of a test that gives none. The URL tells where the request was sent to. */
class ForeignInfo implements NativeInfo {
  readonly localAddr: SocketAddr;
  readonly #info: FetchInfo | Deno.ServeHandlerInfo | undefined;

  constructor(info: FetchInfo | Deno.ServeHandlerInfo | undefined, localAddr: SocketAddr) {
    this.#info = info;
    this.localAddr = localAddr;
  }

  get remoteAddr(): SocketAddr {
    return (this.#info?.remoteAddr ?? LOOPBACK) as SocketAddr;
  }

  get completed(): Promise<void> {
    return this.#info?.completed ?? Promise.resolve();
  }
}

const LOOPBACK: SocketAddr = { transport: "tcp", hostname: "127.0.0.1", port: 0 };
