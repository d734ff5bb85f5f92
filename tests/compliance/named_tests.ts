/**
 * The names of the tests in some files, so that a ledger can be held to them.
 *
 * @module
 */

import assert from "node:assert/strict";
import { REPOSITORY, runDeno } from "../_support/repository.ts";

/** Names of tests by their file. */
export type TestNames = Readonly<Record<string, readonly string[]>>;

/** Loads test files, by paths relative to the repository, and returns the names of their tests. */
export async function readTestNames(paths: Iterable<string>): Promise<TestNames> {
  const files = [...new Set(paths)];
  const urls = files.map((file) => new URL(file, REPOSITORY).href);
  const { success, text } = await runDeno([
    "run",
    "--quiet",
    "--allow-all",
    "--config",
    "deno.json",
    "tests/compliance/test_names.ts",
    ...urls,
  ]);
  assert(success, text);
  const byUrl: Record<string, string[]> = JSON.parse(text.trim().split("\n").at(-1)!);
  return Object.fromEntries(files.map((file, index) => [file, byUrl[urls[index]!]!]));
}
