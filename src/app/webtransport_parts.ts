/**
 * What belongs to a WebTransport session and ends with it.
 *
 * @module
 */

import type { WebTransportEnd, WebTransportSession } from "../webtransport_exchange.ts";
import { asTransportError, sessionOver } from "./webtransport_error.ts";

/** Something that is to be told when its session is over. */
export interface SessionPart {
  /** The session is over. */
  over(end: WebTransportEnd): void;
}

/** What is open in a session. */
export type OpenParts = Set<SessionPart>;

/**
 * Source of a readable stream of what comes in a session, one at a time and when somebody asks; it ends as the session
 * does. It suits streams with a high water mark of 0.
 */
export class SessionSource<T> implements UnderlyingDefaultSource<T>, SessionPart {
  readonly #session: Promise<WebTransportSession>;
  readonly #open: OpenParts;
  readonly #next: (session: WebTransportSession) => Promise<T | null>;
  readonly #drop: (item: T) => unknown;
  #controller: ReadableStreamDefaultController<T> | undefined;
  #pulling = false;
  #cancelled = false;

  /**
   * @param session The session, once it is accepted.
   * @param open Where it is noted while it is open.
   * @param next The next, `null` when the session is over. One call at a time.
   * @param drop Gets one that came when nobody wanted it any more.
   */
  constructor(
    session: Promise<WebTransportSession>,
    open: OpenParts,
    next: (session: WebTransportSession) => Promise<T | null>,
    drop: (item: T) => unknown,
  ) {
    this.#session = session;
    this.#open = open;
    this.#next = next;
    this.#drop = drop;
  }

  start(controller: ReadableStreamDefaultController<T>): void {
    this.#controller = controller;
    this.#open.add(this);
  }

  async pull(controller: ReadableStreamDefaultController<T>): Promise<void> {
    this.#pulling = true;
    try {
      const session = await this.#session;
      const item = await this.#next(session);
      if (item === null) this.#end(await session.closed);
      else if (this.#cancelled) this.#drop(item);
      else controller.enqueue(item);
    } catch (error) {
      this.#open.delete(this);
      throw asTransportError(error);
    } finally {
      this.#pulling = false;
    }
  }

  cancel(): void {
    this.#cancelled = true;
    this.#open.delete(this);
  }

  /** A read that waits learns of it by itself, and may get what came before. */
  over(how: WebTransportEnd): void {
    if (!this.#pulling) this.#end(how);
  }

  /** Closes the stream after a clean end, else errors it. */
  #end(how: WebTransportEnd): void {
    this.#open.delete(this);
    if (this.#cancelled) return;
    if (how.clean) this.#controller?.close();
    else this.#controller?.error(sessionOver(how));
  }
}
