/**
 * Visitors of the soak that are another program: `h2load` of nghttp2, where it is installed.
 *
 * @module
 */

import assert from "node:assert/strict";
import { findCommand, outputOf } from "../_support/h3_tools.ts";
import type { Scenario, Visit } from "./soak_scenarios.ts";

/** Requests of one visitor, on how many connections, and how many of each at a time. */
const AMOUNT = { requests: 100, connections: 4, streams: 8 } as const;

/** Size of the content that each gets. */
const SIZE = 4_000;

/** The visitor; `null` without the program. It is a burst, so it comes seldom. */
export const H2LOAD: Scenario | null = await findCommand("h2load") === null
  ? null
  : { name: "h2load", weight: 1, run: burst };

async function burst({ route, books }: Visit): Promise<void> {
  const { requests, connections, streams } = AMOUNT;
  const output = await outputOf("h2load", [
    ...["-n", requests, "-c", connections, "-m", streams].map(String),
    `${route.url}/fetch/flat?${SIZE}`,
  ]);
  const succeeded = Number(/status codes: (\d+) 2xx/.exec(output)?.[1]);
  books.answered(route.protocol, "GET", 200, succeeded);
  assert.equal(succeeded, requests, output);
  assert.match(output, new RegExp(`\\b${requests * SIZE}\\) data`)); // of all contents together
}
