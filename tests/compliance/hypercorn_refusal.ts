/**
 * What a client sees of a server that accepts no more.
 *
 * @module
 */

import assert from "node:assert/strict";
import { RawConnection } from "../_support/raw_http.ts";
import { pause } from "../_support/waiting.ts";

/** Connects until that is refused; what the system has queued before, a stop may reset. */
export async function refusal(url: string): Promise<void> {
  for (;;) {
    try {
      (await RawConnection.open(url))[Symbol.dispose]();
    } catch (error) {
      if (error instanceof Deno.errors.ConnectionRefused) return;
      assert.ok(error instanceof Deno.errors.ConnectionReset, String(error));
    }
    await pause(5);
  }
}
