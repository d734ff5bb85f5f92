/**
 * Checks of what the port promises, on every implementation of it: in memory, and both back-ends on loopback.
 *
 * @module
 */

import { withDeadline } from "../_support/deadline.ts";
import { type Pair, TRANSPORTS } from "../_support/quic_pair.ts";

/** A promise of the port. */
export interface Rule {
  /** Completes the name of the test. */
  readonly name: string;
  /** Fails when it is broken. */
  readonly check: (pair: Pair) => Promise<void>;
}

/** Registers a test of each rule on each implementation. */
export function testRules(rules: readonly Rule[]): void {
  for (const { name: transport, open } of TRANSPORTS) {
    for (const { name, check } of rules) {
      Deno.test(`QUIC port (${transport}): ${name}`, async () => {
        const pair = await open();
        try {
          await withDeadline(check(pair), "the end of the test");
        } finally {
          await pair.close();
        }
      });
    }
  }
}
