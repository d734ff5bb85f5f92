import assert from "node:assert/strict";
import { LossNotice } from "../../src/logging/loss_notice.ts";

/** A notice, what it told, and its clock. */
function setup() {
  const told: string[] = [];
  const clock = { now: 0 };
  const notice = new LossNotice({
    what: "access log stdout",
    onLoss: (message) => told.push(`loss: ${message}`),
    onEnd: (message) => told.push(`end: ${message}`),
    now: () => clock.now,
  });
  return { notice, told, clock };
}

const BEGUN =
  "loss: Cannot write the access log stdout: disk full. Its lines are lost until it can be written again";

Deno.test("LossNotice tells of a series of losses when it begins, and of its sum when it is over", () => {
  const { notice, told, clock } = setup();
  notice.written();
  notice.lost(2, "disk full");
  notice.lost(3, "disk full");
  assert.deepEqual(told, [BEGUN]);
  clock.now = 1000;
  notice.written();
  notice.written();
  assert.deepEqual(told, [BEGUN, "end: The access log stdout is written again: 5 lines were lost"]);
  notice.lost(1, "disk full");
  notice.closed();
  assert.deepEqual(told.slice(2), [BEGUN, "end: The access log stdout is closed: 1 line was lost"]);
});

Deno.test("LossNotice makes one series of losses that alternate with lines", () => {
  const { notice, told, clock } = setup();
  for (let round = 0; round < 100; round++) {
    notice.lost(1, "disk full");
    clock.now += 999;
    notice.written();
  }
  assert.deepEqual(told, [BEGUN]);
});

Deno.test("LossNotice has nothing to tell of a log that lost nothing", () => {
  const { notice, told } = setup();
  notice.written();
  notice.closed();
  assert.deepEqual(told, []);
});

Deno.test("LossNotice may be told of more by what it tells", () => {
  const told: string[] = [];
  const notice: LossNotice = new LossNotice({
    what: "error log",
    onLoss: (message) => {
      told.push(message);
      notice.lost(1, "again");
    },
    onEnd: (message) => {
      told.push(message);
      notice.written();
    },
  });
  notice.lost(1, "once");
  notice.closed();
  assert.equal(told.length, 2);
  assert.match(told[1]!, /: 2 lines were lost$/);
});
