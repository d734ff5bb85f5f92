/**
 * What a peer may ask of us for nothing: a ping wants an answer, and neither it nor a pong means anything.
 *
 * @module
 */

import { CLOSE, WebSocketError } from "./errors.ts";
import { CONTROL_FRAME_BURST, CONTROL_FRAMES_PER_SECOND } from "./limits.ts";

/** Token bucket for the control frames of one WebSocket. */
export class ControlBudget {
  #tokens = CONTROL_FRAME_BURST;
  #refilledAt: number;

  /** Makes a full one. @param now Milliseconds of a monotonic clock. */
  constructor(now: number) {
    this.#refilledAt = now;
  }

  /** Counts a control frame. @throws {WebSocketError} 1008 when there were too many. */
  spend(now: number): void {
    const seconds = (now - this.#refilledAt) / 1000;
    this.#refilledAt = now;
    this.#tokens = Math.min(
      CONTROL_FRAME_BURST,
      this.#tokens + seconds * CONTROL_FRAMES_PER_SECOND,
    );
    if (this.#tokens < 1) {
      throw new WebSocketError(CLOSE.POLICY_VIOLATION, "Cannot go on: too many pings and pongs");
    }
    this.#tokens -= 1;
  }
}
