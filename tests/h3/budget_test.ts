import assert from "node:assert/strict";
import { Budget } from "../../src/h3/budget.ts";
import { H3 } from "../../src/h3/errors.ts";
import {
  ODDITIES_PER_SECOND,
  ODDITY_BURST,
  OVERHEAD_ALLOWANCE_BYTES,
  OVERHEAD_RATIO,
} from "../../src/h3/limits.ts";
import { assertConnectionError } from "./peer_support.ts";

const FREE_BYTES = OVERHEAD_RATIO * OVERHEAD_ALLOWANCE_BYTES;

Deno.test("Budget allows a burst of odd events, whatever the clock says, and not one more", () => {
  for (const start of [0, 1e12]) {
    const budget = new Budget();
    budget.receive(0, start);
    spend(budget, ODDITY_BURST);
    assertConnectionError(() => budget.spend("resets"), H3.EXCESSIVE_LOAD);
    assert.throws(() => budget.spend("resets"), /too many resets/);
  }
});

Deno.test("Budget grows by the events of a second in a second, steadily, and not beyond the burst", () => {
  const budget = new Budget();
  spend(budget, ODDITY_BURST);
  let now = 0;
  for (let tenths = 0; tenths < 10; tenths++) budget.receive(0, now += 100);
  spend(budget, ODDITIES_PER_SECOND);
  assertConnectionError(() => budget.spend("resets"), H3.EXCESSIVE_LOAD);
  budget.receive(0, now += 86_400_000);
  spend(budget, ODDITY_BURST);
  assertConnectionError(() => budget.spend("resets"), H3.EXCESSIVE_LOAD);
});

Deno.test("Budget never stops a client that is odd at the allowed rate", () => {
  const budget = new Budget();
  spend(budget, ODDITY_BURST);
  for (let second = 1; second <= 1000; second++) {
    budget.receive(0, second * 1000);
    spend(budget, ODDITIES_PER_SECOND);
  }
});

Deno.test("Budget allows useless bytes up to the ratio, and not one more", () => {
  const budget = new Budget();
  budget.receive(FREE_BYTES, 0);
  assertConnectionError(() => budget.receive(1, 0), H3.EXCESSIVE_LOAD);
});

Deno.test("Budget allows bytes without end as long as they are of use", () => {
  const budget = new Budget();
  const chunk = 2 ** 20;
  for (let count = 0; count < 10_000; count++) {
    budget.receive(chunk, 0);
    budget.use(chunk / OVERHEAD_RATIO);
  }
  budget.receive(FREE_BYTES, 0);
  assertConnectionError(() => budget.receive(1, 0), H3.EXCESSIVE_LOAD);
});

function spend(budget: Budget, count: number): void {
  for (let spent = 0; spent < count; spent++) budget.spend("resets");
}
