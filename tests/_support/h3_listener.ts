/**
 * An HTTP/3 listener by itself, for measurements: its back-end can be chosen and its counts be seen.
 *
 * @module
 */

import type { Framework } from "../../mod.ts";
import { normalise } from "../../src/app/framework.ts";
import type { Mode } from "../../src/framework_types.ts";
import { type ConfigInit, resolveConfig } from "../../src/config/mod.ts";
import type { Observer } from "../../src/observation.ts";
import { H3Listener } from "../../src/protocol/h3_listener.ts";
import { InFlight } from "../../src/protocol/in_flight.ts";
import { listenQuic } from "../../src/quic/deno.ts";
import { http3Settings } from "../../src/server/listener_settings.ts";
import { openLog } from "../../src/server/log.ts";
import { logReporter } from "../../src/server/reporter.ts";
import { adapterOptions } from "../../src/server/host.ts";
import { CERTIFICATE, KEY_PATH } from "./certificates.ts";

/** The back-ends, as `listenQuic` calls them. */
export const BACKENDS = ["streams", "resources"] as const;

/** One of {@link BACKENDS}. */
export type Backend = (typeof BACKENDS)[number];

/** Options of {@link listenH3}. */
export interface H3ListenOptions {
  /** Form of the application. */
  readonly mode: Mode;
  /** How streams are read and written. */
  readonly backend: Backend;
  /** UDP port of 127.0.0.1. */
  readonly port: number;
  /** Seconds of silence after which a connection is dropped. */
  readonly idleTimeout?: number;
  /** Options beyond the defaults. */
  readonly config?: ConfigInit;
  /** Who is told of every request. */
  readonly observer?: Observer | null;
}

/** Listens on a UDP port; the application's startup does not run. */
export function listenH3(app: Framework, options: H3ListenOptions): H3Listener {
  const config = resolveConfig({ loglevel: "ERROR", ...options.config });
  const log = openLog(config);
  const listener = listenQuic({
    hostname: "127.0.0.1",
    port: options.port,
    cert: CERTIFICATE,
    key: Deno.readTextFileSync(KEY_PATH),
    alpnProtocols: ["h3"],
    maxBidirectionalStreams: config.h2MaxConcurrentStreams,
    maxUnidirectionalStreams: 10,
    idleTimeout: options.idleTimeout ?? 30,
    handshakeTimeout: config.sslHandshakeTimeout,
    maxHandshakes: 1000,
    maxConnections: 10_000,
    maxConnectionsPerClient: 10_000,
    onRefused: ({ reason }) => log.error(reason),
    backend: options.backend,
  });
  const application = normalise(app, options.mode, adapterOptions(config, log));
  const shared = {
    config,
    inFlight: new InFlight(),
    reporter: logReporter(log, options.mode),
    observer: options.observer ?? null,
    concurrency: null,
  };
  return new H3Listener(listener, application, http3Settings(shared, application));
}

/**
 * Accepts TCP connections on a port, and answers GET with `report` as JSON.
 *
 * Whoever waits for a server process looks for a TCP port; this one says that the UDP port of the same number is open.
 */
export function reportOn(port: number, report: (url: URL) => unknown): void {
  Deno.serve(
    { hostname: "127.0.0.1", port, onListen() {} },
    (request) => Response.json(report(new URL(request.url))),
  );
}
