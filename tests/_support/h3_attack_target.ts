/**
 * An HTTP/3 server under attack over real QUIC: what it holds, what it logs, and how long others wait meanwhile.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Exchange } from "../../src/exchange.ts";
import { DeadlineClock } from "../../src/protocol/deadline_clock.ts";
import { H3Listener } from "../../src/protocol/h3_listener.ts";
import { InFlight } from "../../src/protocol/in_flight.ts";
import { responseFields } from "../../src/protocol/response_fields.ts";
import type { BackendName, DenoQuicListener, DenoQuicListenOptions } from "../../src/quic/deno.ts";
import { listenQuic } from "../../src/quic/deno.ts";
import { request } from "./client.ts";
import { withDeadline } from "./deadline.ts";
import { H3Client } from "./h3_client.ts";
import { answer, echo } from "./h3_harness.ts";
import { MemoryGrowth } from "./memory.ts";
import { listenOptions } from "./quic_pair.ts";
import { looseLimits } from "./request_limits.ts";
import { eventually, pause } from "./waiting.ts";
import { NO_WEBTRANSPORT } from "./webtransport_settings.ts";

/** Bytes of `/large`: more than a client takes without reading. */
export const LARGE_BYTES = 4_000_000;

/** Milliseconds of the time-outs that an attack is to run into; enough for a request that is sent at once. */
export const SHORT_MS = 1_000;

/** Milliseconds of all other time-outs: on a busy machine none of them may be the reason of an end. */
const LONG_MS = 60_000;

/** Bytes of memory that may be in use after an attack beyond those before it; bombs would take gigabytes. */
export const GROWTH = 200 * 1024 * 1024;

/** Milliseconds between the requests of the bystander. */
const PAUSE_MS = 5;

/** Time-outs in milliseconds; those that are left out are too long to matter. */
export type AttackTimeouts = Partial<
  Record<"readMs" | "headMs" | "discardMs" | "stallMs" | "idleMs", number>
>;

/** One server, on one back-end. */
export class H3AttackTarget implements AsyncDisposable {
  /** Port of the loopback. */
  readonly port: number;
  /** Connections that were refused, as `cause: reason`. */
  readonly refused: string[] = [];
  /** Connections that the server ended for what the client did. */
  readonly closed: string[] = [];
  /** Handlers and requests that failed. */
  readonly failures: string[] = [];
  readonly #quic: DenoQuicListener;
  readonly #http3: H3Listener;
  readonly #inFlight = new InFlight();
  readonly #memory = new MemoryGrowth();
  readonly #hung: (() => void)[] = [];

