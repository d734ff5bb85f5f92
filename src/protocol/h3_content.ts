/**
 * The content of a request over HTTP/3, as its application reads it: within limits, and never complete when it is not.
 *
 * @module
 */

import { ContentTooLargeError, DisconnectError } from "../errors.ts";
import type { ResponseState } from "../exchange.ts";
import type { H3Departure } from "./h3_departure.ts";
import type { H3Input } from "./h3_input.ts";

/** Reads the content of one request. */
export class H3Content {
  readonly #input: H3Input;
  readonly #limit: number;
  readonly #departure: H3Departure;
  readonly #response: { readonly state: ResponseState };
  #received = 0;
  #excess: ContentTooLargeError | undefined;

  /**
   * @param limit Bytes that it may have; `null` for any number.
   * @param response Tells whether anybody still needs the content.
   */
  constructor(
    input: H3Input,
    limit: number | null,
    departure: H3Departure,
    response: { readonly state: ResponseState },
  ) {
    this.#input = input;
    this.#limit = limit ?? Infinity;
    this.#departure = departure;
    this.#response = response;
  }

  /** What reading fails with since there was too much of it; `undefined` as long as there was not. */
  get excess(): ContentTooLargeError | undefined {
    return this.#excess;
  }

  /**
   * Next piece; `null` at the end.
   *
   * @throws {ContentTooLargeError} From the first byte too many on; nothing more is read then.
   * @throws {DisconnectError} When the rest will not come.
   */
  async read(): Promise<Uint8Array | null> {
    if (this.#excess) throw this.#excess;
    let piece: Uint8Array | null;
    try {
      piece = await this.#input.read();
    } catch (cause) {
      if (this.#response.state === "ended") return null;
      throw this.#departure.reason ?? new DisconnectError(LEFT_IN_REQUEST, { cause });
    }
    if (piece === null) return this.#end();
    this.#received += piece.byteLength;
    if (this.#received <= this.#limit) return piece;
    throw this.#excess ??= new ContentTooLargeError(this.#limit);
  }

  #end(): null {
    const { reason } = this.#departure;
    if (reason) throw reason;
    if (this.#input.cut) throw new DisconnectError(DROPPED); // not complete
    return null;
  }
}

const DROPPED = "The content of the request was dropped when its response was complete";
const LEFT_IN_REQUEST = "The client disconnected during the request";
