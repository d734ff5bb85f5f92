/**
 * WSGI applications with a limit of their own.
 *
 * @module
 */

import { Composition } from "../composition.ts";
import { ConfigError } from "../errors.ts";
import { describe } from "../misuse.ts";
import type { WSGIFramework } from "../wsgi_types.ts";

/** Options of {@link wsgi}. */
export interface WSGIMiddlewareOptions {
  /** Largest request content in bytes; more is answered with 413. Default 65536, as in Hypercorn. */
  readonly maxBodySize?: number;
}

/**
 * Says that an application is WSGI, whatever its parameters are called, and limits the content of its requests.
 *
 * @param app The application.
 * @param options Its limit, instead of the option `wsgi_max_body_size` that holds for all others.
 * @throws {ConfigError} For an option that cannot be used.
 *
 * @example
 * ```ts
 * import { serve } from "jsr:@x/hypercorn";
 * import { dispatcher, wsgi } from "jsr:@x/hypercorn/middleware";
 *
 * const old = wsgi((environ, begin) => {
 *   begin("200 OK", [["content-type", "text/plain"]]);
 *   return [`You asked for ${environ.PATH_INFO}\n`];
 * }, { maxBodySize: 1_000_000 });
 * await serve(dispatcher({ "/old": old, "/": () => new Response("Hello\n") }));
 * ```
 */
export function wsgi(app: WSGIFramework, options: WSGIMiddlewareOptions = {}): Composition {
  const { maxBodySize = 65_536 } = options;
  if (!Number.isSafeInteger(maxBodySize) || maxBodySize < 0) {
    throw new ConfigError({
      key: "maxBodySize",
      expected: "a whole number of bytes >= 0",
      received: describe(maxBodySize),
    });
  }
  return new Composition({
    parts: [{ app, mode: "wsgi", maxBodySize }],
    build: ([inner]) => inner!,
  });
}
