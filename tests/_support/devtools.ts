/**
 * The DevTools protocol: calls and events of one page, as JSON over a WebSocket.
 *
 * @see {@link https://chromedevtools.github.io/devtools-protocol/ | Chrome DevTools Protocol}
 * @module
 */

import { withDeadline } from "./deadline.ts";

/** Milliseconds for an answer: a script in the page may have much to do. */
const PATIENCE_MS = 60_000;

/** One connection to the DevTools of a page. */
export class DevTools {
  readonly #socket: WebSocket;
  readonly #answers = new Map<number, PromiseWithResolvers<Record<string, unknown>>>();
  readonly #events = new Map<string, () => void>();
  #calls = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => this.#receive(JSON.parse(data)));
  }

  /** Connects to the `webSocketDebuggerUrl` of a page. */
  static async connect(url: string): Promise<DevTools> {
    const socket = new WebSocket(url);
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve);
      socket.addEventListener("error", () => reject(new Error(`Cannot connect to ${url}`)));
    });
    return new DevTools(socket);
  }

  /** Calls a method. @throws {Error} When it is refused or there is no answer in time. */
  call(method: string, params: object): Promise<Record<string, unknown>> {
    const id = ++this.#calls;
    const answer = Promise.withResolvers<Record<string, unknown>>();
    this.#answers.set(id, answer);
    this.#socket.send(JSON.stringify({ id, method, params }));
    return withDeadline(answer.promise, `Chromium's answer to ${method}`, PATIENCE_MS);
  }

  /** Settles with the next event of that name; one wait for a name at a time. */
  next(event: string): Promise<void> {
    const happened = new Promise<void>((resolve) => this.#events.set(event, resolve));
    return withDeadline(happened, `Chromium's ${event}`, PATIENCE_MS);
  }

  /** Closes the connection, not the page. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#socket.addEventListener("close", resolve));
    this.#socket.close();
    await closed;
  }

  #receive(message: { id?: number; method?: string; result?: never; error?: unknown }): void {
    if (message.id === undefined) return this.#events.get(message.method!)?.();
    const answer = this.#answers.get(message.id)!;
    this.#answers.delete(message.id);
    if (message.error === undefined) answer.resolve(message.result!);
    else answer.reject(new Error(`Chromium refused: ${JSON.stringify(message.error)}`));
  }
}
