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
import type { ASGIReceiveEvent } from "./asgi_types.ts";

const EMPTY = new Uint8Array(0);

/** Events of one request. */
export class RequestEvents {
  readonly #exchange: Exchange;
  readonly #queueSize: number;
  readonly #queue: Uint8Array[] = [];
  readonly #over = Promise.withResolvers<void>();
  #state: "unread" | "content" | "read" = "unread";
  #disconnectGiven = false;
  #contentEnded = false;
  #waiting: (() => void) | undefined;
  #resume: (() => void) | undefined;
  #gone = false;

  /** @param queueSize Pieces of content to read ahead, at least 1. */
  constructor(exchange: Exchange, queueSize: number) {
    this.#exchange = exchange;
    this.#queueSize = queueSize;
  }

  /** Next event; waits for ever once the disconnect was given. */
  async next(): Promise<ASGIReceiveEvent> {
    if (this.#state === "unread") {
      this.#state = "content";
      this.#readAhead();
    }
    while (this.#state === "content") {
      const body = this.#queue.shift();
      this.#resume?.();
      if (body) return { type: "http.request", body, more_body: true };
      if (this.#contentEnded) {
        this.#state = "read";
        return { type: "http.request", body: EMPTY, more_body: false };
      }
      if (this.#gone) break;
      await new Promise<void>((resolve) => this.#waiting = resolve);
    }
    return await this.#disconnect();
  }

  /** The response is complete: the next event is the disconnect. */
  complete(): void {
    this.#over.resolve();
  }

  async #readAhead(): Promise<void> {
    try {
      for (;;) {
        const chunk = await this.#exchange.read();
        if (chunk === null) break;
        this.#queue.push(chunk);
        this.#wake();
        if (this.#queue.length >= this.#queueSize) {
          await new Promise<void>((resolve) => this.#resume = resolve);
        }
      }
      this.#contentEnded = true;
    } catch (error) {
      if (!(error instanceof DisconnectError)) throw error;
      this.#gone = true;
    }
    this.#wake();
  }

  #wake(): void {
    this.#waiting?.();
    this.#waiting = undefined;
  }

  async #disconnect(): Promise<ASGIReceiveEvent> {
    const { signal } = this.#exchange;
    if (!this.#gone && !signal.aborted) {
      const onAbort = () => this.#over.resolve();
      signal.addEventListener("abort", onAbort, { once: true });
      await this.#over.promise;
      signal.removeEventListener("abort", onAbort);
    }
    if (this.#disconnectGiven) return await new Promise<never>(() => {});
    this.#disconnectGiven = true;
    return { type: "http.disconnect" };
  }
}
