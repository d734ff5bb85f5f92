/**
 * Counting timers, which the runtime does not.
 *
 * @module
 */

/** Watches `setTimeout` from now on; the result says how many timers are set and have not fired. */
export function liveTimers(): () => number {
  const live = new Set<unknown>();
  const { setTimeout: set, clearTimeout: clear } = globalThis;
  globalThis.setTimeout = ((act: () => void, milliseconds?: number) => {
    const id = set(() => {
      live.delete(id);
      act();
    }, milliseconds);
    live.add(id);
    return id;
  }) as unknown as typeof setTimeout;
  globalThis.clearTimeout = ((id?: number): void => {
    live.delete(id);
    clear(id);
  }) as typeof clearTimeout;
  return () => live.size;
}
