/**
 * WebSocket applications behind HTTP/3, over real QUIC, with limits that a configuration cannot set.
 *
 * @module
 */

import { resolveConfig } from "../../src/config/mod.ts";
import type { Application } from "../../src/exchange.ts";
import type { Observer } from "../../src/observation.ts";
import type { WebSocketSettings } from "../../src/protocol/guarded_socket.ts";
import type { H3Counts } from "../../src/protocol/h3_context.ts";
import { H3Listener } from "../../src/protocol/h3_listener.ts";
import { InFlight } from "../../src/protocol/in_flight.ts";
import { responseFields } from "../../src/protocol/response_fields.ts";
import { type BackendName, listenQuic } from "../../src/quic/deno.ts";
import { openLog } from "../../src/server/log.ts";
import { logReporter } from "../../src/server/reporter.ts";
import { withDeadline } from "./deadline.ts";
import type { H3ClientConnection } from "./h3_client_connection.ts";
import { LONG_TIMEOUTS } from "./h3_harness.ts";
import { LogSink } from "./log_sink.ts";
import { listenOptions } from "./quic_pair.ts";
import { looseLimits } from "./request_limits.ts";
import { eventually } from "./waiting.ts";
import { NO_WEBTRANSPORT } from "./webtransport_settings.ts";
import type { WebSocketServer } from "./websocket_app.ts";
import { connectWebSocketH3 } from "./websocket_h3_client.ts";
import type { HandshakeOptions, WebSocketClient } from "./websocket_client.ts";

/** What tests set. */
export interface H3WebSocketOptions {
  /** How streams are read and written. */
  readonly backend: BackendName;
  /** Limits of WebSockets; the message limit is 1000 bytes by default. */
  readonly limits?: Partial<Omit<WebSocketSettings, "inFlight">>;
  /** Requests and WebSockets of one connection; default 100. */
  readonly maxStreams?: number;
  /** Told of everything. */
  readonly observer?: Observer;
}

/** One listener, and the connections that tests made to it. */
export class H3WebSocketServer implements WebSocketServer {
  readonly log = new LogSink();
  readonly inFlight = new InFlight();
  readonly url: string;
  readonly #listener: H3Listener;
  readonly #connections: H3ClientConnection[] = [];

  constructor(application: Application, options: H3WebSocketOptions) {
    const { backend, limits, maxStreams = 100, observer = null } = options;
    const quic = listenQuic(listenOptions({ backend, maxBidirectionalStreams: maxStreams }));
    this.url = `https://127.0.0.1:${quic.addr.port}`;
    const { inFlight } = this;
    const reporter = logReporter(openLog(resolveConfig({ errorlog: this.log })), "test");
    this.#listener = new H3Listener(quic, application, {
      scheme: "https",
      serverNames: null,
      limits: looseLimits(),
      responseFields: responseFields({ includeServerHeader: false, altSvc: [] }),
      websocket: { maxMessageSize: 1000, pingInterval: null, ...limits, inFlight },
      includeDateHeader: false,
      maxFieldSectionSize: 65_536,
      maxConcurrentRequests: maxStreams,
      webtransport: NO_WEBTRANSPORT,
      gracefulTimeout: 3,
      timeouts: LONG_TIMEOUTS,
      observer,
      inFlight,
      reporter,
    });
  }

  /** What is in memory. */
  counts(): H3Counts {
    return this.#listener.counts();
  }

  /** Sends a handshake on a connection of its own, which ends before the server does. */
  connect(options: HandshakeOptions = {}): Promise<WebSocketClient> {
    return connectWebSocketH3(this.url, options, (connection) => this.adopt(connection));
  }

  /** Has a connection end before the server. */
  adopt(connection: H3ClientConnection): void {
    this.#connections.push(connection);
  }

  idle(): Promise<void> {
    const { inFlight } = this;
    return eventually(
      () => inFlight.requests + inFlight.sockets === 0,
      "the end of all requests and WebSockets",
    );
  }

  /** Settles when nothing at all is left. */
  async empties(): Promise<void> {
    await this.idle();
    const nothing = JSON.stringify({ connections: 0, requests: 0, streams: 0 });
    const counts = () => JSON.stringify(this.counts());
    await eventually(() => counts() === nothing, "the end of all connections");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#connections) await connection.close();
    this.#listener.abort();
    await withDeadline(this.#listener.finished, "the end of the server");
  }
}
