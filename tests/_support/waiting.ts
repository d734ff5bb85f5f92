/**
 * Waiting in tests for conditions that no event announces.
 *
 * @module
 */

const DEADLINE_MS = 30_000;

/** Resolves once `condition` holds, looking every millisecond; rejects after half a minute. */
export async function eventually(condition: () => boolean, what: string): Promise<void> {
  const start = performance.now();
  while (!condition()) {
    if (performance.now() - start > DEADLINE_MS) throw new Error(`Waited in vain for ${what}`);
    await pause(1);
  }
}

/**
 * Waits until `count()` has stopped growing, and returns what it stopped at.
 *
 * For back-pressure, where the observation is that nothing more happens. It cannot make a test of a sound
 * server fail, however slow the machine: the count is then merely smaller.
 */
export async function standstill(count: () => number, quietMs = 150): Promise<number> {
  for (;;) {
    const before = count();
    await pause(quietMs);
    if (count() === before) return before;
  }
}

/** Times that {@link isEverQuick} tries. */
const TRIES = 5;

/**
 * Whether `act` takes less than `milliseconds` at least once in a few tries: a busy machine may be late at any of them,
 * what waits on purpose is so each time.
 */
export async function isEverQuick(
  milliseconds: number,
  act: () => Promise<void>,
): Promise<boolean> {
  for (let left = TRIES; left > 0; left--) {
    const start = performance.now();
    await act();
    if (performance.now() - start < milliseconds) return true;
  }
  return false;
}

/** Lets `milliseconds` pass; between two looks at something, never in place of looking. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
