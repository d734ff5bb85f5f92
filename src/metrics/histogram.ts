/**
 * How long requests took, counted in buckets.
 *
 * @module
 */

/** Upper bounds of the buckets in seconds, inclusive; one more bucket has no bound. The defaults of Prometheus' clients. */
export const BUCKET_BOUNDS_SECONDS: readonly number[] = [
  0.005,
  0.01,
  0.025,
  0.05,
  0.1,
  0.25,
  0.5,
  1,
  2.5,
  5,
  10,
];

const BOUNDS_MS: readonly number[] = BUCKET_BOUNDS_SECONDS.map((seconds) => seconds * 1000);

/** A {@link Histogram} as plain JSON. */
export interface HistogramSnapshot {
  /** Requests per bucket, not cumulative; the last one is without bound. */
  readonly buckets: readonly number[];
  /** Sum of all durations in whole microseconds: sums of integers do not depend on their order. */
  readonly sumMicros: number;
}

/** Durations in buckets. */
export class Histogram {
  readonly #buckets: number[] = new Array(BOUNDS_MS.length + 1).fill(0);
  #sumMicros = 0;

  /** Counts one duration. Negative ones, of a clock that was set back, count as 0. */
  record(milliseconds: number): void {
    let index = 0;
    while (index < BOUNDS_MS.length && milliseconds > BOUNDS_MS[index]!) index++;
    this.#buckets[index]!++;
    if (milliseconds > 0) this.#sumMicros += Math.round(milliseconds * 1000);
  }

  /** What was counted so far. */
  snapshot(): HistogramSnapshot {
    return { buckets: [...this.#buckets], sumMicros: this.#sumMicros };
  }
}
