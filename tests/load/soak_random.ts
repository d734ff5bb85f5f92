/**
 * Chances that follow from a seed.
 *
 * @module
 */

/** Numbers from 0 up to but not including 1, the same for the same seed: mulberry32, which is small and even. */
export type Random = () => number;

/** Chances of one visit: they depend on its number and not on what other visits did meanwhile. */
export function randomOf(seed: number, visit: number): Random {
  let state = Math.imul(seed, 0x9e3779b1) ^ Math.imul(visit + 1, 0x85ebca6b);
  return () => {
    state = state + 0x6d2b79f5 | 0;
    let mixed = Math.imul(state ^ state >>> 15, 1 | state);
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed;
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32;
  };
}

/** One of `choices`. */
export function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[Math.floor(random() * choices.length)]!;
}

/** A whole number from `least` to `most`, both included. */
export function between(random: Random, least: number, most: number): number {
  return least + Math.floor(random() * (most - least + 1));
}

/** One of `choices`, each as likely as its weight is of all. */
export function pickWeighted<T extends { readonly weight: number }>(
  random: Random,
  choices: readonly T[],
): T {
  let left = random() * choices.reduce((sum, { weight }) => sum + weight, 0);
  return choices.find(({ weight }) => (left -= weight) < 0) ?? choices.at(-1)!;
}
