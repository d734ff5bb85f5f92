/**
 * What a requirement ledger is: one row for every MUST and MUST NOT that an RFC puts on us, with its proof.
 *
 * A ledger is a file `rfc<number>.ts` in this folder that exports `REQUIREMENTS`. `ledger_test.ts` finds all of
 * them and checks that every test they name exists.
 *
 * @module
 */

/** A test that fails when the requirement is broken. */
export interface Proved {
  /** The exact name given to `Deno.test`, with the values of a table-driven name filled in. */
  readonly test: string;
  /** The file that defines it, relative to the repository: `"tests/qpack/decoder_test.ts"`. */
  readonly file: string;
}

/** The requirement is about something this server is not or does not do. */
export interface NotApplicable {
  /** Why, in one sentence. */
  readonly notApplicable: string;
}

/** The requirement holds for us, and this runtime has no means to follow it. */
export interface NotPossible {
  /** What is missing, and what is done instead. */
  readonly notPossible: string;
}

/** How a requirement is met, or why it is not. */
export type Proof = Proved | NotApplicable | NotPossible;

/** One requirement. */
export interface Requirement {
  /** Section of the RFC: `"2.1.1"`. */
  readonly section: string;
  /** What is asked for, in our own short words. */
  readonly text: string;
  /** The key word of the sentence (RFC 2119). */
  readonly level: "MUST" | "MUST NOT";
  /** The test, or the reason why there is none. */
  readonly proof: Proof;
}

/** How many requirements ended where. */
export interface Totals {
  /** Rows with a test. */
  readonly proved: number;
  /** Rows that are not about us. */
  readonly notApplicable: number;
  /** Rows that the runtime keeps us from. */
  readonly notPossible: number;
}

/** Counts the rows of a ledger by their proof. */
export function totals(requirements: readonly Requirement[]): Totals {
  const count = (key: string) => requirements.filter(({ proof }) => key in proof).length;
  return {
    proved: count("test"),
    notApplicable: count("notApplicable"),
    notPossible: count("notPossible"),
  };
}
