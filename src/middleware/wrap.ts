/**
 * Middleware around one application.
 *
 * @module
 */

import { Composition, type Place } from "../composition.ts";
import type { Application } from "../exchange.ts";
import type { Framework } from "../framework_types.ts";
import { lifecycleOf } from "./lifecycle.ts";

/** The half of an application that handles requests. */
export type Handlers = Pick<Application, "http" | "websocket" | "webtransport">;

/** Puts handlers around those of an application; start and stop stay its own. */
export function wrap(
  app: Framework,
  around: (inner: Handlers, place: Place) => Handlers,
): Composition {
  return new Composition({
    parts: [{ app }],
    build: (parts, place) => ({ ...around(parts[0]!, place), ...lifecycleOf(parts) }),
  });
}
