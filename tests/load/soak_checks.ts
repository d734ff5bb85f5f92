/**
 * What clients, metrics and logs tell of the same requests, and how the server stops.
 *
 * @module
 */

import { withDeadline } from "../_support/deadline.ts";
import type { ServerProcess } from "../_support/server_process.ts";
import { valueOf } from "../metrics/exposition.ts";
import type { Books, Page } from "./soak_books.ts";
import type { Check } from "./soak_verdict.ts";

/** Milliseconds a server without work may take to stop: `graceful_timeout` is 3 s. */
const STOP_MS = 3_000;

/** Milliseconds until a server that does not stop is given up. */
const PATIENCE_MS = 30_000;

/** Compares the metrics with what clients know. */
export function metricsCheck(page: Page, books: Books): Check {
  const differences = books.differences(page);
  return {
    name: "metrics agree with clients",
    found: differences.join("; ") || `${books.answers} answered, ${books.unknown} given up`,
    right: differences.length === 0,
  };
}

/** Stops the server. */
export async function stopCheck(server: ServerProcess): Promise<Check> {
  const started = performance.now();
  server.kill("SIGTERM");
  const name = "the server stops in time, with exit code 0";
  try {
    const { code } = await withDeadline(server.output, "the end of the server", PATIENCE_MS);
    const took = performance.now() - started;
    const found = `${code} after ${(took / 1000).toFixed(2)} s`;
    return { name, found, right: code === 0 && took <= STOP_MS };
  } catch (error) {
    return { name, found: (error as Error).message, right: false };
  }
}

/** Counts the lines of the access log, which is complete once the server has stopped. */
export async function accessLogCheck(path: string, requests: number): Promise<Check> {
  let lines = 0;
  using file = await Deno.open(path);
  for await (const bytes of file.readable) {
    for (const byte of bytes) if (byte === 10) lines++;
  }
  return {
    name: "the access log agrees with the metrics",
    found: `${lines} lines, ${requests} requests`,
    right: lines === requests,
  };
}

/** Every failure on purpose has its message, and there is no other. */
export function errorLogCheck(page: Page, { thrown }: Books): Check {
  const count = (level: string) => valueOf(page, "hypercorn_log_messages_total", { level });
  const found = ["exception", "error", "warning"].map((level) => `${count(level)} ${level}s`);
  return {
    name: `the error log has ${thrown} exceptions and nothing else`,
    found: found.join(", "),
    right: count("exception") === thrown && count("error") === 0 && count("warning") === 0,
  };
}
