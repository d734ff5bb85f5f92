/**
 * WebSocket applications of every form behind both TCP drivers, with TLS and without, and what they hold.
 *
 * @module
 */

import { resolveConfig } from "../../src/config/mod.ts";
import type { Application } from "../../src/exchange.ts";
import { GuardedListener, type GuardedOptions } from "../../src/protocol/guarded_listener.ts";
import { probeHook } from "../../src/protocol/guarded_probe.ts";
import { socketOf, type WebSocketSettings } from "../../src/protocol/guarded_socket.ts";
import { InFlight } from "../../src/protocol/in_flight.ts";
import { RareReport } from "../../src/protocol/rare_report.ts";
import { responseFields } from "../../src/protocol/response_fields.ts";
import { ServeListener } from "../../src/protocol/serve.ts";
import { openLog } from "../../src/server/log.ts";
import { logReporter } from "../../src/server/reporter.ts";
import { CERTIFICATE, KEY_PATH } from "../_support/certificates.ts";
import { LogSink } from "../_support/log_sink.ts";
import { looseLimits } from "../_support/request_limits.ts";
import { eventually } from "../_support/waiting.ts";

/** How clients reach the application. */
export interface Way {
  /** For names of tests. */
  readonly name: string;
  /** Whether the guarded driver serves. */
  readonly guarded: boolean;
  /** Whether it is `wss:`. */
  readonly secure: boolean;
}

/** Both drivers, both schemes. */
export const WAYS: readonly Way[] = [
  { name: "plain ws", guarded: false, secure: false },
  { name: "plain wss", guarded: false, secure: true },
  { name: "guarded ws", guarded: true, secure: false },
  { name: "guarded wss", guarded: true, secure: true },
];

/** One listener under attack. */
export interface Victim extends AsyncDisposable {
  /** Base URL. */
  readonly url: string;
  /** Log lines. */
  readonly log: LogSink;
  /** What the server is doing. */
  readonly inFlight: InFlight;
  /** Connections that count against the caps; always 0 for the plain driver, which has none. */
  readonly connections: number;
  /** Resolves once no request, no WebSocket and no connection is left. */
  released(): Promise<void>;
}

/** What tests set. */
export type VictimLimits =
  & Partial<Omit<WebSocketSettings, "inFlight">>
  & Pick<Partial<GuardedOptions>, "limits">;

/** Serves an application one way; its message limit is 1000 bytes unless set. */
export async function victim(
  application: Application,
  { guarded, secure }: Way,
  { limits, ...websocket }: VictimLimits = {},
): Promise<Victim> {
  const log = new LogSink();
  const inFlight = new InFlight();
  const reporter = logReporter(openLog(resolveConfig({ errorlog: log })), "test");
  const failures = new RareReport((name, reason) => reporter.connectionClosed(name, reason));
  const handler = new ServeListener(application, {
    scheme: secure ? "https" : "http",
    serverNames: null,
    limits: looseLimits(),
    responseFields: responseFields({ includeServerHeader: false, altSvc: [] }),
    inFlight,
    websocket: { maxMessageSize: 1000, pingInterval: null, failures, ...websocket, inFlight },
    reporter,
    observer: null,
  });
  const driver = guarded
    ? await guardedDriver(handler, secure, limits)
    : await plainDriver(handler, secure);
  return {
    url: `${secure ? "https" : "http"}://127.0.0.1:${driver.port}`,
    log,
    inFlight,
    get connections() {
      return driver.connections();
    },
    released: () =>
      eventually(
        () => inFlight.requests === 0 && inFlight.sockets === 0 && driver.connections() === 0,
        "the end of all requests, WebSockets and connections",
      ),
    [Symbol.asyncDispose]: driver.stop,
  };
}

interface Driver {
  readonly port: number;
  readonly connections: () => number;
  readonly stop: () => Promise<void>;
}

const ADDRESS = { hostname: "127.0.0.1", port: 0 };

async function certificate(): Promise<{ cert: string; key: string }> {
  return { cert: CERTIFICATE, key: await Deno.readTextFile(KEY_PATH) };
}

async function plainDriver({ handle, onError }: ServeListener, secure: boolean): Promise<Driver> {
  const options = { ...ADDRESS, onListen() {}, onError, ...(secure ? await certificate() : {}) };
  const server = Deno.serve(options, handle);
  return {
    port: server.addr.port,
    connections: () => 0,
    stop: () => server.shutdown(),
  };
}

async function guardedDriver(
  { handle, onError, settings: { reporter } }: ServeListener,
  secure: boolean,
  limits?: GuardedOptions["limits"],
): Promise<Driver> {
  const serve = await probeHook();
  const listener = secure
    ? Deno.listenTls({
      ...ADDRESS,
      ...await certificate(),
      alpnProtocols: ["h2", "http/1.1"],
    })
    : Deno.listen(ADDRESS);
  const driver = new GuardedListener({
    listener,
    serve,
    connections: {
      handle,
      onError,
      keepAliveMs: 60_000,
      maxRequests: Infinity,
      maxAgeMs: Infinity,
      socketOf,
    },
    handshakeMs: 60_000,
    limits: limits ?? { total: Infinity, perClient: Infinity },
    reporter,
    observer: null,
    warn: () => {},
  });
  return {
    port: (listener.addr as Deno.NetAddr).port,
    connections: () => driver.connections,
    async stop() {
      driver.abort();
      await driver.finished;
    },
  };
}
