/**
 * Which streams there were in a WebTransport session.
 *
 * @module
 */

import type { ASGIStreamKey } from "../asgi_webtransport_types.ts";
import { ApplicationError } from "../errors.ts";
import { WEBTRANSPORT_STOPPED_STREAMS } from "../limits.ts";
import { describe } from "../misuse.ts";

/** Tells what comes too late, for a stream that may just have ended, from what is a mistake. */
export class KnownStreams {
  /** The last of each kind that the client opened: those before it were there. */
  readonly #last = { bidirectional: -1, unidirectional: -1 };
  /** The latest names; an application may give as many as it likes. */
  readonly #names = new Set<string>();

  /** Notes a stream. */
  add(key: ASGIStreamKey): void {
    if (typeof key === "number") {
      const kind = kindOf(key);
      this.#last[kind] = Math.max(this.#last[kind], key);
      return;
    }
    this.#names.delete(key);
    this.#names.add(key);
    if (this.#names.size > WEBTRANSPORT_STOPPED_STREAMS) {
      const [oldest] = this.#names;
      this.#names.delete(oldest!);
    }
  }

  /** @param what What is asked for, e.g. `"reset"`. @throws {ApplicationError} When there never was such a stream. */
  check(what: string, key: unknown): void {
    const isKnown = typeof key === "number"
      ? Number.isInteger(key) && key % 2 === 0 && key >= 0 && key <= this.#last[kindOf(key)]
      : this.#names.has(key as string);
    if (isKnown) return;
    throw new ApplicationError(
      `Cannot ${what} a stream: expected one that was opened, received ${describe(key)}`,
    );
  }
}

/** The client's streams have even numbers (RFC 9000 §2.1). */
function kindOf(id: number): "bidirectional" | "unidirectional" {
  return id % 4 === 0 ? "bidirectional" : "unidirectional";
}
