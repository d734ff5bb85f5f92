/**
 * The request half of an exchange over `Deno.serve`: its content, and the signal that says that nobody waits for the
 * response any more.
 *
 * @module
 */

import { type ContentTooLargeError, DisconnectError, type ReadTimeoutError } from "../errors.ts";
import type { FieldList } from "../fields.ts";
import { type ContentLimits, RequestContent } from "./request_content.ts";
import { Departure } from "./serve_departure.ts";

/** One native request that is read piece by piece; who extends it sends the response. */
export abstract class ServeRequestHalf {
  readonly #native: Request;
  readonly #limits: ContentLimits;
  /** Made when it is needed, which it is for few requests. */
  #departure: Departure | undefined;
  #content: RequestContent | undefined;

  constructor(native: Request, limits: ContentLimits) {
    this.#native = native;
    this.#limits = limits;
  }

  /** Whether the response is complete. The runtime closes the request with it. */
  abstract readonly ended: boolean;
  /** The client left. */
  abstract onCancel(): void;
  /** The client does not send what is being read. */
  abstract onStall(error: ReadTimeoutError): void;

  /** Why nobody waits for the response, once that is so. */
  get gone(): DisconnectError | undefined {
    return this.#departure?.reason;
  }

  /** Aborts with that. */
  get signal(): AbortSignal {
    return this.#openDeparture().signal;
  }

  /** Set once more content than `max_body_size` was read. */
  get tooLarge(): ContentTooLargeError | null {
    return this.#content?.tooLarge ?? null;
  }

  /** `Exchange.read()`. */
  async read(): Promise<Uint8Array | null> {
    if (this.gone) throw this.gone;
    this.#content ??= new RequestContent(
      this.#native,
      this.#limits,
      (error) => this.onStall(error),
    );
    try {
      return await this.#content.read();
    } catch (error) {
      if (this.ended) return null;
      if (error === this.tooLarge) throw error;
      this.onCancel(); // otherwise the connection is lost, or the client broke the framing
      throw this.gone ??
        new DisconnectError("The client disconnected during the request", { cause: error });
    }
  }

  /** `Exchange.trailers()`: the runtime drops them. */
  trailers(): Promise<FieldList | null> {
    return Promise.resolve(null);
  }

  /** Tells whoever reads or listens that nobody waits for the response any more. */
  protected depart(reason: DisconnectError): void {
    this.#openDeparture().tell(reason);
    this.#content?.stop(reason);
  }

  #openDeparture(): Departure {
    return this.#departure ??= new Departure(this.#native, () => this.onCancel());
  }
}
