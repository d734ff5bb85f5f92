/**
 * What the handler of a guarded connection is told of it.
 *
 * @module
 */

import type { HttpVersion } from "../exchange.ts";
import type { NativeInfo } from "./serve_info.ts";

/** A connection whose client does not go on with what it began. */
export interface Stallable {
  /** Ends it, or what was begun. @param reason For the log. */
  stall(reason: string): void;
}

/** Tells what is known of the connection, and is told of content that does not come. */
export class GuardedInfo implements NativeInfo {
  readonly httpVersion: HttpVersion | undefined;
  readonly #native: NativeInfo;
  readonly #connection: Stallable;

  constructor(
    native: NativeInfo,
    httpVersion: HttpVersion | undefined,
    connection: Stallable,
  ) {
    this.#native = native;
    this.httpVersion = httpVersion;
    this.#connection = connection;
  }

  stalled(): void {
    this.#connection.stall("it does not send the rest of its request (read_timeout)");
  }

  get remoteAddr(): NativeInfo["remoteAddr"] {
    return this.#native.remoteAddr;
  }

  get completed(): Promise<void> {
    return this.#native.completed;
  }
}
