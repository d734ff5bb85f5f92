import assert from "node:assert/strict";
import { containListeners } from "../src/contain_listeners.ts";

function containedTarget(): { target: EventTarget; errors: unknown[] } {
  const target = new EventTarget();
  const errors: unknown[] = [];
  containListeners(target, (error) => errors.push(error));
  return { target, errors };
}

Deno.test("containListeners() passes on what listeners throw and reject with, and runs the others", async () => {
  const { target, errors } = containedTarget();
  let ran = 0;
  target.addEventListener("x", () => {
    throw "thrown";
  });
  target.addEventListener("x", () => Promise.reject("rejected") as unknown as void);
  target.addEventListener("x", {
    handleEvent() {
      throw "by an object";
    },
  });
  target.addEventListener("x", () => ran++);
  target.dispatchEvent(new Event("x"));
  await Promise.resolve();
  assert.deepEqual(errors.sort(), ["by an object", "rejected", "thrown"]);
  assert.equal(ran, 1);
});

Deno.test("containListeners() keeps receiver, options, removal and uniqueness of listeners", () => {
  const { target } = containedTarget();
  const receivers: unknown[] = [];
  function listener(this: unknown): void {
    receivers.push(this);
  }
  target.addEventListener("x", listener);
  target.addEventListener("x", listener);
  target.addEventListener("x", null);
  target.dispatchEvent(new Event("x"));
  assert.deepEqual(receivers, [target]);
  target.removeEventListener("x", listener);
  target.removeEventListener("x", null);
  target.dispatchEvent(new Event("x"));
  assert.equal(receivers.length, 1);
  target.addEventListener("x", listener, { once: true });
  target.dispatchEvent(new Event("x"));
  target.dispatchEvent(new Event("x"));
  assert.equal(receivers.length, 2);
});
