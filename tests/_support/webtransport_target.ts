/**
 * An HTTP/3 server with WebTransport under attack over real QUIC: what it holds, what it tells its application, what it
 * logs, and how others fare meanwhile.
 *
 * @module
 */

import assert from "node:assert/strict";
import { resolveConfig } from "../../src/config/mod.ts";
import type { Exchange } from "../../src/exchange.ts";
import type { Observer } from "../../src/observation.ts";
import { DeadlineClock } from "../../src/protocol/deadline_clock.ts";
import type { H3Counts } from "../../src/protocol/h3_context.ts";
import type { H3Timeouts } from "../../src/protocol/h3_deadlines.ts";
import { H3Listener } from "../../src/protocol/h3_listener.ts";
import { InFlight } from "../../src/protocol/in_flight.ts";
import { responseFields } from "../../src/protocol/response_fields.ts";
import type { WebTransportSettings } from "../../src/protocol/webtransport_settings.ts";
import { type BackendName, type DenoQuicListener, listenQuic } from "../../src/quic/deno.ts";
import { openLog } from "../../src/server/log.ts";
import { logReporter } from "../../src/server/reporter.ts";
import type {
  WebTransportEnd,
  WebTransportExchange,
  WebTransportHandler,
  WebTransportSession,
} from "../../src/webtransport_exchange.ts";
import { withDeadline } from "./deadline.ts";
import { answer, LONG_TIMEOUTS } from "./h3_harness.ts";
import { LogSink } from "./log_sink.ts";
import { listenOptions } from "./quic_pair.ts";
import { looseLimits } from "./request_limits.ts";
import { eventually, pause } from "./waiting.ts";
import { WebTransportClient } from "./webtransport_client.ts";
import { echoSession } from "./webtransport_echo.ts";
import { HANG_MS } from "./webtransport_stream.ts";

/** Milliseconds between two turns of the bystander. */
const PAUSE_MS = 5;

/** What is done with an accepted session, which is closed when this returns. */
export type SessionUse = (
  session: WebTransportSession,
  exchange: WebTransportExchange,
) => Promise<void>;

/** What tests set. */
export interface WebTransportTargetOptions {
  /** How streams are read and written. */
  readonly backend: BackendName;
  /** Default: 10 sessions, 50 streams, the origin of the server itself. */
  readonly webtransport?: Partial<WebTransportSettings>;
  /** Default: some that no test reaches unawares. */
  readonly timeouts?: Partial<H3Timeouts>;
  /** Time of the server. */
  readonly clock?: DeadlineClock;
  /** Told of everything. */
  readonly observer?: Observer;
}

/** One server, on one back-end. */
export class WebTransportTarget implements AsyncDisposable {
  /** Port of the loopback. */
  readonly port: number;
  /** What the server is doing. */
  readonly inFlight = new InFlight();
  /** What it logged. */
  readonly log = new LogSink();
  /** How sessions ended, as their application was told, in order: `"/ clean 7 bye"`, `"/path unclean 0"`. */
  readonly ends: string[] = [];
  /** What accepted sessions at `/` do; all others echo. */
  session: SessionUse = echoSession;
  /** Is waited for before sessions at `/` are accepted. */
  before: WebTransportHandler = () => Promise.resolve();
  /** Sessions that are accepted and not over. */
  sessions = 0;
  readonly #quic: DenoQuicListener;
  readonly #http3: H3Listener;
  readonly #offersSessions: boolean;