  /** Starts it on a free port. */
  constructor(
    backend: BackendName,
    options: Partial<DenoQuicListenOptions> = {},
    { readMs = LONG_MS, ...timeouts }: AttackTimeouts = {},
  ) {
    this.#quic = listenQuic(listenOptions({
      backend,
      maxConnections: 1000,
      maxConnectionsPerClient: 1000,
      onRefused: ({ cause, reason }) => this.refused.push(`${cause}: ${reason}`),
      ...options,
    }));
    this.port = this.#quic.addr.port;
    const http = (exchange: Exchange) => this.#handle(exchange);
    const websocket = () => Promise.reject(new Error("No WebSocket can come here"));
    this.#http3 = new H3Listener(this.#quic, { http, websocket }, {
      scheme: "https",
      serverNames: null,
      limits: looseLimits({ readMs, clock: new DeadlineClock() }),
      responseFields: responseFields({ includeServerHeader: false, altSvc: [] }),
      websocket: { maxMessageSize: 1_000_000, pingInterval: null, inFlight: this.#inFlight },
      includeDateHeader: true,
      maxFieldSectionSize: 65_536,
      maxConcurrentRequests: 100,
      webtransport: NO_WEBTRANSPORT,
      gracefulTimeout: 0.1,
      timeouts: {
        headMs: LONG_MS,
        discardMs: LONG_MS,
        stallMs: LONG_MS,
        idleMs: LONG_MS,
        ageMs: null,
        ...timeouts,
      },
      observer: null,
      inFlight: this.#inFlight,
      reporter: {
        refused() {},
        failed: (error) => void this.failures.push(String(error)),
        disconnected() {},
        connectionClosed: (_client, reason) => void this.closed.push(reason),
      },
    });
  }

  /** Connections that are open, and handshakes. */
  get connections(): number {
    return this.#quic.counts.open + this.handshakes;
  }

  /** Handshakes that are not done. */
  get handshakes(): number {
    return this.#quic.counts.handshakes;
  }

  /** Requests whose handler runs or whose response is not sent. */
  get requests(): number {
    return this.#inFlight.requests;
  }

  /** Request streams with a half that is not over. */
  get streams(): number {
    return this.#http3.counts().streams;
  }

  /** Handlers of `/hang` that wait; nobody else asks for it. */
  get hanging(): number {
    return this.#hung.length;
  }

  /** Lets handlers of `/hang` answer. */
  release(): void {
    for (const go of this.#hung.splice(0)) go();
  }

  /** A client that is served while others attack. */
  bystander(): H3Bystander {
    return new H3Bystander(this.port);
  }

  /** Waits until nothing is left of anybody, and fails when it took memory. */
  async empties(): Promise<void> {
    await this.becomesIdle();
    await this.#memory.staysBelow(GROWTH);
  }

  /** Waits until nobody is left, beside whatever goes on elsewhere in this process. */
  async becomesIdle(): Promise<void> {
    this.release();
    const nothing = JSON.stringify({ connections: 0, requests: 0, streams: 0 });
    const counts = () => JSON.stringify(this.#http3.counts());
    await eventually(() => counts() === nothing, `the end of ${counts()}`);
    await eventually(() => this.#quic.counts.open === 0, "the last connection to end");
    await eventually(() => this.handshakes === 0, "the last handshake to end");
    assert.equal(this.requests, 0);
    assert.deepEqual(this.failures, []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
    this.#http3.abort();
    await withDeadline(this.#http3.finished, "the end of the server");
  }

  async #handle(exchange: Exchange): Promise<void> {
    switch (exchange.request.target) {
      case "/echo":
        return await echo(exchange);
      case "/hang":
        await new Promise<void>((resolve) => this.#hung.push(resolve));
        return await answer(exchange, "ok");
      case "/large":
        await exchange.respond({ status: 200, fields: [] });
        for (let sent = 0; sent < LARGE_BYTES; sent += 50_000) {
          await exchange.write(new Uint8Array(50_000));
        }
        return await exchange.end();
      default:
        return await answer(exchange, "ok");
    }
  }
}

/** Asks all the time, on a connection that it keeps and, now and then, on another one. */
export class H3Bystander {
  readonly #port: number;
  readonly #latencies: number[] = [];
  readonly #done: Promise<void>;
  #over = false;
  #failure: unknown;

  constructor(port: number) {
    this.#port = port;
    this.#done = this.#run();
  }

  /** Ends it, and fails if any request did. @returns Milliseconds that all but one in a hundred took at most. */
  async end(): Promise<number> {
    await eventually(
      () => this.#latencies.length >= 20 || this.#failure !== undefined,
      "twenty answers for others",
    );
    this.#over = true;
    await this.#done;
    if (this.#failure !== undefined) throw this.#failure;
    const sorted = this.#latencies.toSorted((a, b) => a - b);
    return sorted[Math.floor(sorted.length * 0.99)]!;
  }

  async #run(): Promise<void> {
    try {
      while (!this.#over) {
        await using client = new H3Client(`https://127.0.0.1:${this.#port}`, "localhost");
        for (let i = 0; i < 20 && !this.#over; i++) {
          const start = performance.now();
          const { status, text } = await request(client, { target: "/" });
          assert.deepEqual([status, text], [200, "ok"]);
          this.#latencies.push(performance.now() - start);
          await pause(PAUSE_MS);
        }
      }
    } catch (error) {
      this.#failure = error;
    }
  }
}

/** Writes a figure into the output of the tests; it decides nothing. */
export function record(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`  ${text}\n`));
}
