/**
 * What the server holds while it is soaked, looked at every few seconds.
 *
 * @module
 */

import { parsePage, sumOf } from "../metrics/exposition.ts";
import type { Page } from "./soak_books.ts";
import type { SoakReport } from "./soak_server.ts";

/** Where to look. */
export interface Places {
  /** Process of the server. */
  readonly pid: number;
  /** URL of the metrics. */
  readonly metrics: string;
  /** URL of the report. */
  readonly report: string;
}

/** What was seen at one look. */
export interface Sample extends SoakReport {
  /** Seconds since the traffic began. */
  readonly seconds: number;
  /** File descriptors of the process. */
  readonly descriptors: number;
  /** Open connections, as the server counts them. */
  readonly connections: number;
  /** Requests in progress and open WebSockets, as the server counts them. */
  readonly inProgress: number;
  /** Requests the server has counted. */
  readonly requests: number;
}

/** A name and what it counts, of what has to be the same before and after. */
type Holdings = Readonly<Record<string, number>>;

/** Milliseconds between looks while something is waited for. */
const LOOK_MS = 200;

/** Milliseconds until the server is ready. */
const READY_MS = 30_000;

/** Milliseconds the server has to answer such a question. */
const ASK_MS = 15_000;

/** Looks once. @param started When the traffic began, on the clock of `performance`. */
export async function takeSample(places: Places, started: number): Promise<Sample> {
  const page = await readPage(places);
  const report = JSON.parse(await ask(places.report)) as SoakReport;
  return {
    ...report,
    seconds: (performance.now() - started) / 1000,
    descriptors: descriptorsOf(places.pid),
    connections: sumOf(page, "hypercorn_connections_open"),
    inProgress: sumOf(page, "hypercorn_requests_in_flight") +
      sumOf(page, "hypercorn_websockets_open"),
    requests: sumOf(page, "hypercorn_requests_total"),
  };
}

/** The metrics. */
export async function readPage({ metrics }: Places): Promise<Page> {
  return parsePage(await ask(metrics));
}

/** What has to be as before once the traffic is over. */
function holdingsOf(sample: Sample): Holdings {
  const { descriptors, connections, inProgress, timers, resources } = sample;
  return { descriptors, connections, "in progress": inProgress, timers, ...resources };
}

/**
 * Waits until the server is ready, and the same at two looks.
 *
 * @returns That look.
 * @throws {Error} When that does not come in time.
 */
export async function atRest(places: Places): Promise<Sample> {
  const deadline = performance.now() + READY_MS;
  let last: Holdings = {};
  while (performance.now() < deadline) {
    const ready = await ask(places.metrics.replace("/metrics", "/readyz"));
    const sample = await takeSample(places, 0);
    const now = holdingsOf(sample);
    if (ready === "ready\n" && differences(last, now).length === 0) return sample;
    last = now;
    await pause();
  }
  throw new Error(`The server is not ready and at rest after ${READY_MS} ms`);
}

/**
 * Waits until the server holds what it held before.
 *
 * @returns What it holds otherwise after `milliseconds`, in words; `null` when nothing.
 */
export async function settled(
  places: Places,
  before: Sample,
  milliseconds: number,
): Promise<string | null> {
  const deadline = performance.now() + milliseconds;
  for (;;) {
    const others = differences(holdingsOf(before), holdingsOf(await takeSample(places, 0)));
    if (others.length === 0) return null;
    if (performance.now() > deadline) return others.join(", ");
    await pause();
  }
}

function differences(before: Holdings, now: Holdings): string[] {
  return Object.keys({ ...before, ...now })
    .filter((name) => (before[name] ?? 0) !== (now[name] ?? 0))
    .map((name) => `${name} ${before[name] ?? 0} -> ${now[name] ?? 0}`);
}

/** Slope of the line that fits best (least squares), per minute. @param values At `seconds` each; two at least. */
export function slopePerMinute(
  points: readonly { readonly seconds: number; readonly value: number }[],
): number {
  const mean = (of: (point: { seconds: number; value: number }) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [time, level] = [mean(({ seconds }) => seconds), mean(({ value }) => value)];
  const covariance = mean(({ seconds, value }) => (seconds - time) * (value - level));
  const variance = mean(({ seconds }) => (seconds - time) ** 2);
  if (!(variance > 0)) throw new RangeError("Cannot fit a line to less than two moments");
  return covariance / variance * 60;
}

/** Asks without a connection that stays, which would be one of those that are counted. */
async function ask(url: string): Promise<string> {
  const response = await fetch(url, {
    headers: { connection: "close" },
    signal: AbortSignal.timeout(ASK_MS),
  });
  return await response.text();
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, LOOK_MS));
}

function descriptorsOf(pid: number): number {
  return [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
}
