/**
 * Attacks by much of something small.
 *
 * @module
 */

import assert from "node:assert/strict";
import { encodeFrame, encodeVarints, FRAME } from "../../src/h3/mod.ts";
import { type AttackStream, frames, idFrame } from "../_support/h3_attacker.ts";
import { eventually, pause } from "../_support/waiting.ts";
import { type Attack, flood, PIECE } from "./http3_attack.ts";

/** A flood of frames on the control stream. */
function controlFlood(name: string, make: (index: number) => Uint8Array): Attack {
  return {
    name: `that floods its control stream with ${name}`,
    code: "H3_EXCESSIVE_LOAD",
    async act(attacker) {
      await flood(await attacker.control(), frames(4_000, make));
    },
  };
}

/** A flood of frames in the content of a request. */
function contentFlood(name: string, frame: Uint8Array): Attack {
  return {
    name: `whose request is a flood of ${name}`,
    code: "H3_EXCESSIVE_LOAD",
    async act(attacker) {
      const stream = await attacker.request("POST", "/echo");
      await flood(stream, frames(4_000, () => frame));
    },
  };
}

/** The attacks. */
export const FLOODS: readonly Attack[] = [
  controlFlood("frames of unknown types", () => encodeFrame(0x21, new Uint8Array(0))),
  controlFlood("MAX_PUSH_ID", (index) => idFrame(FRAME.MAX_PUSH_ID, index)),
  controlFlood("GOAWAY", () => idFrame(FRAME.GOAWAY, 0)),
  controlFlood(
    "PRIORITY_UPDATE",
    () => encodeFrame(FRAME.PRIORITY_UPDATE_REQUEST, Uint8Array.of(0, 0x75, 0x3d, 0x31)),
  ),
  contentFlood("frames of unknown types", encodeFrame(0x21, new Uint8Array(0))),
  contentFlood("empty DATA frames", encodeFrame(FRAME.DATA, new Uint8Array(0))),
  {
    name: "whose request is one endless frame of an unknown type",
    code: "H3_EXCESSIVE_LOAD",
    async act(attacker) {
      const stream = await attacker.request("POST", "/echo");
      await stream.send(encodeVarints(0x21, 2 ** 40));
      await flood(stream, new Uint8Array(PIECE));
    },
  },
  {
    name: "that opens one stream of an unknown type after the other",
    code: "H3_EXCESSIVE_LOAD",
    async act(attacker) {
      while (!attacker.over) {
        const opened = attacker.unidirectional(encodeVarints(0x21)).catch(() => null);
        const stream = await Promise.race([opened, attacker.closed]);
        if (stream !== null && typeof stream === "object") stream.finish();
      }
    },
  },
  {
    name: "that sends its content byte by byte",
    code: null,
    async act(attacker) {
      await attacker.control();
      const stream = await attacker.request("POST", "/echo");
      const bytes = frames(20_000, () => encodeFrame(FRAME.DATA, Uint8Array.of(0x61)));
      await stream.send(bytes);
      stream.finish();
      const { status, content } = await stream.answer();
      assert.deepEqual([status, content.length], [200, 20_000]);
    },
  },
  {
    name: "that asks for more than a hundred responses at once",
    code: null,
    async act(attacker, target) {
      await attacker.control();
      const first: AttackStream[] = [];
      for (let i = 0; i < 100; i++) first.push(await attacker.request("GET", "/hang"));
      const beyond = attacker.request("GET", "/hang");
      await eventually(() => target.hanging === 100, "a hundred requests");
      assert.equal(await Promise.race([beyond, pause(50)]), undefined, "no more may be opened");
      for (const stream of first) stream.finish();
      target.release();
      for (const stream of first) assert.equal((await stream.answer()).status, 200);
      const last = await beyond;
      last.finish();
      await eventually(() => target.hanging === 1, "the one that waited");
      target.release();
      assert.equal((await last.answer()).status, 200);
    },
  },
];
