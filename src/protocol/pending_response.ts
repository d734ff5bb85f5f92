/**
 * A fetch handler's promised response, which the server can give in its place: when it stops, and when the handler or the
 * client takes too long.
 *
 * @module
 */

import { type DisconnectError, ShutdownError } from "../errors.ts";
import { hasStreamBody } from "../response_record.ts";
import type { Entry, InFlight } from "./in_flight.ts";

/** What to do with what the handler came up with. */
export interface PendingEvents {
  /** The handler has settled, whether or not anybody still waits for it. Once, before all that follows from it. */
  onSettled(): void;
  /** Turns the result into the response to send; may throw like the handler. */
  onResult(result: unknown): Response | Promise<Response>;
  /** Turns a failure into the response to send. */
  onError(error: unknown): Response;
  /** Takes note of a failure after the answer was given without the handler, because of `reason`. */
  onLateError(error: unknown, reason: DisconnectError): void;
  /** Makes the response at the deadline of a stop. */
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
  readonly #inFlight: InFlight;
  #resolve!: (response: Response | Promise<Response>) => void;
  /** Why the server answered in its place. */
  #over: DisconnectError | undefined;

  /** @param upload Whether the request may have content that the handler is reading. */
  constructor(
    result: PromiseLike<unknown>,
    upload: boolean,
    inFlight: InFlight,
    events: PendingEvents,
  ) {
    this.upload = upload;
    this.#events = events;
    this.#inFlight = inFlight;
    this.response = new Promise((resolve) => this.#resolve = resolve);
    inFlight.add(this);
    // A promise passes unchanged; `then` of anything else may throw.
    Promise.resolve(result).then((value) => {
      events.onSettled();
      inFlight.delete(this);
      if (this.#over) return dropContent(value, this.#over);
      try {
        this.#resolve(events.onResult(value));
      } catch (error) {
        this.#resolve(events.onError(error));
      }
    }, (error) => {
      events.onSettled();
      inFlight.delete(this);
      if (this.#over) return events.onLateError(error, this.#over);
      this.#resolve(events.onError(error));
    });
  }

  cut(): void {
    this.giveUp(new ShutdownError(), this.#events.onCut());
  }

  /** Answers in the place of the handler, which is not waited for any more. */
  giveUp(reason: DisconnectError, response: Response): void {
    this.#over = reason;
    this.#inFlight.delete(this);
    this.#resolve(response);
  }
}

/** Tells the producer of a stream that came too late that nobody wants it. */
function dropContent(result: unknown, reason: DisconnectError): void {
  if (!(result instanceof Response) || !hasStreamBody(result)) return;
  result.body?.cancel(reason).catch(() => {}); // locked, or the application's own failure
}