  /** Starts it on a free port. */
  constructor(options: WebTransportTargetOptions) {
    const { backend, observer = null, clock = new DeadlineClock() } = options;
    const webtransport = {
      maxSessions: 10,
      maxStreams: 50,
      origins: new Set<string>(),
      ...options.webtransport,
    };
    this.#offersSessions = webtransport.maxSessions > 0;
    this.#quic = listenQuic(listenOptions({
      backend,
      maxBidirectionalStreams: 100 + webtransport.maxStreams,
      maxUnidirectionalStreams: 10 + webtransport.maxStreams,
    }));
    this.port = this.#quic.addr.port;
    const application = {
      http: (exchange: Exchange) => answer(exchange, "ok"),
      websocket: () => Promise.reject(new Error("No WebSocket can come here")),
      webtransport: (exchange: WebTransportExchange) => this.#handle(exchange),
    };
    const { inFlight } = this;
    this.#http3 = new H3Listener(this.#quic, application, {
      scheme: "https",
      serverNames: null,
      limits: looseLimits({ clock }),
      responseFields: responseFields({ includeServerHeader: false, altSvc: [] }),
      websocket: { maxMessageSize: 1_000_000, pingInterval: null, inFlight },
      includeDateHeader: true,
      maxFieldSectionSize: 65_536,
      maxConcurrentRequests: 100,
      webtransport,
      gracefulTimeout: 0.1,
      timeouts: { ...LONG_TIMEOUTS, ...options.timeouts },
      observer,
      inFlight,
      reporter: logReporter(openLog(resolveConfig({ errorlog: this.log })), "test"),
    });
  }

  /** What is in memory. */
  counts(): H3Counts {
    return this.#http3.counts();
  }

  /** A client that is served while others attack. */
  bystander(): SessionBystander {
    return new SessionBystander(this.port, this.#offersSessions);
  }

  /** Settles when the application was told of this end. */
  told(end: string): Promise<void> {
    return eventually(
      () => this.ends.includes(end),
      `the end "${end}" among ${JSON.stringify(this.ends)}`,
    );
  }

  /**
   * Waits until nothing is left of anybody, and fails when something failed.
   *
   * @param logged Texts that have to be in the log; their lines may be errors.
   */
  async empties(logged: readonly string[] = []): Promise<void> {
    await eventually(() => this.sessions === 0, "the end of all sessions");
    const { inFlight } = this;
    const left = () => {
      const { connections, requests, streams } = this.counts();
      return connections + requests + streams + inFlight.requests;
    };
    await eventually(() => left() === 0, "the end of connections, requests and streams");
    await eventually(() => this.#quic.counts.open === 0, "the last connection to end");
    for (const text of logged) {
      assert.notDeepEqual(this.log.take(text), [], `"${text}" in the log`);
    }
    assert.deepEqual(this.log.lines.filter((line) => line.startsWith("ERROR ")), []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#http3.abort();
    await withDeadline(this.#http3.finished, "the end of the server", HANG_MS);
  }

  async #handle(exchange: WebTransportExchange): Promise<void> {
    if (exchange.request.target !== "/") return await this.#accept(exchange, echoSession);
    await this.before(exchange);
    await this.#accept(exchange, this.session);
  }

  async #accept(exchange: WebTransportExchange, use: SessionUse): Promise<void> {
    const session = await exchange.accept();
    this.sessions++;
    void session.closed.then((end) => {
      this.sessions--;
      this.ends.push(`${exchange.request.target} ${describeEnd(end)}`);
    });
    await use(session, exchange);
  }
}

/** An end in one line. */
export function describeEnd({ code, reason, clean }: WebTransportEnd): string {
  return `${clean ? "clean" : "unclean"} ${code} ${reason}`.trimEnd();
}

/** Uses a session all the time, where there may be one, and makes ordinary requests beside it. */
export class SessionBystander {
  readonly #port: number;
  readonly #hasSession: boolean;
  readonly #latencies: number[] = [];
  readonly #done: Promise<void>;
  #over = false;
  #failure: unknown;

  constructor(port: number, hasSession: boolean) {
    this.#port = port;
    this.#hasSession = hasSession;
    this.#done = this.#run();
  }

  /** Ends it, and fails if anything did. @returns Milliseconds that all but one in a hundred turns took at most. */
  async end(): Promise<number> {
    const enough = () => this.#latencies.length >= 10 || this.#failure !== undefined;
    await eventually(enough, "ten answers for others");
    this.#over = true;
    await this.#done;
    if (this.#failure !== undefined) throw this.#failure;
    const sorted = this.#latencies.toSorted((a, b) => a - b);
    return sorted[Math.floor(sorted.length * 0.99)]!;
  }

  async #run(): Promise<void> {
    try {
      await using client = await WebTransportClient.connect(this.#port);
      const session = this.#hasSession ? await client.open({ path: "/bystander" }) : null;
      for (let turn = 0; !this.#over; turn++) {
        const start = performance.now();
        if (session) assert.equal(await session.ask(`turn ${turn}`), `turn ${turn}`);
        assert.deepEqual(await client.get(), { status: 200, text: "ok" });
        this.#latencies.push(performance.now() - start);
        await pause(PAUSE_MS);
      }
      if (session === null) return;
      await session.close();
      assert.equal((await session.end()).by, "fin");
    } catch (error) {
      this.#failure = error;
    }
  }
}
