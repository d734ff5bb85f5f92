/**
 * Applications of every form, as users hand them over.
 *
 * @module
 */

import type { ASGIFramework } from "./asgi_types.ts";
import type { Composition } from "./composition.ts";
import type { FetchHandler } from "./fetch_types.ts";
import type { WSGIFramework } from "./wsgi_types.ts";

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
 * function of three is *asgi*; one of two whose second is called `startResponse` or `start_response` is *wsgi*. What
 * middleware returns is an application, too; `mode` then is about what it was made of.
 */
export type Framework = FetchFramework | ASGIFramework | WSGIFramework | Composition;
