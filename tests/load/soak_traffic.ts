/**
 * The traffic of the soak: visitors that come at a steady rate, whatever the server does.
 *
 * @module
 */

import type { ObservedProtocol } from "../../mod.ts";
import { withDeadline } from "../_support/deadline.ts";
import { FetchClient } from "../_support/fetch_client.ts";
import { H3Client } from "../_support/h3_client.ts";
import { RawClient } from "../_support/raw_http.ts";
import { BookedClient, type Books } from "./soak_books.ts";
import { pickWeighted, randomOf } from "./soak_random.ts";
import { H2LOAD } from "./soak_h2load.ts";
import { type Route, type Scenario, SCENARIOS } from "./soak_scenarios.ts";
import { SOCKET_SCENARIOS } from "./soak_sockets.ts";

/** Where the server is. */
export interface Addresses {
  /** TCP without TLS. */
  readonly plain: string;
  /** TCP and UDP with TLS. */
  readonly tls: string;
}

/** Settings of {@link Traffic}. */
export interface TrafficOptions extends Addresses {
  /** Visitors a second. */
  readonly rate: number;
  /** Where the chances come from. */
  readonly seed: number;
  /** Where requests are entered. */
  readonly books: Books;
  /** What visitors do: only what has this in its name, `"h3, HEAD"` for one. Default all. */
  readonly only?: string;
}

/** Milliseconds between looks at who is due. */
const TICK_MS = 10;

/** Milliseconds for the last visitors to leave: nobody stays longer, but who waits for a server that hangs. */
const LEAVE_MS = 30_000;

/** Visitors at a time; a server that is slower than the rate gets fewer, not ever more of them. */
const MAX_VISITORS = 64;

/** Characters of a kind of errors. */
const KEPT_TEXT = 1_000;

/**
 * A kept connection that was used when the server had just found it idle for `keep_alive_timeout`: on a busy machine, where
 * the client did not get to use or to close it for 5 s. It would have to try again (RFC 9112 §9.3.1), which `fetch` does not.
 */
const REUSED_TOO_LATE =
  /^(h11 pooled, .*connection closed before message completed|h2, .*stream closed because of a broken pipe)/;

/** Share of all visits that may end like that. */
const EXPECTED_SHARE = 1 / 2_000;

/** All visitors. */
export class Traffic implements AsyncDisposable {
  /** Milliseconds that ordinary requests took, by protocol. */
  readonly durations: Record<ObservedProtocol, number[]> = { h11: [], h2: [], h3: [] };
  /** Errors by kind, with the visit that had the first. */
  readonly errors = new Map<string, { count: number; readonly visit: number }>();
  /** Longest time in milliseconds that this process did not get to run: what is slower than that is not the server's fault. */
  longestStall = 0;
  /** Visits by scenario. */
  readonly visits = new Map<string, number>();
  readonly #options: TrafficOptions;
  readonly #ways: readonly Way[];
  readonly #visitors = new Set<Promise<void>>();
  #count = 0;

  constructor(options: TrafficOptions) {
    this.#options = options;
    this.#ways = waysTo(options);
  }

  /** Visits so far. */
  get count(): number {
    return this.#count;
  }

  /** Errors that had to be expected, as long as they are few. */
  get expectedErrors(): number {
    let expected = 0;
    for (const [kind, { count }] of this.errors) if (REUSED_TOO_LATE.test(kind)) expected += count;
    return expected <= this.#count * EXPECTED_SHARE ? expected : 0;
  }

  /** All others. */
  get unexpectedErrors(): number {
    return this.errors.values().reduce((sum, { count }) => sum + count, 0) - this.expectedErrors;
  }

