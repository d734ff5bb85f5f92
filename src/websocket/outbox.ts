/**
 * Frames that wait to be sent.
 *
 * @module
 */

import { MAX_WAITING_PONGS } from "./limits.ts";

/** A queue of whole frames, with a short one for pongs that goes before: a large message must not delay an answer. */
export class Outbox {
  readonly #pongs: Uint8Array<ArrayBuffer>[] = [];
  #frames: Uint8Array<ArrayBuffer>[] = [];
  /** Index of the next frame: `shift()` would move all the others each time. */
  #next = 0;
  #size = 0;

  /** Bytes that wait. */
  get size(): number {
    return this.#size;
  }

  /** Appends a frame. */
  push(frame: Uint8Array<ArrayBuffer>): void {
    this.#frames.push(frame);
    this.#size += frame.length;
  }

  /** Appends a pong. Of too many the oldest is dropped: RFC 6455 §5.5.3 wants an answer to the latest ping alone. */
  pushPong(frame: Uint8Array<ArrayBuffer>): void {
    this.#pongs.push(frame);
    this.#size += frame.length;
    if (this.#pongs.length > MAX_WAITING_PONGS) this.#size -= this.#pongs.shift()!.length;
  }

  /** The next frame; `null` when there is none. */
  take(): Uint8Array<ArrayBuffer> | null {
    const frame = this.#pongs.shift() ?? this.#takeFrame();
    if (frame === undefined) return null;
    this.#size -= frame.length;
    return frame;
  }

  /** Drops everything. */
  clear(): void {
    this.#pongs.length = 0;
    this.#frames = [];
    this.#next = 0;
    this.#size = 0;
  }

  #takeFrame(): Uint8Array<ArrayBuffer> | undefined {
    const frame = this.#frames[this.#next++];
    if (this.#next >= this.#frames.length) {
      this.#frames = [];
      this.#next = 0;
    }
    return frame;
  }
}
