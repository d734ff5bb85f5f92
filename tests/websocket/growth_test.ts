/** Time that grows as the input does, in the ways that a peer can cut what it sends. */

import assert from "node:assert/strict";
import { encodeFrame, OPCODE, WebSocketMachine } from "../../src/websocket/mod.ts";
import { findGrowth } from "../fuzz/growth.ts";
import { eventsOf, takeAll } from "./support.ts";
import { chop } from "./wire.ts";

function newMachine(): WebSocketMachine {
  return new WebSocketMachine({
    role: "server",
    maxMessageSize: 2 ** 30,
    maxFragments: Infinity,
    closeTimeout: 1,
  }, 0);
}

function text(size: number): Uint8Array {
  return encodeFrame({ opcode: OPCODE.TEXT, payload: new Uint8Array(size).fill(0x2a) }, 1);
}

/** A message whose frames have one byte each. */
function tinyFrames(size: number): Uint8Array[] {
  const payload = Uint8Array.of(0x2a);
  return Array.from({ length: size }, (_, index) =>
    encodeFrame({
      opcode: index === 0 ? OPCODE.TEXT : OPCODE.CONTINUATION,
      payload,
      fin: index === size - 1,
    }, 1));
}

const ROWS: readonly (readonly [what: string, prepare: (size: number) => () => unknown])[] = [
  ["a message that comes byte by byte", (size) => {
    const [machine, chunks] = [newMachine(), chop(text(size), 1)];
    return () => {
      for (const chunk of chunks) {
        machine.receive(chunk, 0);
        machine.next();
      }
    };
  }],
  ["a message in frames of one byte", (size) => {
    const [machine, frames] = [newMachine(), tinyFrames(size)];
    return () => {
      for (const frame of frames) {
        machine.receive(frame, 0);
        machine.next();
      }
    };
  }],
  ["bytes that wait until somebody asks", (size) => {
    const [machine, frames] = [newMachine(), tinyFrames(size)];
    return () => {
      for (const frame of frames) machine.receive(frame, 0);
      assert.equal(eventsOf(machine).length, 1);
    };
  }],
  ["messages that wait to be sent", (size) => {
    const machine = newMachine();
    return () => {
      for (let count = 0; count < size; count++) machine.send("x");
      assert.equal(takeAll(machine).length, size);
    };
  }],
];
for (const [what, prepare] of ROWS) {
  Deno.test(`WebSocketMachine takes time in proportion to ${what}`, () => {
    assert.equal(findGrowth(prepare), null);
  });
}
