/**
 * The workers that run, and what all have counted.
 *
 * @module
 */

import {
  countersOf,
  EMPTY_SNAPSHOT,
  mergeSnapshots,
  type MetricsSnapshot,
} from "../metrics/mod.ts";
import { lowestUnused } from "./assigned_binds.ts";
import type { SupervisedWorker } from "./supervised_worker.ts";

/** A set of workers that keeps the counters of those that have left it. */
export class LivingWorkers implements Iterable<SupervisedWorker> {
  readonly #workers = new Set<SupervisedWorker>();
  #ended: MetricsSnapshot = EMPTY_SNAPSHOT;

  /** How many run, those that are starting or stopping included. */
  get size(): number {
    return this.#workers.size;
  }

  /** What the next worker adds to its UDP ports, so that they are no other's. */
  get freePortOffset(): number {
    return lowestUnused(Array.from(this.#workers, (worker) => worker.portOffset));
  }

  [Symbol.iterator](): Iterator<SupervisedWorker> {
    return this.#workers.values();
  }

  /** Notes a worker that was started. */
  add(worker: SupervisedWorker): void {
    this.#workers.add(worker);
  }

  /** Notes that a worker has ended; what it counted stays. */
  delete(worker: SupervisedWorker): void {
    this.#workers.delete(worker);
    if (worker.lastSnapshot) {
      this.#ended = mergeSnapshots([this.#ended, countersOf(worker.lastSnapshot)]);
    }
  }

  /** What all workers have counted, those that have ended included. */
  async metrics(): Promise<MetricsSnapshot> {
    const asked = [...this.#workers];
    const told = await Promise.all(asked.map((worker) => worker.metrics()));
    // One may have ended while another was waited for: then it is among those that ended.
    const snapshots = told.filter((snapshot, index) =>
      snapshot !== null && this.#workers.has(asked[index]!)
    ) as MetricsSnapshot[];
    return mergeSnapshots([this.#ended, ...snapshots]);
  }
}
