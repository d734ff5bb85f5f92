/**
 * The `receive()` side of an ASGI request: content, then exactly one disconnect.
 *
 * Content is read ahead of the application by at most `max_app_queue_size` pieces; beyond that the transport's own
 * back-pressure holds the client.
 *
 * @module
 */

import { DisconnectError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import type { ASGIReceiveEvent } from "../asgi_types.ts";

const EMPTY = new Uint8Array(0);

/** Events of one request. Any number of `receive()` calls may be waiting; each event goes to one of them. */
export class RequestEvents {
  readonly #exchange: Exchange;
  readonly #queueSize: number;
  readonly #queue: Uint8Array[] = [];
  #waiting: (() => void)[] = [];
  #resume: (() => void) | undefined;
  #reading = false;
  #contentEnded = false;
  #endGiven = false;
  #watching = false;
  #completed = false;
  #over = false;
  #disconnectGiven = false;
  #fault: unknown;

  /** @param queueSize Pieces of content to read ahead, at least 1. */
  constructor(exchange: Exchange, queueSize: number) {
    this.#exchange = exchange;
    this.#queueSize = queueSize;
  }

  /** Next event; waits for ever once the disconnect was given. */
  async next(): Promise<ASGIReceiveEvent> {
    if (!this.#reading) {
      this.#reading = true;
      this.#readAhead();
    }
    for (;;) {
      const event = this.#take();
      if (event) return event;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /**
   * The response is complete: after the content that is there the next event is the disconnect. An application that has
   * not asked for content until now gets it first, as it does from Hypercorn.
   */
  complete(): void {
    this.#completed = true;
    if (this.#reading) this.#end();
  }

  #take(): ASGIReceiveEvent | null {
    const body = this.#queue.shift();
    if (body) {
      this.#resume?.();
      return { type: "http.request", body, more_body: true };
    }
    if (this.#fault !== undefined) throw this.#fault;
    if (this.#contentEnded && !this.#endGiven) {
      this.#endGiven = true;
      return { type: "http.request", body: EMPTY, more_body: false };
    }
    if (this.#disconnectGiven || !this.#isOver()) return null;
    this.#disconnectGiven = true;
    return { type: "http.disconnect" };
  }

  /** While there is content to read, reading tells when the client left; afterwards the signal does. */
  #isOver(): boolean {
    if (this.#over || !this.#contentEnded || this.#watching) return this.#over;
    if (this.#completed) return this.#over = true;
    this.#watching = true;
    const { signal } = this.#exchange;
    if (signal.aborted) this.#over = true;
    else signal.addEventListener("abort", () => this.#end(), { once: true });
    return this.#over;
  }

  async #readAhead(): Promise<void> {
    try {
      for (;;) {
        if (this.#over) return;
        const chunk = await this.#exchange.read();
        if (this.#over) return;
        if (chunk === null) break;
        this.#queue.push(chunk);
        this.#wake();
        if (this.#queue.length >= this.#queueSize) {
          await new Promise<void>((resolve) => this.#resume = resolve);
        }
      }
      this.#contentEnded = true;
    } catch (error) {
      if (error instanceof DisconnectError) this.#over = true;
      else this.#fault = error; // thrown by the next receive(), for nobody awaits this
    }
    this.#wake();
  }

  #end(): void {
    this.#over = true;
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }
}
