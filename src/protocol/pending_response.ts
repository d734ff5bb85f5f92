/**
 * A fetch handler's promised response that the server can answer itself at the shutdown deadline.
 *
 * @module
 */

import { ShutdownError } from "../errors.ts";
import { hasStreamBody } from "../response_record.ts";
import type { Entry, InFlight } from "./in_flight.ts";

/** What to do with what the handler came up with. */
export interface PendingEvents {
  /** Turns the result into the response to send; may throw like the handler. */
  onResult(result: unknown): Response | Promise<Response>;
  /** Turns a failure into the response to send. */
  onError(error: unknown): Response;
  /** Makes the response for a handler that took too long. */
  onCut(): Response;
}

/** One pending handler. */
export class PendingResponse implements Entry {
  readonly upload: boolean;
  previous: Entry | undefined;
  next: Entry | undefined;
  /** Resolves with the response to send; never rejects. */
  readonly response: Promise<Response>;
  readonly #events: PendingEvents;
  #resolve!: (response: Response | Promise<Response>) => void;
  #isCut = false;

  /** @param upload Whether the request may have content that the handler is reading. */
  constructor(
    result: PromiseLike<unknown>,
    upload: boolean,
    inFlight: InFlight,
    events: PendingEvents,
  ) {
    this.upload = upload;
    this.#events = events;
    this.response = new Promise((resolve) => this.#resolve = resolve);
    inFlight.add(this);
    // A promise passes unchanged; `then` of anything else may throw.
    Promise.resolve(result).then((value) => {
      inFlight.delete(this);
      if (this.#isCut) return dropContent(value);
      try {
        this.#resolve(events.onResult(value));
      } catch (error) {
        this.#resolve(events.onError(error));
      }
    }, (error) => {
      inFlight.delete(this);
      this.#resolve(events.onError(error));
    });
  }

  cut(): void {
    this.#isCut = true;
    this.#resolve(this.#events.onCut());
  }
}

/** Tells the producer of a stream that came too late that nobody wants it. */
function dropContent(result: unknown): void {
  if (!(result instanceof Response) || !hasStreamBody(result)) return;
  result.body?.cancel(new ShutdownError()).catch(() => {}); // locked, or the application's own failure
}
