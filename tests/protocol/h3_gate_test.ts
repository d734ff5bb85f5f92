import assert from "node:assert/strict";
import fc from "fast-check";
import { type GatedRequest, H3Gate } from "../../src/protocol/h3_gate.ts";

/** A request that notes when it may begin. */
class Noted implements GatedRequest {
  admitted = 0;

  onAdmitted(): void {
    this.admitted++;
  }
}

Deno.test("H3Gate lets as many requests begin as it may, the others in their order", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 4 }),
    fc.array(fc.boolean(), { maxLength: 40 }),
    (limit, steps) => {
      const gate = new H3Gate(limit);
      const requests: Noted[] = [];
      let ended = 0;
      for (const enter of steps) {
        if (enter) {
          const request = new Noted();
          requests.push(request);
          if (gate.enter(request)) request.admitted++;
        } else if (ended < requests.length) {
          ended++; // the oldest, which has begun
          gate.leave();
        }
        const begun = Math.min(requests.length, ended + limit);
        assert.equal(gate.taken, begun - ended);
        assert.deepEqual(
          requests.map(({ admitted }) => admitted),
          requests.map((_, index) => index < begun ? 1 : 0),
        );
      }
    },
  ));
});

Deno.test("H3Gate has requests wait for SETTINGS first and a place then, unless they are forgotten", () => {
  const gate = new H3Gate(1);
  const [first, second, forgotten] = [new Noted(), new Noted(), new Noted()];
  assert.equal(gate.settled, false);
  for (const request of [first, forgotten, second]) gate.await(request);
  gate.forget(forgotten);
  assert.equal(gate.taken, 0);
  gate.settle();
  assert.equal(gate.settled, true);
  assert.deepEqual([first.admitted, second.admitted, gate.taken], [1, 0, 1]);
  gate.leave();
  assert.deepEqual([first.admitted, second.admitted, gate.taken], [1, 1, 1]);
  gate.forget(second); // which does nothing any more
  gate.leave();
  assert.deepEqual([forgotten.admitted, gate.taken], [0, 0]);
});
