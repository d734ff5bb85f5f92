/**
 * Two kinds of attacks: to hold many connections, and to do something again and again.
 *
 * @module
 */

import type { RawAttacker } from "../_support/raw_attacker.ts";
import { pause } from "../_support/waiting.ts";

/** What became of attackers, and of how many. */
export type Outcomes = Readonly<Record<string, number>>;

/** One attack. */
export interface Attack {
  /** What it is. */
  readonly name: string;
  /** Whether the server speaks TLS. */
  readonly tls?: boolean;
  /** Options of the server, where an attack needs others than the defaults to show in time. */
  readonly config?: Readonly<Record<string, number>>;
  /** Seconds it takes for the guard to show, when that is more than usual. */
  readonly guardSeconds?: number;
  /** Attacks for so many milliseconds. */
  run(url: string, milliseconds: number): Promise<Outcomes>;
}

/** Milliseconds between connects, so that the queue of the listener is not what is measured. */
const CONNECT_MS = 1;

/** Holds `count` connections, which `open` opens, for `milliseconds` after the last one, and sees how long they last. */
export async function hold(
  count: number,
  milliseconds: number,
  open: () => Promise<RawAttacker>,
): Promise<Outcomes> {
  const outcomes: string[] = [];
  for (let index = 0; index < count; index++) {
    const start = performance.now();
    const attacker = await open();
    attacker.ended.then(() => {
      const seconds = Math.round((performance.now() - start) / 1000);
      outcomes[index] = `${statusesOf(attacker)}cut after ${seconds} s`;
    });
    outcomes.push("held");
    await pause(CONNECT_MS);
  }
  await pause(milliseconds);
  return tally(outcomes);
}

/** Does something again and again, in `lanes` at the same time. */
export async function repeat(
  lanes: number,
  milliseconds: number,
  once: () => Promise<string>,
): Promise<Outcomes> {
  const end = performance.now() + milliseconds;
  const outcomes: string[] = [];
  await Promise.all(Array.from({ length: lanes }, async () => {
    while (performance.now() < end) {
      outcomes.push(await once().catch((error) => `failed: ${error.name}`));
      await pause(CONNECT_MS * 20);
    }
  }));
  return tally(outcomes);
}

/** Statuses of the responses an attacker got, for the text of an outcome. */
export function statusesOf({ received }: RawAttacker): string {
  const statuses = [...received.matchAll(/HTTP\/1\.1 ([0-9]{3}) /g)].map(([, status]) => status);
  return statuses.length > 0 ? `${[...new Set(statuses)].join(" ")}, ` : "";
}

function tally(outcomes: readonly string[]): Outcomes {
  const counts: Record<string, number> = {};
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}
