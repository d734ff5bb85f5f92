/**
 * Several applications on one server.
 *
 * @module
 */

import { Composition, type Place } from "../composition.ts";
import type { Application, RequestHead, ResponseWriter } from "../exchange.ts";
import { NO_CONTENT } from "../fields.ts";
import { pathBelow, pathOf, scriptName, utf8AsLatin1 } from "../request_target.ts";
import { lifecycleOf } from "./lifecycle.ts";
import { hostName, type Mounts, type Route, routesOf } from "./mounts.ts";

/**
 * Hands each request to the first application whose mount fits it; forms may be mixed.
 *
 * Paths are compared percent-decoded, as ASGI's `path` is, so that `/%61pi` is for `/api`; neither dot segments nor
 * repeated slashes are resolved. Below a `root_path`, or inside of another dispatcher, what follows it is compared.
 *
 * A mounted application sees the whole path. ASGI has the mount added to `root_path` and WSGI to `SCRIPT_NAME`, with the
 * rest in `PATH_INFO`; a fetch application sees the whole URL. A request that fits nowhere gets 404, the handshake of a
 * WebSocket or of a WebTransport session too; where the application has no WebTransport that gets 501.
 *
 * Every ASGI application has its own lifespan with its own state; one that is mounted twice, the same function, is
 * started once. They start in the order of the mounts, within one `startup_timeout`; when one fails those before it are
 * stopped, and so is the start. All are told to stop, in reverse, whatever fails or hangs.
 *
 * @param mounts Applications by path, or a list of {@link Mount}; the first that fits is taken, so narrow ones go first.
 * @throws {ConfigError} For a mount that cannot be used.
 *
 * @example
 * ```ts
 * import { serve } from "jsr:@x/hypercorn";
 * import { dispatcher } from "jsr:@x/hypercorn/middleware";
 *
 * await serve(dispatcher([
 *   { host: "api.example.com", app: () => Response.json({ hello: "world" }) },
 *   { path: "/health", app: () => new Response("ok\n") },
 *   { app: (request: Request) => new Response(`${request.url}\n`) },
 * ]));
 * ```
 */
export function dispatcher(mounts: Mounts): Composition {
  const routes = routesOf(mounts);
  return new Composition({
    parts: routes,
    build: (parts, place) => dispatch(routes, parts, place),
  });
}

function dispatch(
  routes: readonly Route[],
  parts: readonly Application[],
  place: Place,
): Application {
  const entries = routes.map((route, index) => ({ route, application: parts[index]! }));
  const restOf = pathReader(place);
  const looksAtHost = routes.some(({ hasHost }) => hasHost);
  const find = ({ target, authority }: RequestHead): Application | undefined => {
    const path = restOf(target);
    const host = looksAtHost ? hostName(authority) : "";
    return entries.find(({ route }) => route.fits(path, host))?.application;
  };
  return {
    http: (exchange) => find(exchange.request)?.http(exchange) ?? refuse(exchange, 404),
    websocket: (exchange) => find(exchange.request)?.websocket(exchange) ?? refuse(exchange, 404),
    ...(parts.some((part) => part.webtransport) && {
      webtransport: (exchange) => {
        const part = find(exchange.request);
        return part?.webtransport?.(exchange) ?? refuse(exchange, part ? 501 : 404);
      },
    }),
    ...lifecycleOf(parts),
  };
}

/**
 * How to read the path below a dispatcher off a request target. A proxy may have taken `root_path` off already: then
 * only the mounts of dispatchers around this one are in front.
 */
function pathReader({ rootPath, mountPath }: Place): (target: string) => string {
  const around = utf8AsLatin1(mountPath);
  const whole = scriptName(rootPath) + around;
  return (target) => {
    const path = pathOf(target);
    return pathBelow(path, whole) ?? pathBelow(path, around) ?? path;
  };
}

async function refuse(writer: ResponseWriter, status: number): Promise<void> {
  await writer.respond({ status, fields: NO_CONTENT });
  await writer.end();
}
