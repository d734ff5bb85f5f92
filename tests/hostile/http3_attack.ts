/**
 * What attacks on HTTP/3 have in common.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { AttackTimeouts, H3AttackTarget } from "../_support/h3_attack_target.ts";
import type { AttackStream, H3Attacker } from "../_support/h3_attacker.ts";

/** An attack, and what it leads to. */
export interface Attack {
  /** What the client does; ends the name of the test. */
  readonly name: string;
  /** Code its connection is closed with; `null`: it is not, and the attacker closes. */
  readonly code: string | null;
  /** Does it, and checks what streams got. */
  readonly act: (attacker: H3Attacker, target: H3AttackTarget) => Promise<void>;
  /** Milliseconds between PING frames. */
  readonly keepAlive?: number;
  /** The time-outs that it is about. */
  readonly timeouts?: AttackTimeouts;
}

/** More bytes of no use than a connection may send. */
const TOO_MUCH = 10 * 1024 * 1024;

/** Pieces that floods are sent in. */
export const PIECE = 64 * 1024;

/** Sends `piece` until the server takes no more of it, or far more than allowed. */
export async function flood(stream: AttackStream, piece: Uint8Array): Promise<void> {
  for (let sent = 0; sent < 4 * TOO_MUCH; sent += piece.length) {
    if (!await stream.send(piece)) return;
  }
}

/** Sends a section on a request stream and expects `status`. */
export async function expectStatus(
  attacker: H3Attacker,
  bytes: Uint8Array,
  status: number,
): Promise<void> {
  const stream = await attacker.bidirectional(bytes);
  stream.finish();
  assert.equal((await stream.answer()).status, status);
}
