import assert from "node:assert/strict";
import fc from "fast-check";
import { ShutdownError } from "../../mod.ts";
import { type Entry, InFlight } from "../../src/protocol/in_flight.ts";
import { withDeadline } from "../_support/deadline.ts";

/** An entry that notes whether it was cut. */
class Noted implements Entry {
  readonly upload: boolean;
  previous: Entry | undefined;
  next: Entry | undefined;
  cuts = 0;

  constructor(upload: boolean) {
    this.upload = upload;
  }

  cut(): void {
    this.cuts++;
  }
}

Deno.test("InFlight counts like a set, whatever enters and leaves in whatever order", () => {
  const step = fc.record({ index: fc.nat(7), enter: fc.boolean() });
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const inFlight = new InFlight();
    const entries = Array.from({ length: 8 }, (_, index) => new Noted(index % 2 === 0));
    const model = new Set<Noted>();
    for (const { index, enter } of steps) {
      const entry = entries[index]!;
      if (!enter) inFlight.delete(entry); // also when it is not in: a second time does nothing
      else if (!model.has(entry)) inFlight.add(entry);
      if (enter) model.add(entry);
      else model.delete(entry);
      assert.equal(inFlight.requests, model.size);
      assert.equal(inFlight.uploads, [...model].filter(({ upload }) => upload).length);
    }
    inFlight.cut(new ShutdownError());
    for (const entry of entries) assert.equal(entry.cuts, model.has(entry) ? 1 : 0);
    assert.deepEqual([inFlight.requests, inFlight.uploads], [0, 0]);
  }));
});

Deno.test("InFlight.until() settles with the last entry while draining", async () => {
  const inFlight = new InFlight();
  const [first, second] = [new Noted(true), new Noted(false)];
  inFlight.add(first);
  inFlight.add(second);
  inFlight.drain();
  let idle = false;
  const waiting = inFlight.until(() => inFlight.requests === 0).then(() => idle = true);
  inFlight.delete(first);
  await Promise.resolve();
  assert.equal(idle, false);
  inFlight.delete(second);
  await waiting;
});

Deno.test("InFlight.until() settles without a stop, too, when uploads and WebSockets have ended", async () => {
  const inFlight = new InFlight();
  const upload = new Noted(true);
  const socket = { close() {}, cut() {} };
  inFlight.add(upload);
  inFlight.addSocket(socket);
  let ended = false;
  const waiting = inFlight.until(() => inFlight.uploads === 0 && inFlight.sockets === 0)
    .then(() => ended = true);
  inFlight.delete(upload);
  await Promise.resolve();
  assert.equal(ended, false);
  inFlight.deleteSocket(socket);
  await withDeadline(waiting, "the end of the wait");
});
