/**
 * Whether the time that an input takes grows faster than the input.
 *
 * @module
 */

/** Size of the smaller input; the larger one is about what a client can send in one field section. */
const SIZE = 16_384;

/** Between the two inputs. */
const FACTOR = 4;

/** What the time may grow by when the input grows by {@linkcode FACTOR}: quadratic would be 16. */
const TOLERANCE = 9;

/** Milliseconds below which a time says nothing. */
const FLOOR_MS = 4;

/** Measurements, of which one has to be good: a machine can be busy, an algorithm cannot be fast by accident. */
const ATTEMPTS = 4;

/**
 * Measures a call with an input and with one that is four times as large.
 *
 * @param prepare Makes the input of a size and returns the call, whose time alone counts.
 * @returns `null` when the time grows about as the input does, else what was measured.
 */
export function findGrowth(prepare: (size: number) => () => unknown): string | null {
  let worst = "";
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    // The least of three: a pause while the small input is read must not excuse the large one.
    const small = Math.min(...[1, 2, 3].map(() => timeOf(prepare(SIZE))));
    const large = timeOf(prepare(SIZE * FACTOR));
    if (large <= Math.max(FLOOR_MS, small) * TOLERANCE) return null;
    worst = `${large.toFixed(0)} ms for ${SIZE * FACTOR}, ${small.toFixed(0)} ms for ${SIZE}`;
  }
  return worst;
}

function timeOf(call: () => unknown): number {
  const started = performance.now();
  call();
  return performance.now() - started;
}
