/**
 * How much memory a test takes for good.
 *
 * @module
 */

import assert from "node:assert/strict";
import { collectGarbage } from "./collector.ts";

/** Collections after which memory that is still in use is a leak. */
const COLLECTIONS = 10;

/** Memory of this process, counted from the time when this was made. */
export class MemoryGrowth {
  readonly #before = Deno.memoryUsage().rss;

  /** Fails when more bytes are in use now, and are no garbage: what is not needed any more goes when it is collected. */
  async staysBelow(bytes: number): Promise<void> {
    for (let count = 0; this.#grown >= bytes && count < COLLECTIONS; count++) {
      await collectGarbage();
    }
    assert.ok(this.#grown < bytes, `${this.#grown} bytes were taken`);
  }

  get #grown(): number {
    return Deno.memoryUsage().rss - this.#before;
  }
}
