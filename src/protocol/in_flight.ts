/**
 * What a server is doing right now, so that it can wait for it and, at the deadline, cut it.
 *
 * @module
 */

import type { DisconnectError } from "../errors.ts";

/** Something in progress that can be ended from outside. */
export interface Entry {
  /**
   * `true` while request content may still be coming in. The runtime's `shutdown()` kills uploads at once
   * (deno-runtime.md A8), so it is not called while there are any.
   */
  readonly upload: boolean;
  /** Ends it at the deadline: a pending handler is answered with 503, a response stream errors. */
  cut(reason: DisconnectError): void;
}

/** A WebSocket that has to be told when the server stops. */
export interface OpenSocket {
  /** Starts the close handshake. */
  close(code: number, reason: string): void;
  /** Cuts the connection at the deadline. */
  cut(reason: Error): void;
}

/** The reason WebSockets are closed with when the server stops. */
const CLOSE_REASON = "Server shutting down";

/** The requests, response streams and WebSockets of one server. */
export class InFlight {
  readonly #entries = new Set<Entry>();
  readonly #sockets = new Set<OpenSocket>();
  readonly #waiting = new Set<() => void>();
  #uploads = 0;
  #closeCode: number | undefined;

  /** `true` from the start of the graceful stop; new uploads and WebSockets are refused from then on. */
  get draining(): boolean {
    return this.#closeCode !== undefined;
  }

  /** Requests and response streams in progress. */
  get requests(): number {
    return this.#entries.size;
  }

  /** Uploads in progress. */
  get uploads(): number {
    return this.#uploads;
  }

  /** Open WebSockets. */
  get sockets(): number {
    return this.#sockets.size;
  }

  /** Notes something in progress. */
  add(entry: Entry): void {
    this.#entries.add(entry);
    if (entry.upload) this.#uploads++;
  }

  /** Notes that it is over; a second call does nothing. */
  delete(entry: Entry): void {
    if (!this.#entries.delete(entry)) return;
    if (entry.upload) this.#uploads--;
    if (this.draining) this.#wake();
  }

  /** Notes an open WebSocket. */
  addSocket(socket: OpenSocket): void {
    this.#sockets.add(socket);
    if (this.#closeCode !== undefined) socket.close(this.#closeCode, CLOSE_REASON);
  }

  /** Notes that a WebSocket is closed. */
  deleteSocket(socket: OpenSocket): void {
    if (this.#sockets.delete(socket) && this.draining) this.#wake();
  }

  /** Begins the graceful stop: WebSockets are closed with `code`. */
  drain(code: number): void {
    this.#closeCode = code;
    for (const socket of this.#sockets) socket.close(code, CLOSE_REASON);
  }

  /** Settles when `done` is true, looked at whenever something ends; only useful after `drain()`. */
  until(done: () => boolean): Promise<void> {
    if (done()) return Promise.resolve();
    return new Promise((resolve) => {
      const check = () => {
        if (!done()) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
    });
  }

  /** Ends everything that is left; nothing counts as in progress afterwards. */
  cut(reason: DisconnectError): void {
    const entries = [...this.#entries];
    this.#entries.clear();
    this.#uploads = 0;
    for (const entry of entries) entry.cut(reason);
    this.cutSockets(reason);
  }

  /** Ends every WebSocket. */
  cutSockets(reason: Error): void {
    const sockets = [...this.#sockets];
    this.#sockets.clear();
    for (const socket of sockets) socket.cut(reason);
    this.#wake();
  }

  #wake(): void {
    for (const check of [...this.#waiting]) check();
  }
}
