/**
 * A server that speaks nothing but HTTP/3, on a QUIC back-end of the test's choice; `start` takes the best there is.
 *
 * @module
 */

import type { ResolvedConfig } from "../../src/config/mod.ts";
import type { Application } from "../../src/exchange.ts";
import {
  H3_MAX_UNIDIRECTIONAL_STREAMS,
  QUIC_IDLE_TIMEOUT_SECONDS,
  QUIC_MAX_CONNECTIONS,
  QUIC_MAX_HANDSHAKES,
} from "../../src/limits.ts";
import { InFlight } from "../../src/protocol/in_flight.ts";
import { type BackendName, listenQuic } from "../../src/quic/deno.ts";
import { http3Settings } from "../../src/server/listener_settings.ts";
import type { ServerLog } from "../../src/server/log.ts";
import { type BoundQuic, Http3Listener } from "../../src/server/quic_listener.ts";
import { logReporter } from "../../src/server/reporter.ts";
import { openInstruments } from "../../src/server/instruments.ts";
import { RunningServer, type Server } from "../../src/server/server.ts";
import { startUp } from "../../src/server/host.ts";
import { CERTIFICATE, KEY_PATH } from "./certificates.ts";

/** QUIC back-ends. */
export const BACKENDS: readonly BackendName[] = ["streams", "resources"];

/** Starts it on the first `bind`, whose port is a UDP port here. */
export async function startH3(
  application: Application,
  config: ResolvedConfig,
  log: ServerLog,
  form: string,
  backend: BackendName,
): Promise<Server> {
  await startUp(application, config.startupTimeout);
  const inFlight = new InFlight();
  const reporter = logReporter(log, form);
  const shared = { config, inFlight, reporter, observer: null, concurrency: null };
  const bound = bindQuic(config, log, backend);
  const listener = new Http3Listener(bound, application, http3Settings(shared));
  const instruments = openInstruments(config, () => {});
  return new RunningServer({ listeners: [listener], application, inFlight, config, instruments });
}

function bindQuic(config: ResolvedConfig, log: ServerLog, backend: BackendName): BoundQuic {
  const [spec] = config.bind;
  if (spec?.kind !== "tcp") throw new TypeError("Cannot start HTTP/3 on a Unix socket");
  const listener = listenQuic({
    hostname: spec.hostname,
    port: spec.port,
    cert: CERTIFICATE,
    key: Deno.readTextFileSync(KEY_PATH),
    alpnProtocols: ["h3"],
    maxBidirectionalStreams: config.h2MaxConcurrentStreams,
    maxUnidirectionalStreams: H3_MAX_UNIDIRECTIONAL_STREAMS,
    idleTimeout: QUIC_IDLE_TIMEOUT_SECONDS,
    handshakeTimeout: config.sslHandshakeTimeout,
    maxHandshakes: QUIC_MAX_HANDSHAKES,
    maxConnections: QUIC_MAX_CONNECTIONS,
    onRefused: (reason) => log.error(`Refused a QUIC connection: ${reason}`),
    backend,
  });
  return { spec, port: listener.addr.port, listener };
}
