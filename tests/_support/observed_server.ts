/**
 * A TCP listener with a recording observer.
 *
 * @module
 */

import { resolveConfig } from "../../src/config/mod.ts";
import { ShutdownError } from "../../src/errors.ts";
import type { Application } from "../../src/exchange.ts";
import type { WebSocketSettings } from "../../src/protocol/guarded_socket.ts";
import { InFlight } from "../../src/protocol/in_flight.ts";
import type { RequestLimits } from "../../src/protocol/request_limits.ts";
import { responseFields } from "../../src/protocol/response_fields.ts";
import { ServeListener } from "../../src/protocol/serve.ts";
import type { ListenerSettings } from "../../src/protocol/serve_context.ts";
import { openLog } from "../../src/server/log.ts";
import { logReporter } from "../../src/server/reporter.ts";
import { CERTIFICATE, KEY_PATH } from "./certificates.ts";
import { LogSink } from "./log_sink.ts";
import { RecordingObserver } from "./recording_observer.ts";
import { eventually } from "./waiting.ts";
import { looseLimits } from "./request_limits.ts";

/** What a test may choose. */
export interface ObservedServerOptions
  extends Partial<Pick<ListenerSettings, "observer" | "serverNames">> {
  /** Limits of WebSockets. */
  readonly websocket?: Partial<WebSocketSettings>;
  /** Whether it speaks TLS. */
  readonly secure?: boolean;
  /** Limits of requests; loose by default. */
  readonly limits?: Partial<RequestLimits>;
}

const TLS = { cert: CERTIFICATE, key: Deno.readTextFileSync(KEY_PATH) };

/** One listener on a free port of the loopback, stopped at the end of the block. */
export class ObservedServer implements AsyncDisposable {
  /** What the driver told. */
  readonly observer = new RecordingObserver("host", "x-one", "x-app", "server");
  /** Log lines. */
  readonly log = new LogSink();
  /** What the server is doing. */
  readonly inFlight = new InFlight();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #abort = new AbortController();
  readonly #scheme: "http" | "https";

  constructor(application: Application, options: ObservedServerOptions = {}) {
    const { inFlight } = this;
    const { websocket, observer = this.observer, serverNames = null, secure = false } = options;
    this.#scheme = secure ? "https" : "http";
    const listener = new ServeListener(application, {
      scheme: this.#scheme,
      serverNames,
      responseFields: responseFields({ includeServerHeader: true, altSvc: [] }),
      inFlight,
      limits: looseLimits(options.limits),
      websocket: { maxMessageSize: 1000, pingInterval: null, ...websocket, inFlight },
      reporter: logReporter(openLog(resolveConfig({ errorlog: this.log })), "test"),
      observer,
    });
    const { onError, handle } = listener;
    const { signal } = this.#abort;
    const tcp = { hostname: "127.0.0.1", port: 0, onListen() {}, onError, signal };
    this.#server = Deno.serve(secure ? { ...tcp, ...TLS } : tcp, handle);
  }

  /** Base URL. */
  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Resolves with what was told, once `count` requests have ended. */
  async ended(count: number): Promise<string[][]> {
    const { observer } = this;
    await eventually(
      () => observer.requests.length >= count && observer.inFlight === 0,
      `the end of ${count} requests, of which was told ${JSON.stringify(observer.events)}`,
    );
    return observer.events;
  }

  /** Resolves once `count` requests have begun, and the last of them has had an event that starts with `event`. */
  begun(count: number, event = ""): Promise<void> {
    const { observer } = this;
    return eventually(
      () =>
        observer.requests.length >= count &&
        (event === "" || observer.events.at(-1)!.some((told) => told.startsWith(event))),
      `"${event}" of request ${count}`,
    );
  }

  /** Does what a stop does at its deadline. */
  cut(): void {
    this.inFlight.drain();
    this.inFlight.cut(new ShutdownError());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort(); // not by shutdown(): applications that never answer would hold that up
    await this.#server.finished;
  }
}
