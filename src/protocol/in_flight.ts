/**
 * What a server is doing right now, so that it can wait for it and, at the deadline, cut it.
 *
 * @module
 */

import type { DisconnectError } from "../errors.ts";

/** Something in progress that can be ended from outside. */
export interface Entry {
  /**
   * `true` while request content may still be coming in. The runtime's `shutdown()` kills uploads at
   * once, so it is not called while there are any.
   */
  readonly upload: boolean;
  /** Neighbour in the list of {@link InFlight}, which alone uses it. */
  previous: Entry | undefined;
  /** The other neighbour. */
  next: Entry | undefined;
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

/** A WebTransport session, which may live on until the deadline. That the server stops its connection tells it. */
export interface OpenSession {
  /** Closes it at the deadline. */
  cut(): void;
}

/** Code and reason WebSockets are closed with: RFC 6455 §7.4.1, and the registry of its §11.7 for 1012. */
const CLOSE_REASONS = { 1001: "Server shutting down", 1012: "Server restarting" } as const;

/** 1001 when the server goes away, 1012 when another one takes over and clients should come back at once. */
export type LeaveCode = keyof typeof CLOSE_REASONS;

/**
 * The requests, response streams, WebSockets and WebTransport sessions of one server.
 *
 * Entries are linked through themselves: every request enters and leaves, and a `Set` would cost 5 % of it.
 */
export class InFlight {
  #first: Entry | undefined;
  #requests = 0;
  readonly #sockets = new Set<OpenSocket>();
  readonly #sessions = new Set<OpenSession>();
  readonly #waiting = new Set<() => void>();
  #uploads = 0;
  #closeCode: LeaveCode | undefined;
  #draining = false;

  /** `true` once clients are to be told that their connections end; what they still send is served. */
  get leaving(): boolean {
    return this.#closeCode !== undefined;
  }

  /** `true` from the start of the graceful stop; new uploads and WebSockets are refused from then on. */
  get draining(): boolean {
    return this.#draining;
  }

  /** Requests and response streams in progress. */
  get requests(): number {
    return this.#requests;
  }

  /** Uploads in progress. */
  get uploads(): number {
    return this.#uploads;
  }

  /** Open WebSockets. */
  get sockets(): number {
    return this.#sockets.size;
  }

  /** Open WebTransport sessions, which are among the requests in progress. */
  get sessions(): number {
    return this.#sessions.size;
  }

  /** Notes something in progress. */
  add(entry: Entry): void {
    const first = this.#first;
    entry.next = first;
    if (first) first.previous = entry;
    this.#first = entry;
    this.#requests++;
    if (entry.upload) this.#uploads++;
  }

  /** Notes that it is over; a second call does nothing. */
  delete(entry: Entry): void {
    const { previous, next } = entry;
    if (previous) previous.next = next;
    else if (this.#first === entry) this.#first = next;
    else return;
    if (next) next.previous = previous;
    entry.previous = entry.next = undefined;
    this.#requests--;
    if (entry.upload) this.#uploads--;
    if (this.#waiting.size > 0) this.#wake();
  }

  /** Notes an open WebSocket. */
  addSocket(socket: OpenSocket): void {
    this.#sockets.add(socket);
    if (this.#closeCode !== undefined) {
      socket.close(this.#closeCode, CLOSE_REASONS[this.#closeCode]);
    }
  }

  /** Notes that a WebSocket is closed. */
  deleteSocket(socket: OpenSocket): void {
    if (this.#sockets.delete(socket) && this.#waiting.size > 0) this.#wake();
  }

  /** Notes an open WebTransport session; its request is in progress, too. */
  addSession(session: OpenSession): void {
    this.#sessions.add(session);
  }

  /** Notes that a WebTransport session is over. */
  deleteSession(session: OpenSession): void {
    this.#sessions.delete(session);
  }

  /** Begins to let clients go: WebSockets are closed with `code`. Once. */
  leave(code: LeaveCode): void {
    if (this.leaving) return;
    this.#closeCode = code;
    for (const socket of this.#sockets) socket.close(code, CLOSE_REASONS[code]);
  }

  /** Begins the graceful stop. */
  drain(): void {
    this.leave(1001);
    this.#draining = true;
  }

  /** Settles when `done` is true, which is looked at now and whenever something ends. */
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
    for (const session of [...this.#sessions]) session.cut();
    while (this.#first) {
      const entry = this.#first;
      this.delete(entry);
      entry.cut(reason);
    }
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
