/**
 * Whether the time that an input takes grows faster than the input.
 *
 * @module
 */

import process from "node:process";

/** Size of the smaller input; the larger one is about what a client can send in one field section. */
const SIZE = 16_384;

/** Between the two inputs. */
const FACTOR = 4;

/** What the time may grow by when the input grows by {@linkcode FACTOR}: quadratic would be 16. */
const TOLERANCE = 9;

/** Milliseconds below which a time says nothing. */
const FLOOR_MS = 4;

/** Rounds of measurements: a machine can be busy for long, an algorithm cannot be fast by accident. */
const ROUNDS = 12;

/**
 * Measures a call with an input and with one that is four times as large.
 *
 * The least time of all rounds counts for either: what others take of the machine is only ever added. A time that
 * grows with the square of the size has the ratio of squares between these two as well.
 *
 * @param prepare Makes the input of a size and returns the call, whose time alone counts.
 * @returns `null` when the time grows about as the input does, else what was measured.
 */
export function findGrowth(prepare: (size: number) => () => unknown): string | null {
  let small = Infinity;
  let large = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    // Three to one: a pause while the small input is read must not excuse the large one.
    for (let time = 0; time < 3; time++) small = Math.min(small, timeOf(prepare(SIZE)));
    large = Math.min(large, timeOf(prepare(SIZE * FACTOR)));
    if (large <= Math.max(FLOOR_MS, small) * TOLERANCE) return null;
  }
  return `${large.toFixed(0)} ms for ${SIZE * FACTOR}, ${small.toFixed(0)} ms for ${SIZE}`;
}

/**
 * Milliseconds on the clock or of the processor, whichever are fewer: the clock goes on while others have the
 * processor, and the processor also works for what the runtime does meanwhile.
 */
function timeOf(call: () => unknown): number {
  const started = performance.now();
  const before = process.cpuUsage();
  call();
  const { user, system } = process.cpuUsage(before);
  return Math.min(performance.now() - started, (user + system) / 1000);
}
