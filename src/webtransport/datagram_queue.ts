/**
 * Datagrams that wait for an application.
 *
 * @module
 */

import { Fifo } from "../fifo.ts";

/** A queue that drops the oldest datagram when it is full: who is late wants to know the latest (RFC 9221 §5.3). */
export class DatagramQueue {
  readonly #datagrams = new Fifo<Uint8Array>();
  readonly #limit: number;
  #dropped = 0;

  /** Makes a queue. @param limit Datagrams that may wait, at least 1. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Datagrams that wait. */
  get size(): number {
    return this.#datagrams.size;
  }

  /** Datagrams that were dropped because the queue was full. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Appends a datagram, which belongs to the queue from then on. */
  push(datagram: Uint8Array): void {
    if (this.#datagrams.size >= this.#limit) {
      this.#datagrams.shift();
      this.#dropped++;
    }
    this.#datagrams.push(datagram);
  }

  /** Takes the oldest datagram; `null` when none waits. */
  take(): Uint8Array | null {
    return this.#datagrams.shift() ?? null;
  }

  /** Drops all, without counting them. */
  clear(): void {
    this.#datagrams.clear();
  }
}
