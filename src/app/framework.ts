/**
 * From any form of application to the normalised one.
 *
 * @module
 */

import type { Application } from "../exchange.ts";
import type { FetchHandler } from "../fetch_types.ts";
import { describe } from "../misuse.ts";
import type { ASGIFramework } from "../asgi_types.ts";
import { asgiHttp } from "./asgi_http.ts";
import { asgiWebSocket } from "./asgi_websocket.ts";
import { fetchApplication } from "./fetch.ts";
import { type AdapterLog, Lifespan } from "./lifespan.ts";
import { denyWebSocket, wsgiHandler } from "./wsgi.ts";
import type { WSGIFramework } from "../wsgi_types.ts";

/** The form of an application; overrides detection. */
export type Mode = "fetch" | "asgi" | "wsgi";

/** An application in fetch form: the handler itself, or an object that has it as `fetch`. */
export type FetchFramework = FetchHandler | {
  /** The handler. */
  fetch: FetchHandler;
};

/**
 * An application in any form the server understands.
 *
 * Without `mode` the form is detected: an object with `fetch`, or a function of at most two parameters, is *fetch*; a
 * function of three is *asgi*; one of two whose second is called `startResponse` or `start_response` is *wsgi*.
 */
export type Framework = FetchFramework | ASGIFramework | WSGIFramework;

/** What the adapters need to know of the configuration. */
export interface AdapterOptions {
  /** `root_path` option. */
  readonly rootPath: string;
  /** `max_app_queue_size` option. */
  readonly maxAppQueueSize: number;
  /** `wsgi_max_body_size` option, bytes. */
  readonly wsgiMaxBodySize: number;
  /** Whether other processes run the same application. */
  readonly multiprocess: boolean;
  /** Where adapters log. */
  readonly log: AdapterLog;
}

/**
 * Normalises an application.
 *
 * @throws {TypeError} When it has no form the server understands; the message says what was received.
 */
export function normalise(
  app: Framework,
  mode: Mode | undefined,
  options: AdapterOptions,
): Application {
  switch (mode ?? detectMode(app)) {
    case "fetch":
      return fetchApplication(fetchFunction(app));
    case "asgi":
      return asgiApplication(callable<ASGIFramework>(app, "asgi"), options);
    case "wsgi":
      return wsgiApplication(callable<WSGIFramework>(app, "wsgi"), options);
    default:
      throw new TypeError(`Cannot use mode "${mode}": expected "fetch", "asgi" or "wsgi"`);
  }
}

/**
 * Detects the form of an application.
 *
 * @throws {TypeError} When it is neither a function nor an object with a `fetch` method.
 */
export function detectMode(app: unknown): Mode {
  if (hasFetch(app)) return "fetch";
  if (typeof app !== "function") {
    throw new TypeError(
      `Cannot serve ${describe(app)}: expected a function or an object with a fetch method`,
    );
  }
  if (app.length === 3) return "asgi";
  if (app.length === 2 && secondIsStartResponse(app)) return "wsgi";
  if (app.length <= 2) return "fetch";
  throw new TypeError(
    `Cannot tell the form of ${describe(app)} with ${app.length} parameters: ` +
      `pass mode: "fetch", "asgi" or "wsgi"`,
  );
}

function hasFetch(app: unknown): app is { fetch: FetchHandler } {
  return (typeof app === "object" || typeof app === "function") && app !== null &&
    typeof (app as { fetch?: unknown }).fetch === "function";
}

/** Matches `(environ, startResponse` at the head of a function's source, whatever kind of function it is. */
const WSGI_PARAMETERS = /^[^(]*\(\s*[\w$]+\s*,\s*(?:startResponse|start_response)\b/;

// deno-lint-ignore ban-types -- any function will do, only its source is looked at
function secondIsStartResponse(app: Function): boolean {
  return WSGI_PARAMETERS.test(Function.prototype.toString.call(app));
}

/** `app.fetch` keeps its receiver: frameworks written as classes need it. */
function fetchFunction(app: Framework): FetchHandler {
  if (hasFetch(app)) return (request, info) => app.fetch(request, info);
  return callable<FetchHandler>(app, "fetch");
}

function callable<T>(app: unknown, mode: Mode): T {
  if (typeof app === "function") return app as T;
  throw new TypeError(`Cannot serve ${describe(app)} as ${mode}: expected a function`);
}

function asgiApplication(app: ASGIFramework, options: AdapterOptions): Application {
  const lifespan = new Lifespan(app, options.log);
  const { rootPath, maxAppQueueSize } = options;
  const scope = { rootPath, maxAppQueueSize, state: lifespan.state };
  return {
    http: asgiHttp(app, scope),
    websocket: asgiWebSocket(app, scope),
    startup: () => lifespan.startup(),
    shutdown: () => lifespan.shutdown(),
  };
}

function wsgiApplication(app: WSGIFramework, options: AdapterOptions): Application {
  const { rootPath, wsgiMaxBodySize, multiprocess, log } = options;
  const logError = (message: string) => log.error(message);
  const logRefusal = (message: string) => log.info(message);
  return {
    http: wsgiHandler(app, {
      rootPath,
      maxBodySize: wsgiMaxBodySize,
      multiprocess,
      logError,
      logRefusal,
    }),
    websocket: denyWebSocket(logRefusal),
  };
}
