/**
 * When the requests of a connection may begin, once their heads were read.
 *
 * Streams are accepted as they come, whatever they turn out to be: those of WebTransport sessions are no requests, and
 * must not wait for any. How many there are is the transport's business.
 *
 * @module
 */

import { Fifo } from "../fifo.ts";

/** A request whose head was read. */
export interface GatedRequest {
  /** It may begin now, and has a place until {@link H3Gate.leave}. */
  onAdmitted(): void;
}

/** Lets as many requests begin as there may be; for some of them the client's SETTINGS have to be there. */
export class H3Gate {
  readonly #limit: number;
  #taken = 0;
  /** Those that wait for a place. */
  readonly #queue = new Fifo<GatedRequest>();
  /** Those that wait for SETTINGS; `null` when those are there. */
  #unsettled: Set<GatedRequest> | null = new Set();

  /** @param limit Requests in progress, those whose stream was reset included until their handler returns. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Requests in progress. */
  get taken(): number {
    return this.#taken;
  }

  /** Whether the client's SETTINGS are there. */
  get settled(): boolean {
    return this.#unsettled === null;
  }

  /** Takes a place, or waits for one: then `request` is told. Says whether it has it. */
  enter(request: GatedRequest): boolean {
    if (this.#taken >= this.#limit) {
      this.#queue.push(request);
      return false;
    }
    this.#taken++;
    return true;
  }

  /** Waits for SETTINGS, which are not there yet, and for a place then. */
  await(request: GatedRequest): void {
    this.#unsettled!.add(request);
  }

  /** A request waits for SETTINGS no more. */
  forget(request: GatedRequest): void {
    this.#unsettled?.delete(request);
  }

  /** The client's SETTINGS are there. */
  settle(): void {
    const waiting = this.#unsettled ?? [];
    this.#unsettled = null;
    for (const request of waiting) if (this.enter(request)) request.onAdmitted();
  }

  /** A place is free again: the next one gets it. */
  leave(): void {
    const next = this.#queue.shift();
    if (next === undefined) this.#taken--;
    else next.onAdmitted();
  }
}
