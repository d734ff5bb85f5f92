/**
 * The lifespan of an application that is mounted more than once.
 *
 * @module
 */

import type { Lifespan } from "./lifespan.ts";

/** Starts the application with its first user, and stops it with its last. Users come and go one after the other. */
export class SharedLifespan {
  readonly #lifespan: Lifespan;
  #users = 0;

  constructor(lifespan: Lifespan) {
    this.#lifespan = lifespan;
  }

  /** As {@link Lifespan.state}. */
  get state(): Record<string, unknown> {
    return this.#lifespan.state;
  }

  /** A user comes. @throws As {@link Lifespan.startup}; then it has not come. */
  async startup(): Promise<void> {
    if (this.#users === 0) await this.#lifespan.startup();
    this.#users++;
  }

  /** A user goes; ignored when all are gone. @throws As {@link Lifespan.shutdown}. */
  async shutdown(): Promise<void> {
    if (this.#users === 0 || --this.#users > 0) return;
    await this.#lifespan.shutdown();
  }
}
