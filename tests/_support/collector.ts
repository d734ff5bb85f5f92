/**
 * The garbage collector, on demand.
 *
 * @module
 */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { withDeadline } from "./deadline.ts";

setFlagsFromString("--expose-gc"); // for contexts that are made from now on
const collect: () => void = runInNewContext("gc");

/** Collects what nobody holds; returns when finalizers have run. */
export async function collectGarbage(): Promise<void> {
  const finalized = Promise.withResolvers<void>();
  const registry = new FinalizationRegistry(() => finalized.resolve());
  registry.register({}, null);
  await new Promise((resolve) => setTimeout(resolve, 0)); // so that no stack holds it
  collect();
  await withDeadline(finalized.promise, "the finalizer of an object that nobody holds");
}
