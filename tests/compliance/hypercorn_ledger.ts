/**
 * What a ledger about Hypercorn is: one entry for every feature of its list, or every flaw, with the tests that
 * show how it is here.
 *
 * A list of features is never "done" or "not done" alone: the runtime keeps us from some, and from a part of
 * others. An entry says which, and why.
 *
 * @module
 */

import { CURL_MISSING } from "../_support/curl_client.ts";
import type { TestNames } from "./named_tests.ts";

/** A test, or a family of them. */
export interface Proof {
  /** The file that defines it, relative to the repository. */
  readonly file: string;
  /** Its name; `…` stands for any text, and then at least one test must have such a name. */
  readonly test: string;
}

/** What keeps an entry from being proved whole. */
export type Rest =
  /** There is nothing here that it could be about; why. */
  | { readonly notApplicable: string }
  /** The runtime has no means; what happens instead, which the tests show. */
  | { readonly notPossible: string }
  /** The tests show a part; what is missing, and why. */
  | { readonly partly: string }
  /** Nothing shows it yet; who is to. */
  | { readonly open: string };

/** One feature or flaw. */
export interface Entry {
  /** `"SRV-01"`; `"5b"`. */
  readonly id: string;
  /** The feature or the flaw, in short words. */
  readonly text: string;
  /** How it is here, where that differs from Hypercorn. */
  readonly ours?: string;
  /** The tests. */
  readonly proofs: readonly Proof[];
  /** Absent for what is proved whole. */
  readonly rest?: Rest;
}

/** How far an entry is. */
export type Status = "proved" | "partly" | "not applicable" | "not possible" | "open";

/** How far an entry is. */
export function statusOf({ rest }: Entry): Status {
  if (!rest) return "proved";
  if ("partly" in rest) return "partly";
  if ("notApplicable" in rest) return "not applicable";
  return "notPossible" in rest ? "not possible" : "open";
}

/** How many entries there are of each status, as a line of text. */
export function describeTotals(entries: readonly Entry[]): string {
  const count = (status: Status) => entries.filter((entry) => statusOf(entry) === status).length;
  return `${count("proved")} of ${entries.length} proved, ${count("partly")} partly, ` +
    `${count("not applicable")} not applicable, ${count("not possible")} not possible here, ` +
    `${count("open")} open`;
}

/** What is wrong with a ledger, each as a sentence. */
export function findFaults(
  entries: readonly Entry[],
  ids: readonly string[],
  names: TestNames,
): string[] {
  const counts = Map.groupBy(entries, ({ id }) => id);
  return [
    ...ids.filter((id) => !counts.has(id)).map((id) => `${id} is missing`),
    ...[...counts.keys()].filter((id) => !ids.includes(id)).map((id) => `${id} is not on the list`),
    ...[...counts].filter(([, same]) => same.length > 1).map(([id]) => `${id} is there twice`),
    ...entries.flatMap((entry) => faultsOf(entry, names)),
  ];
}

function faultsOf(entry: Entry, names: TestNames): string[] {
  const status = statusOf(entry);
  const { id, proofs } = entry;
  const faults: string[] = [];
  if (proofs.length === 0 && (status === "proved" || status === "partly")) {
    faults.push(`${id} is ${status} by no test`);
  }
  if (proofs.length > 0 && status === "open") faults.push(`${id} is open, yet has tests`);
  for (const { file, test } of proofs) {
    if (!(names[file] ?? []).some(matcher(test))) {
      faults.push(`${id}: "${test}" is no test of ${file}`);
    }
  }
  return faults;
}

/** Whether the name of a test that runs is the one wanted. Without curl, the tests that need it have a longer one. */
function matcher(test: string): (name: string) => boolean {
  const [first = "", ...others] = test.split("…").map((part) => RegExp.escape(part));
  const pattern = new RegExp(`^${[first, ...others].join(".*")}$`, "s");
  const suffix = ` (skipped: ${CURL_MISSING})`;
  return (name) => {
    const wanted = name.endsWith(suffix) ? name.slice(0, -suffix.length) : name;
    return !wanted.includes(" (skipped: ") && pattern.test(wanted);
  };
}

/** Makes proofs of the names of tests of one file, relative to `tests`. */
export function testsOf(file: string): (...tests: string[]) => Proof[] {
  return (...tests) => tests.map((test) => ({ file: `tests/${file}`, test }));
}

/** An entry that tests show whole. */
export function proved(id: string, text: string, proofs: readonly Proof[], ours?: string): Entry {
  return { id, text, proofs, ...(ours !== undefined && { ours }) };
}

/** An entry of which tests show a part. */
export function partly(
  id: string,
  text: string,
  proofs: readonly Proof[],
  missing: string,
): Entry {
  return { id, text, proofs, rest: { partly: missing } };
}

/** An entry that the runtime keeps us from; the tests show what happens instead. */
export function notPossible(
  id: string,
  text: string,
  proofs: readonly Proof[],
  reason: string,
): Entry {
  return { id, text, proofs, rest: { notPossible: reason } };
}

/** An entry that is about something which is not here. */
export function notApplicable(id: string, text: string, reason: string): Entry {
  return { id, text, proofs: [], rest: { notApplicable: reason } };
}

/** An entry that nothing shows yet. */
export function open(id: string, text: string, owner: string): Entry {
  return { id, text, proofs: [], rest: { open: owner } };
}
