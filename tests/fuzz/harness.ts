/**
 * What a fuzz target is, and how one is run: so many inputs from one seed, shrunk when one of them breaks the invariant.
 *
 * @module
 */

import fc from "fast-check";

/** A decoder, and what holds for it whatever comes in. */
export interface Target {
  /** One word, for `--target`. */
  readonly name: string;
  /** The invariant in one sentence. */
  readonly invariant: string;
  /** Every way an input can end. A run of {@linkcode ENOUGH} inputs that misses one tests less than it says. */
  readonly outcomes: readonly string[];
  /** Feeds it the inputs that once were findings, and then `runs` inputs that follow from `seed`. */
  run(seed: number, runs: number): Promise<Result>;
}

/** What a run found. */
export interface Result {
  /** Inputs that were tried. */
  readonly iterations: number;
  /** How often each outcome came. */
  readonly counts: ReadonlyMap<string, number>;
  /** The smallest input that broke the invariant, with the error; `null` when none did. */
  readonly finding: string | null;
}

/** Inputs after which every outcome must have come. */
export const ENOUGH = 400;

/** What {@linkcode target} makes a target of. */
export interface Definition<Input> extends Pick<Target, "name" | "invariant" | "outcomes"> {
  /** The inputs. */
  readonly inputs: fc.Arbitrary<Input>;
  /** Inputs that once were findings. */
  readonly corpus?: readonly Input[];
  /** Throws when the invariant is broken. Returns one of `outcomes`. */
  check(input: Input): string | Promise<string>;
}

/** Makes a target. */
export function target<Input>(definition: Definition<Input>): Target {
  const { name, invariant, outcomes } = definition;
  return { name, invariant, outcomes, run: (seed, runs) => run(definition, seed, runs) };
}

async function run<Input>(
  { inputs, corpus = [], outcomes, check }: Definition<Input>,
  seed: number,
  runs: number,
): Promise<Result> {
  const counts = new Map(outcomes.map((outcome) => [outcome, 0]));
  const property = fc.asyncProperty(inputs, async (input) => {
    const outcome = await check(input);
    const count = counts.get(outcome);
    if (count === undefined) throw new Error(`The outcome "${outcome}" is none of the target's`);
    counts.set(outcome, count + 1);
  });
  const examples = corpus.map((input): [Input] => [input]);
  const details = await fc.check(property, { seed, numRuns: runs + corpus.length, examples });
  const report = fc.defaultReportMessage(details);
  const finding = report === undefined ? null : `${report}\n${describe(details.errorInstance)}`;
  return { iterations: details.numRuns, counts, finding };
}

function describe(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}

/** A class of errors. */
// deno-lint-ignore no-explicit-any -- constructors differ in what they take
type ErrorClass<E extends Error> = new (...args: any[]) => E;

/** What `act` returns, or its error when that is of the class that is documented; any other is thrown on. */
export function attempt<T, E extends Error>(act: () => T, documented: ErrorClass<E>): T | E {
  try {
    return act();
  } catch (error) {
    if (error instanceof documented) return error;
    throw error;
  }
}

/** As {@linkcode attempt}, for what is asynchronous. */
export async function attemptAsync<T, E extends Error>(
  act: () => Promise<T>,
  documented: ErrorClass<E>,
): Promise<T | E> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof documented) return error;
    throw error;
  }
}
