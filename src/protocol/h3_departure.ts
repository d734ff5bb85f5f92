/**
 * How an application over HTTP/3 learns that nobody waits for its response any more.
 *
 * @module
 */

import { containListeners } from "../contain_listeners.ts";
import { DisconnectError } from "../errors.ts";
import type { RequestHead } from "../exchange.ts";
import { urlOf } from "./h3_call.ts";
import type { Reporter } from "./serve_context.ts";

/** The end of an exchange from outside, and its signal, which is made when first asked for. */
export class H3Departure {
  readonly #request: RequestHead;
  readonly #reporter: Reporter;
  #abort: AbortController | undefined;
  #reason: DisconnectError | undefined;

  /** @param reporter Told what listeners of the signal throw, as a failure of `request`. */
  constructor(request: RequestHead, reporter: Reporter) {
    this.#request = request;
    this.#reporter = reporter;
  }

  /** Why; `undefined` as long as the client waits. */
  get reason(): DisconnectError | undefined {
    return this.#reason;
  }

  /** Aborts once, with the reason. */
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      containListeners(this.#abort.signal, (error) => {
        this.#reporter.failed(error, this.#request.method, urlOf(this.#request));
      });
      if (this.#reason) this.#abort.abort(this.#reason);
    }
    return this.#abort.signal;
  }

  /** Nobody waits from now on, because of `cause`; the first one stands. */
  tell(cause: unknown): void {
    const known = cause instanceof DisconnectError;
    this.#reason ??= known ? cause : new DisconnectError(undefined, { cause });
    this.#abort?.abort(this.#reason);
  }
}
