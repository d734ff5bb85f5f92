/**
 * Finds out whether a silent peer is still there.
 *
 * @module
 */

/** What is to be done about silence: ask for a sign of life, or give the peer up. */
export type KeepaliveAction = "ping" | "give up";

/**
 * After an interval of silence the peer is pinged; when it is silent for as long again, it is given up. Everything that
 * comes is a sign of life, a pong or not.
 */
export class Keepalive {
  readonly #interval: number;
  #deadline: number;
  #pinged = false;

  /**
   * Begins to wait.
   *
   * @param interval Milliseconds; `Infinity` to leave silent peers alone.
   * @param now Milliseconds of a monotonic clock.
   */
  constructor(interval: number, now: number) {
    this.#interval = interval;
    this.#deadline = now + interval;
  }

  /** When {@linkcode tick} has something to do; `Infinity` for never. */
  get deadline(): number {
    return this.#deadline;
  }

  /** Something came. */
  alive(now: number): void {
    this.#deadline = now + this.#interval;
    this.#pinged = false;
  }

  /** Says what is to be done now; `null` for nothing. */
  tick(now: number): KeepaliveAction | null {
    if (now < this.#deadline) return null;
    if (this.#pinged) return "give up";
    this.#pinged = true;
    this.#deadline = now + this.#interval;
    return "ping";
  }
}
