import assert from "node:assert/strict";
import { H3 } from "../../src/h3/errors.ts";
import { encodeFrame, FRAME } from "../../src/h3/frames.ts";
import { DEFAULT_PRIORITY, sendOrder } from "../../src/h3/priority.ts";
import { concat } from "../_support/bytes.ts";
import {
  assertConnectionError,
  newConnection,
  openControl,
  priorityUpdate,
} from "./peer_support.ts";

/** GET / of "a" over https with `priority: u=5, i`. */
const GET_LATER = encodeFrame(
  FRAME.HEADERS,
  concat([
    Uint8Array.of(0x00, 0x00, 0xd1, 0xd7, 0x50, 0x01, 0x61, 0xc1),
    Uint8Array.of(0x27, 0x01),
    text("priority"),
    Uint8Array.of(0x06),
    text("u=5, i"),
  ]),
);

Deno.test("PRIORITY_UPDATE overrides the priority field of an open request, before and after it (RFC 9218 §7)", () => {
  const connection = newConnection();
  const control = openControl(connection);
  const request = connection.request(0);
  assert.equal(request.priority, DEFAULT_PRIORITY);
  request.receive(GET_LATER, 0);
  request.next();
  assert.deepEqual(request.priority, { urgency: 5, incremental: true });
  const events = control.receive(priorityUpdate(FRAME.PRIORITY_UPDATE_REQUEST, 0, "u=0"), 0);
  const priority = { urgency: 0, incremental: false };
  assert.deepEqual(events, [{ type: "priority", streamId: 0, priority }]);
  assert.deepEqual(request.priority, priority);
  assert.ok(sendOrder(request.priority, 0) > sendOrder(DEFAULT_PRIORITY, 0));
});

Deno.test("PRIORITY_UPDATE for a request yet to come is kept, the last one only (RFC 9218 §7)", () => {
  const connection = newConnection();
  const control = openControl(connection);
  for (const value of ["u=1", "u=6", "u=2, i"]) {
    assert.deepEqual(
      control.receive(priorityUpdate(FRAME.PRIORITY_UPDATE_REQUEST, 8, value), 0),
      [],
    );
  }
  const request = connection.request(8);
  request.receive(GET_LATER, 0);
  request.next();
  assert.deepEqual(request.priority, { urgency: 2, incremental: true });
});

Deno.test("PRIORITY_UPDATE for a request that is over is ignored, and nothing is kept of it", () => {
  const connection = newConnection();
  const control = openControl(connection);
  const update = priorityUpdate(FRAME.PRIORITY_UPDATE_REQUEST, 0, "u=1");
  const request = connection.request(0);
  assert.equal(control.receive(update, 0).length, 1);
  request.close();
  assert.equal(request.priority, DEFAULT_PRIORITY);
  assert.deepEqual(control.receive(update, 0), []);
  assert.equal(request.priority, DEFAULT_PRIORITY);
});

Deno.test("PRIORITY_UPDATE may name as many streams as the client may open, and no more (RFC 9218 §7.2)", () => {
  const connection = newConnection({ maxRequestStreams: 2 });
  const control = openControl(connection);
  const update = (id: number) => priorityUpdate(FRAME.PRIORITY_UPDATE_REQUEST, id, "u=1");
  control.receive(update(4), 0);
  connection.request(0);
  control.receive(update(8), 0);
  assertConnectionError(() => control.receive(update(12), 0), H3.ID_ERROR);
});

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}
