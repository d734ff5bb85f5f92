/**
 * Attacks by taking one's time.
 *
 * @module
 */

import assert from "node:assert/strict";
import { encodeFrame, FRAME, STREAM } from "../../src/h3/mod.ts";
import { LARGE_BYTES, SHORT_MS } from "../_support/h3_attack_target.ts";
import { type AttackStream, headers } from "../_support/h3_attacker.ts";
import { requestFields } from "../_support/h3_peer.ts";
import { pause } from "../_support/waiting.ts";
import type { Attack } from "./http3_attack.ts";

/** The attacks. */
export const SLOW_ATTACKS: readonly Attack[] = [
  {
    name: "whose request heads come byte by byte",
    code: null,
    timeouts: { headMs: SHORT_MS },
    keepAlive: 100,
    async act(attacker) {
      await attacker.control();
      const head = headers(requestFields());
      const streams: AttackStream[] = [];
      for (let i = 0; i < 20; i++) streams.push(await attacker.bidirectional(head.subarray(0, 1)));
      for (let at = 1; at < head.length - 1; at++) {
        const taken = streams.map((stream) => stream.send(head.subarray(at, at + 1)));
        if (!(await Promise.all(taken))[0]) break;
        await pause(100);
      }
      for (const stream of streams) assert.equal((await stream.answer()).status, 408);
    },
  },
  {
    name: "whose content does not come",
    code: null,
    timeouts: { readMs: SHORT_MS },
    keepAlive: 100,
    async act(attacker) {
      await attacker.control();
      const streams: AttackStream[] = [];
      for (let i = 0; i < 20; i++) streams.push(await attacker.request("POST", "/echo"));
      for (const stream of streams) {
        await stream.send(encodeFrame(FRAME.DATA, Uint8Array.of(0x61)));
      }
      for (const stream of streams) assert.equal((await stream.answer()).status, 408);
    },
  },
  {
    name: "that never ends a request which was answered",
    code: "H3_NO_ERROR", // as an idle one
    timeouts: { discardMs: SHORT_MS, idleMs: SHORT_MS },
    keepAlive: 100,
    async act(attacker) {
      await attacker.control();
      for (let i = 0; i < 20; i++) {
        const stream = await attacker.request("POST", "/");
        assert.equal((await stream.answer()).status, 200);
      }
    },
  },
  {
    name: "that never reads a response",
    code: "H3_INTERNAL_ERROR",
    timeouts: { stallMs: SHORT_MS },
    keepAlive: 100,
    async act(attacker) {
      await attacker.control();
      const streams: AttackStream[] = [];
      for (let i = 0; i < 5; i++) streams.push(await attacker.request("GET", "/large"));
      await streams[0]!.readOnce();
    },
  },
  {
    name: "that reads a large response slowly",
    code: null,
    timeouts: { stallMs: 2 * SHORT_MS },
    keepAlive: 100,
    async act(attacker) {
      await attacker.control();
      const stream = await attacker.request("GET", "/large");
      stream.finish();
      const { status, content } = await stream.answer(() => pause(150)); // longer than it may stall, in all
      assert.deepEqual([status, content.length], [200, LARGE_BYTES]);
    },
  },
  {
    name: "that keeps a connection open with PING and nothing else",
    code: "H3_NO_ERROR",
    timeouts: { idleMs: SHORT_MS },
    keepAlive: 100,
    act: async () => {},
  },
  {
    name: "that never completes its SETTINGS",
    code: "H3_NO_ERROR",
    timeouts: { idleMs: SHORT_MS },
    keepAlive: 100,
    async act(attacker) {
      const control = await attacker.unidirectional(
        Uint8Array.of(STREAM.CONTROL, FRAME.SETTINGS, 0x40, 0xff),
      );
      for (let i = 0; i < 100; i++) {
        if (!await control.send(Uint8Array.of(0))) return;
        if (await Promise.race([attacker.closed, pause(100)]) !== undefined) return;
      }
    },
  },
];
