/**
 * Why nobody waits for a response any more, and the signal that tells the application.
 *
 * @module
 */

import type { DisconnectError } from "../errors.ts";

/** The end of one request before its response was complete. */
export class Departure {
  readonly #native: Request;
  readonly #onAbort: () => void;
  #controller: AbortController | undefined;
  #reason: DisconnectError | undefined;

  /** @param onAbort Called when the runtime says that the client left; only once somebody looked at the signal. */
  constructor(native: Request, onAbort: () => void) {
    this.#native = native;
    this.#onAbort = onAbort;
  }

  /** Why, once that is so. */
  get reason(): DisconnectError | undefined {
    return this.#reason;
  }

  /** Aborts with the reason. Made on first look, for it costs a twentieth of a small request. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      const native = this.#native.signal;
      if (native.aborted) this.#onAbort();
      else native.addEventListener("abort", this.#onAbort, { once: true });
      if (this.#reason) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** It is so; only the first reason counts. */
  tell(reason: DisconnectError): void {
    this.#reason ??= reason;
    this.#controller?.abort(this.#reason);
  }
}
