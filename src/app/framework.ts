/**
 * From any form of application to the normalised one.
 *
 * @module
 */

import type { ASGIFramework } from "../asgi_types.ts";
import { Composition, type CompositionPlan } from "../composition.ts";
import type { Application } from "../exchange.ts";
import type { FetchHandler } from "../fetch_types.ts";
import type { Framework, Mode } from "../framework_types.ts";
import { describe } from "../misuse.ts";
import type { WSGIFramework } from "../wsgi_types.ts";
import { asgiHttp } from "./asgi_http.ts";
import { asgiWebSocket } from "./asgi_websocket.ts";
import { asgiWebTransport } from "./asgi_webtransport.ts";
import { fetchApplication } from "./fetch.ts";
import { type AdapterLog, Lifespan } from "./lifespan.ts";
import { SharedLifespan } from "./shared_lifespan.ts";
import { denyWebSocket, wsgiHandler } from "./wsgi.ts";

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

/** Forms of an application, as far as they are told: `"mixed"` is a composition of several. */
export type Form = Mode | "mixed";

/**
 * Normalises an application.
 *
 * @param form Of a composition it is that of the parts that have none of their own; `"mixed"` leaves them to detection.
 * @throws {TypeError} When it has no form the server understands; the message says what was received.
 */
export function normalise(
  app: Framework,
  form: Form | undefined,
  options: AdapterOptions,
): Application {
  return normalisePart(app, form, { options, mountPath: "", lifespans: new Map() });
}

/** What is passed down through compositions. */
interface Surroundings {
  /** Options; `rootPath` and `wsgiMaxBodySize` are those of the server. */
  readonly options: AdapterOptions;
  /** As {@link Place.mountPath}. */
  readonly mountPath: string;
  /** Largest content instead of `wsgiMaxBodySize`. */
  readonly maxBodySize?: number;
  /** Every ASGI application met so far, since one that is mounted twice is started once. */
  readonly lifespans: Map<ASGIFramework, SharedLifespan>;
}

function normalisePart(
  app: Framework,
  form: Form | undefined,
  around: Surroundings,
): Application {
  const plan = Composition.planOf(app);
  if (plan) return compose(plan, form, around);
  const mode = form === undefined || form === "mixed" ? detectMode(app) : form;
  switch (mode) {
    case "fetch":
      return fetchApplication(fetchFunction(app));
    case "asgi":
      return asgiApplication(callable<ASGIFramework>(app, "asgi"), around);
    case "wsgi":
      return wsgiApplication(callable<WSGIFramework>(app, "wsgi"), around);
    default:
      throw new TypeError(`Cannot use mode "${mode}": expected "fetch", "asgi" or "wsgi"`);
  }
}

function compose(
  plan: CompositionPlan,
  form: Form | undefined,
  around: Surroundings,
): Application {
  const parts = plan.parts.map(({ app, mode, mountPath = "", maxBodySize }) =>
    normalisePart(app, mode ?? form, {
      ...around,
      mountPath: around.mountPath + mountPath,
      ...(maxBodySize !== undefined && { maxBodySize }),
    })
  );
  return plan.build(parts, { rootPath: around.options.rootPath, mountPath: around.mountPath });
}

/** `root_path` of an application that others may have mounted. */
function rootPathOf({ options: { rootPath }, mountPath }: Surroundings): string {
  return mountPath === "" ? rootPath : rootPath.replace(/\/+$/, "") + mountPath;
}

/**
 * Detects the form of an application.
 *
 * @returns The form of all parts of a composition, or `"mixed"`.
 * @throws {TypeError} When it is neither a function nor an object with a `fetch` method.
 */
export function detectMode(app: unknown): Form {
  const plan = Composition.planOf(app);
  if (plan) {
    const [form, ...others] = new Set(plan.parts.map((part) => part.mode ?? detectMode(part.app)));
    return form === undefined || others.length > 0 ? "mixed" : form;
  }
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

function asgiApplication(app: ASGIFramework, around: Surroundings): Application {
  const { options, lifespans } = around;
  const lifespan = lifespans.get(app) ?? new SharedLifespan(new Lifespan(app, options.log));
  lifespans.set(app, lifespan);
  const scope = {
    rootPath: rootPathOf(around),
    maxAppQueueSize: options.maxAppQueueSize,
    state: lifespan.state,
  };
  return {
    http: asgiHttp(app, scope),
    websocket: asgiWebSocket(app, scope),
    webtransport: asgiWebTransport(app, scope),
    startup: () => lifespan.startup(),
    shutdown: () => lifespan.shutdown(),
  };
}

function wsgiApplication(app: WSGIFramework, around: Surroundings): Application {
  const { wsgiMaxBodySize, multiprocess, log } = around.options;
  const logError = (message: string) => log.error(message);
  const logRefusal = (message: string) => log.info(message);
  return {
    http: wsgiHandler(app, {
      rootPath: rootPathOf(around),
      maxBodySize: around.maxBodySize ?? wsgiMaxBodySize,
      multiprocess,
      logError,
      logRefusal,
    }),
    websocket: denyWebSocket(logRefusal),
  };
}