  /** Lets visitors come for `milliseconds`. */
  async run(milliseconds: number): Promise<void> {
    const started = performance.now();
    let due = 0;
    let last = 0;
    for (let passed = 0; passed < milliseconds; passed = performance.now() - started) {
      this.longestStall = Math.max(this.longestStall, passed - last - TICK_MS);
      last = passed;
      const before = due;
      due = Math.floor(passed * this.#options.rate / 1000);
      for (let left = due - before; left > 0 && this.#visitors.size < MAX_VISITORS; left--) {
        this.#begin();
      }
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    }
  }

  /** Waits until the last visitor has left; one that does not is an error. */
  async leave(): Promise<void> {
    const all = Promise.all(this.#visitors);
    await withDeadline(all, "the end of all visits", LEAVE_MS).catch((error) => {
      this.#note(`${this.#visitors.size} visitors`, error, this.#count);
    });
  }

  /** Closes the connections that visitors share. */
  async [Symbol.asyncDispose](): Promise<void> {
    const clients = new Set(this.#ways.map(({ route }) => route.client));
    for (const client of clients) await client[Symbol.asyncDispose]();
  }

  #begin(): void {
    const visitor = this.#visit(this.#count++);
    this.#visitors.add(visitor);
    visitor.finally(() => this.#visitors.delete(visitor));
  }

  async #visit(number: number): Promise<void> {
    const { seed, books } = this.#options;
    const random = randomOf(seed, number);
    const { route, scenarios } = pickWeighted(random, this.#ways);
    const { name, timed, run } = pickWeighted(random, scenarios);
    this.visits.set(name, (this.visits.get(name) ?? 0) + 1);
    const started = performance.now();
    try {
      await run({ route, random, books });
      if (timed) this.durations[route.protocol].push(performance.now() - started);
    } catch (error) {
      this.#note(`${route.name}, ${name}`, error, number);
    }
  }

  #note(where: string, error: unknown, number: number): void {
    const kind = `${where}: ${reasonsOf(error)}`.slice(0, KEPT_TEXT);
    const known = this.errors.get(kind);
    if (known) known.count++;
    else this.errors.set(kind, { count: 1, visit: number });
  }
}

/** A way to the server, and what visitors do on it. */
interface Way {
  readonly weight: number;
  readonly route: Route;
  readonly scenarios: readonly Scenario[];
}

function waysTo({ plain, tls, books, only = "" }: TrafficOptions): readonly Way[] {
  const raw = routeTo("h11", "h11", plain, true, () => new RawClient(plain), books);
  const pooled = routeTo("h11 pooled", "h11", plain, false, () => new FetchClient(plain), books);
  const h2 = routeTo("h2", "h2", tls, false, () => new FetchClient(tls), books);
  const h3 = routeTo("h3", "h3", tls, true, () => new H3Client(tls), books);
  const ways = [
    { route: raw, weight: 25, scenarios: SCENARIOS },
    { route: pooled, weight: 25, scenarios: SCENARIOS },
    { route: h2, weight: 25, scenarios: SCENARIOS },
    { route: h3, weight: 25, scenarios: SCENARIOS },
    { route: raw, weight: 17, scenarios: SOCKET_SCENARIOS },
    { route: h2, weight: 0.05, scenarios: H2LOAD === null ? [] : [H2LOAD] },
  ].map(({ route, weight, scenarios }) => {
    const wanted = scenarios.filter(({ name }) => `${route.name}, ${name}`.includes(only));
    return { route, weight, scenarios: wanted };
  }).filter(({ scenarios }) => scenarios.length > 0);
  if (ways.length === 0) {
    throw new Error(`Expected a part of a name of a visit, received "${only}"`);
  }
  return ways;
}

function routeTo(
  name: string,
  protocol: ObservedProtocol,
  url: string,
  anyHost: boolean,
  connect: () => RawClient | FetchClient | H3Client,
  books: Books,
): Route {
  const booked = () => new BookedClient(connect(), books, protocol);
  return { name, protocol, url, anyHost, client: booked(), connect: booked };
}

/** What an error and its causes say, without the numbers that make each of them one of its kind. */
function reasonsOf(error: unknown): string {
  const reasons = new Set<string>();
  for (let at = error; at instanceof Error && reasons.size < 5; at = at.cause) {
    const text = at.message.split("\n").filter((line) => line.trim() !== "").join(" | ");
    reasons.add(text.replaceAll(/127\.0\.0\.1:\d+/g, "ADDRESS"));
  }
  return reasons.size === 0 ? String(error) : [...reasons].join(" < ");
}
