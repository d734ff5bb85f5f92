import assert from "node:assert/strict";
import fc from "fast-check";
import { Slots } from "../../src/quic/slots.ts";

Deno.test("Slots hold what was added and not deleted, whatever the order", () => {
  // Numbers pick what to delete; a negative one adds.
  fc.assert(fc.property(fc.array(fc.integer({ min: -20, max: 20 })), (steps) => {
    const slots = new Slots<object>();
    const held: { readonly item: object; readonly slot: number }[] = [];
    for (const step of steps) {
      if (step < 0) {
        const item = {};
        held.push({ item, slot: slots.add(item) });
      } else if (held.length > 0) {
        const [{ item, slot }] = held.splice(step % held.length, 1) as [typeof held[0]];
        slots.delete(slot, item);
        slots.delete(slot, item); // once more does nothing, not even to a successor
      }
      assert.equal(slots.size, held.length);
      assert.equal(new Set(held.map(({ slot }) => slot)).size, held.length);
    }
  }));
});

Deno.test("Slots.delete() leaves an item alone that took the slot over", () => {
  const slots = new Slots<object>();
  const [first, second] = [{}, {}];
  const slot = slots.add(first);
  slots.delete(slot, first);
  assert.equal(slots.add(second), slot);
  slots.delete(slot, first);
  assert.equal(slots.size, 1);
});

Deno.test("Slots.clear() lets go of everything, and late deletions do nothing", () => {
  const slots = new Slots<object>();
  const item = {};
  const slot = slots.add(item);
  slots.add({});
  slots.clear();
  slots.delete(slot, item);
  assert.equal(slots.size, 0);
  assert.equal(slots.add({}), 0);
});
