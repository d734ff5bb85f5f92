/**
 * What one request stream waits for, and until when. Its connection looks, see `h3_deadlines.ts`.
 *
 * @module
 */

import type { H3Owner } from "./h3_context.ts";

/** What an {@link H3Waits} tells when time is up. */
export interface WaitEvents {
  /** The head, content that somebody reads, or what is left of an answered request, did not come. */
  onInputLate(): void;
  /** The application has not begun its response, unless it has. */
  onHandlerLate(): void;
  /** The client takes nothing of the response. */
  onNothingTaken(): void;
}

/** The deadlines of one request stream. */
export class H3Waits {
  readonly #owner: H3Owner;
  readonly #events: WaitEvents;
  #input = Infinity;
  #handler = Infinity;
  #write = Infinity;
  /** Parts that the client had taken, of all responses, when the write began. */
  #taken = 0;

  constructor(owner: H3Owner, events: WaitEvents) {
    this.#owner = owner;
    this.#events = events;
  }

  /** The head is to come. */
  head(): void {
    this.#input = this.#owner.within(this.#owner.settings.timeouts.headMs);
  }

  /** Content is to come that somebody reads. */
  content(): void {
    this.#input = this.#owner.within(this.#owner.settings.limits.readMs);
  }

  /** The rest of a request is to come that was answered. */
  rest(): void {
    this.#input = this.#owner.within(this.#owner.settings.timeouts.discardMs);
  }

  /** What was to come is there, or is not wanted any more. */
  inputOver(): void {
    this.#input = Infinity;
  }

  /** The application has begun. */
  handler(): void {
    const { handlerMs } = this.#owner.settings.limits;
    if (handlerMs !== null) this.#handler = this.#owner.within(handlerMs);
  }

  /** A write has begun. */
  write(): void {
    this.#taken = this.#owner.taken;
    this.#write = this.#owner.within(this.#owner.settings.timeouts.stallMs);
  }

  /** The client took what was written. */
  taken(): void {
    this.#owner.taken++;
    this.#write = Infinity;
  }

  /** Nothing more will be written. */
  writeOver(): void {
    this.#write = Infinity;
  }

  /** Tells what was due by `now`; returns when to look again, `Infinity` for never. */
  look(now: number): number {
    if (this.#input <= now) {
      this.#input = Infinity;
      this.#events.onInputLate();
    }
    if (this.#handler <= now) {
      this.#handler = Infinity;
      this.#events.onHandlerLate();
    }
    if (this.#write <= now) this.#writeLate();
    return Math.min(this.#input, this.#handler, this.#write);
  }

  /**
   * As long as the client takes other responses of the same connection this one may only have to wait for them. Besides, a
   * stream cannot be ended without its connection, which is not worth that then.
   */
  #writeLate(): void {
    if (this.#owner.taken !== this.#taken) return this.write();
    this.#write = Infinity;
    this.#events.onNothingTaken();
  }
}
