/**
 * An application made of others: what middleware returns.
 *
 * Middleware wraps applications of every form, and the forms are known to the adapters alone. So it names its parts and
 * says how to build one application out of them once each was normalised.
 *
 * @module
 */

import type { Application } from "./exchange.ts";
import type { Framework, Mode } from "./framework_types.ts";

/** One of the applications inside. */
export interface Part {
  /** The application, in any form. */
  readonly app: Framework;
  /** Its form. Absent: that of the whole if one was given, otherwise it is detected. */
  readonly mode?: Mode | undefined;
  /** Path that is added to its `root_path`: decoded text, beginning with `/` and not ending so, or `""` (the default). */
  readonly mountPath?: string;
  /** Largest request content in bytes if it is WSGI, instead of `wsgi_max_body_size`. */
  readonly maxBodySize?: number;
}

/** Where a composition lies. Both are decoded text. */
export interface Place {
  /** The `root_path` option: where the server is mounted. */
  readonly rootPath: string;
  /** Where on this server the composition is mounted by others around it; `""` when it is the outermost. */
  readonly mountPath: string;
}

/** How a composition is made. */
export interface CompositionPlan {
  /** The applications inside, at least one. */
  readonly parts: readonly Part[];
  /**
   * Makes the whole. It must leave out `Application.fetch`, and pass on `startup` and `shutdown` of the parts.
   *
   * @param parts The applications inside, in the order of {@link CompositionPlan.parts}.
   */
  build(parts: readonly Application[], place: Place): Application;
}

/**
 * An application that middleware made of others. It is served, and given to other middleware, as any application.
 *
 * It can be looked into by the server alone.
 */
export class Composition {
  readonly #plan: CompositionPlan;

  /** Makes one by a plan. */
  constructor(plan: CompositionPlan) {
    this.#plan = plan;
  }

  /** The plan behind `app`, or `null` when it is an application of another form. */
  static planOf(app: unknown): CompositionPlan | null {
    return typeof app === "object" && app !== null && #plan in app ? app.#plan : null;
  }
}
