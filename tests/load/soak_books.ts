/**
 * What clients know that the server did, to be compared with its metrics.
 *
 * @module
 */

import type { ObservedProtocol } from "../../mod.ts";
import type { Client, ClientExchange, ClientHead, ClientRequest } from "../_support/client.ts";
import { type ParsedFamily, sumOf } from "../metrics/exposition.ts";

/** The metrics page. */
export type Page = Map<string, ParsedFamily>;

/** Requests that clients made, by protocol, method and status. */
export class Books {
  /** WebSockets that were accepted. */
  webSockets = 0;
  /** Requests whose handler was to throw, and that were answered. */
  thrown = 0;
  /** Requests for hosts that are not served. */
  refused = 0;
  readonly #answered = new Map<string, number>();
  readonly #unanswered = new Map<ObservedProtocol, number>();

  /** A request was answered: the server counts it, once. */
  answered(protocol: ObservedProtocol, method: string, status: number, times = 1): void {
    const key = `${protocol} ${method} ${status}`;
    this.#answered.set(key, (this.#answered.get(key) ?? 0) + times);
  }

  /** A client left before an answer: the server may have seen the request or not, and answered it or not. */
  unanswered(protocol: ObservedProtocol): void {
    this.#unanswered.set(protocol, (this.#unanswered.get(protocol) ?? 0) + 1);
  }

  /** Requests that were answered. */
  get answers(): number {
    return this.#answered.values().reduce((sum, count) => sum + count, 0);
  }

  /** Requests that were not. */
  get unknown(): number {
    return this.#unanswered.values().reduce((sum, count) => sum + count, 0);
  }

  /** What does not agree with a page, in words; empty when all does. */
  differences(page: Page): string[] {
    const wrong: string[] = [];
    const spare = new Map(this.#unanswered);
    const counted = countsOf(page);
    for (const key of new Set([...counted.keys(), ...this.#answered.keys()])) {
      const [protocol] = key.split(" ") as [ObservedProtocol];
      const [there, here] = [counted.get(key) ?? 0, this.#answered.get(key) ?? 0];
      const more = there - here; // requests that this client gave up count with or without a status
      spare.set(protocol, (spare.get(protocol) ?? 0) - Math.max(more, 0));
      if (more < 0) wrong.push(`${key}: the server counted ${there}, clients ${here}`);
    }
    for (const [protocol, left] of spare) {
      if (left < 0) wrong.push(`${protocol}: the server counted ${-left} that nobody made`);
    }
    const same = (name: string, here: number) => {
      const there = sumOf(page, name);
      if (there !== here) wrong.push(`${name}: the server counted ${there}, clients ${here}`);
    };
    same("hypercorn_websockets_total", this.webSockets);
    same("hypercorn_requests_failed_total", this.thrown);
    same("hypercorn_requests_refused_total", this.refused);
    return wrong;
  }
}

function countsOf(page: Page): Map<string, number> {
  const samples = page.get("hypercorn_requests_total")?.samples ?? [];
  return new Map(samples.map(({ labels: { protocol, method, status }, value }) => {
    return [`${protocol} ${method} ${status}`, value] as const;
  }));
}

/** A client that enters what it does in the books. */
export class BookedClient implements Client {
  readonly #client: Client;
  readonly #books: Books;
  readonly #protocol: ObservedProtocol;

  constructor(client: Client, books: Books, protocol: ObservedProtocol) {
    this.#client = client;
    this.#books = books;
    this.#protocol = protocol;
  }

  async open(request: ClientRequest): Promise<ClientExchange> {
    try {
      const exchange = await this.#client.open(request);
      return new BookedExchange(exchange, (head) => this.#enter(request, head));
    } catch (error) {
      this.#books.unanswered(this.#protocol);
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }

  #enter({ method = "GET" }: ClientRequest, head: ClientHead | null): void {
    if (head === null) this.#books.unanswered(this.#protocol);
    else this.#books.answered(this.#protocol, method, head.status);
  }
}

/** One request; the first to know how it went enters it. */
class BookedExchange implements ClientExchange {
  readonly #exchange: ClientExchange;
  readonly #enter: (head: ClientHead | null) => void;
  #entered = false;

  constructor(exchange: ClientExchange, enter: (head: ClientHead | null) => void) {
    this.#exchange = exchange;
    this.#enter = enter;
  }

  send(piece: Uint8Array | string): Promise<void> {
    return this.#exchange.send(piece);
  }

  finish(): Promise<void> {
    return this.#exchange.finish();
  }

  async head(): Promise<ClientHead> {
    const head = await this.#exchange.head();
    this.#enterOnce(head);
    return head;
  }

  read(): Promise<Uint8Array | null> {
    return this.#exchange.read();
  }

  leave(): Promise<void> {
    this.#enterOnce(null);
    return this.#exchange.leave();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.leave();
  }

  #enterOnce(head: ClientHead | null): void {
    if (!this.#entered) this.#enter(head);
    this.#entered = true;
  }
}
