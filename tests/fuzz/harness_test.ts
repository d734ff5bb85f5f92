import assert from "node:assert/strict";
import fc from "fast-check";
import { attempt, target } from "./harness.ts";

/** Breaks its invariant at 10 and beyond. */
const BROKEN = target({
  name: "broken",
  invariant: "no number is above 9",
  outcomes: ["small"],
  inputs: fc.nat(),
  check(number) {
    if (number > 9) throw new Error(`${number} is above 9`);
    return "small";
  },
});

Deno.test("Target.run() finds the smallest input that breaks the invariant, and the same one by its seed", async () => {
  const first = await BROKEN.run(7, 500);
  assert.match(first.finding!, /\[10\]/);
  assert.match(first.finding!, /seed: 7\b/);
  const second = await BROKEN.run(7, 500);
  assert.equal(second.iterations, first.iterations);
});

Deno.test("Target.run() counts the outcomes and tries the corpus first", async () => {
  const seen: number[] = [];
  const even = target({
    name: "even",
    invariant: "numbers are even or odd",
    outcomes: ["even", "odd"],
    inputs: fc.nat(),
    corpus: [4, 9],
    check(number) {
      seen.push(number);
      return number % 2 === 0 ? "even" : "odd";
    },
  });
  const { iterations, counts, finding } = await even.run(1, 100);
  assert.deepEqual(seen.slice(0, 2), [4, 9]);
  assert.equal(iterations, 102);
  assert.equal(counts.get("even")! + counts.get("odd")!, 102);
  assert.equal(finding, null);
});

Deno.test("Target.run() refuses an outcome that the target does not list", async () => {
  const odd = target({
    name: "odd",
    invariant: "",
    outcomes: ["expected"],
    inputs: fc.nat(),
    check: () => "unexpected",
  });
  assert.match((await odd.run(1, 1)).finding!, /The outcome "unexpected"/);
});

Deno.test("attempt() gives a documented error and throws any other on", () => {
  const error = new RangeError("documented");
  const raise = (error: Error) => () => {
    throw error;
  };
  assert.equal(attempt(raise(error), RangeError), error);
  assert.throws(() => attempt(raise(new TypeError("a fault")), RangeError), TypeError);
});
