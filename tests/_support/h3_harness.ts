/**
 * The HTTP/3 driver under test: an `H3Listener` over the QUIC in memory, and everything it reports.
 *
 * ```ts ignore
 * await using server = serveH3(async (exchange) => { ... });
 * const peer = server.connect();
 * assert.equal((await peer.get("/")).status, 200);
 * ```
 *
 * At its end nothing may be left over, and no report that the test has not taken.
 *
 * @module
 */

import assert from "node:assert/strict";
import { normalise } from "../../src/app/framework.ts";
import type { Framework, Mode } from "../../src/framework_types.ts";
import type { Application, Exchange, ExchangeHandler } from "../../src/exchange.ts";
import { H3 } from "../../src/h3/mod.ts";
import { flushSoon } from "../../src/protocol/flush_queue.ts";
import type { H3Settings } from "../../src/protocol/h3_context.ts";
import type { H3Timeouts } from "../../src/protocol/h3_deadlines.ts";
import { H3Listener } from "../../src/protocol/h3_listener.ts";
import { InFlight } from "../../src/protocol/in_flight.ts";
import { responseFields } from "../../src/protocol/response_fields.ts";
import type { Reporter } from "../../src/protocol/serve_context.ts";
import { concat } from "./bytes.ts";
import { withDeadline } from "./deadline.ts";
import { FakeQuicListener } from "./fake_quic_listener.ts";
import type { FakeQuicOptions } from "./fake_quic.ts";
import { H3Peer, type H3PeerOptions } from "./h3_peer.ts";
import { looseLimits } from "./request_limits.ts";
import { NO_WEBTRANSPORT } from "./webtransport_settings.ts";

/** What the driver told its reporter. */
export interface Report {
  /** Method of {@linkcode Reporter}. */
  readonly kind: keyof Reporter;
  /** What it was about, e.g. `"400 Cannot accept the request: …"`. */
  readonly text: string;
}

/** Settings that tests choose. */
export type TestSettings = Partial<Omit<H3Settings, "inFlight" | "reporter" | "websocket">> & {
  /** Limits of WebSockets. */
  readonly websocket?: Partial<Omit<H3Settings["websocket"], "inFlight">>;
};

/** Timeouts that no test reaches unawares. */
export const LONG_TIMEOUTS: H3Timeouts = {
  headMs: 60_000,
  discardMs: 60_000,
  stallMs: 60_000,
  idleMs: 60_000,
  ageMs: null,
};

/** Serves a plain handler. */
export function serveH3(http: ExchangeHandler, settings: TestSettings = {}): H3Harness {
  const websocket = () => Promise.reject(new Error("No WebSocket can come here"));
  return new H3Harness({ http, websocket }, settings);
}

/** Serves an application of any form. */
export function serveForm(app: Framework, mode: Mode, settings: TestSettings = {}): H3Harness {
  const log = { info() {}, warn() {}, error() {} };
  const application = normalise(app, mode, {
    rootPath: "",
    maxAppQueueSize: 10,
    wsgiMaxBodySize: 1_000_000,
    multiprocess: false,
    log,
  });
  return new H3Harness(application, settings);
}

/** The server, and the clients that connect to it. */
export class H3Harness implements AsyncDisposable {
  /** The listener of the transport. */
  readonly quic = new FakeQuicListener();
  /** What the server is doing. */
  readonly inFlight = new InFlight();
  /** The listener under test. */
  readonly listener: H3Listener;
  #reports: Report[] = [];
  readonly #peers: H3Peer[] = [];

  /** Use {@linkcode serveH3} or {@linkcode serveForm}. */
  constructor(application: Application, settings: TestSettings) {
    const { inFlight } = this;
    this.listener = new H3Listener(this.quic, application, {
      scheme: "https",
      serverNames: null,
      limits: looseLimits(),
      responseFields: responseFields({ includeServerHeader: false, altSvc: [] }),
      includeDateHeader: false,
      maxFieldSectionSize: 65_536,
      maxConcurrentRequests: 100,
      webtransport: NO_WEBTRANSPORT,
      gracefulTimeout: 3,
      timeouts: LONG_TIMEOUTS,
      observer: null,
      ...settings,
      websocket: {
        maxMessageSize: 1_000_000,
        pingInterval: null,
        ...settings.websocket,
        inFlight,
      },
      inFlight,
      reporter: this.#reporter(),
    });
  }

  /** Connects a client. */
  connect(options: H3PeerOptions & FakeQuicOptions = {}): H3Peer {
    const peer = new H3Peer(this.quic.connect(options), options);
    this.#peers.push(peer);
    return peer;
  }

  /** Texts of the reports of one kind so far, in order; they are forgotten. */
  take(kind: keyof Reporter): string[] {
    const taken = this.#reports.filter((report) => report.kind === kind);
    this.#reports = this.#reports.filter((report) => report.kind !== kind);
    return taken.map(({ text }) => text);
  }

  /** Ends everything, and fails when something is left over or was reported that the test did not expect. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const peer of this.#peers) peer.client.close(H3.NO_ERROR);
    this.inFlight.drain();
    await withDeadline(this.listener.shutdown(), "the end of the listener");
    const idle = this.inFlight.until(() => this.inFlight.requests === 0);
    await withDeadline(idle, "the end of all requests in flight");
    await new Promise<void>((resolve) => flushSoon({ flush: resolve })); // the timer all share
    assert.deepEqual(this.listener.counts(), { connections: 0, requests: 0, streams: 0 });
    assert.equal(this.inFlight.sockets, 0);
    assert.deepEqual(this.#reports.filter(({ kind }) => kind !== "disconnected"), []);
  }

  #reporter(): Reporter {
    const add = (kind: keyof Reporter, text: string) => void this.#reports.push({ kind, text });
    return {
      refused: (method, status, reason) => add("refused", `${method} ${status} ${reason}`),
      failed: (error, method, url) => add("failed", `${method} ${url} ${error}`),
      disconnected: (error, method, url) => add("disconnected", `${method} ${url} ${error}`),
      connectionClosed: (client, reason) => add("connectionClosed", `${client} ${reason}`),
    };
  }
}

/** Reads the whole content of a request. */
export async function readAll(exchange: Exchange): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for (let piece = await exchange.read(); piece !== null; piece = await exchange.read()) {
    pieces.push(piece);
  }
  return concat(pieces);
}

/** Answers with a status and text. */
export async function answer(exchange: Exchange, text = "", status = 200): Promise<void> {
  await exchange.respond({ status, fields: [] });
  if (text !== "") await exchange.write(text);
  await exchange.end();
}

/** Answers with the content of the request. */
export async function echo(exchange: Exchange): Promise<void> {
  await answer(exchange, new TextDecoder().decode(await readAll(exchange)));
}
