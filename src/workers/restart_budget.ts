/**
 * When to stop restarting.
 *
 * @module
 */

/** Ends of one worker's place within {@link WINDOW_SECONDS} at which restarting is given up. */
const MAX_EXITS = 5;

const WINDOW_SECONDS = 30;

/** How the budget reads in a log line. */
export const BUDGET_TEXT = `${MAX_EXITS} times within ${WINDOW_SECONDS} s`;

/**
 * Counts the unexpected ends of the workers in one place.
 *
 * Each place has its own: what ends all workers of a large server at once, a lack of memory for instance, is one
 * misfortune and not as many as there are workers.
 */
export class RestartBudget {
  #exits: number[] = [];

  /**
   * Notes one end.
   *
   * @param now Seconds of the clock.
   * @returns Whether the worker may be restarted.
   */
  spend(now: number): boolean {
    this.#exits = this.#exits.filter((at) => now - at < WINDOW_SECONDS);
    this.#exits.push(now);
    return this.#exits.length < MAX_EXITS;
  }
}
