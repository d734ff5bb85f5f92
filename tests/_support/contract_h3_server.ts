/**
 * A server that speaks nothing but HTTP/3, on a QUIC back-end of the test's choice.
 *
 * @module
 */

import { formatAuthority, type ResolvedConfig } from "../../src/config/mod.ts";
import type { Application } from "../../src/exchange.ts";
import { H3Listener } from "../../src/protocol/h3_listener.ts";
import { InFlight } from "../../src/protocol/in_flight.ts";
import { type BackendName, listenQuic } from "../../src/quic/deno.ts";
import type { OpenListener } from "../../src/server/listener.ts";
import { listenerSettings } from "../../src/server/listener_settings.ts";
import type { ServerLog } from "../../src/server/log.ts";
import { logReporter } from "../../src/server/reporter.ts";
import { RunningServer, type Server } from "../../src/server/server.ts";
import { startUp } from "../../src/server/start.ts";
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
  const listener = openH3(application, config, log, form, backend, inFlight);
  return new RunningServer({ listeners: [listener], application, inFlight, config, log });
}

function openH3(
  application: Application,
  config: ResolvedConfig,
  log: ServerLog,
  form: string,
  backend: BackendName,
  inFlight: InFlight,
): OpenListener {
  const [spec] = config.bind;
  if (spec?.kind !== "tcp") throw new TypeError("Cannot start HTTP/3 on a Unix socket");
  const quic = listenQuic({
    hostname: spec.hostname,
    port: spec.port,
    cert: CERTIFICATE,
    key: Deno.readTextFileSync(KEY_PATH),
    alpnProtocols: ["h3"],
    maxBidirectionalStreams: config.h2MaxConcurrentStreams,
    maxUnidirectionalStreams: 10,
    idleTimeout: 30,
    handshakeTimeout: config.sslHandshakeTimeout,
    maxHandshakes: 100,
    maxConnections: 100,
    onRefused: (reason) => log.error(reason),
    backend,
  });
  const listener = new H3Listener(quic, application, {
    ...listenerSettings(config, true, inFlight, logReporter(log, form)),
    includeDateHeader: config.includeDateHeader,
    maxFieldSectionSize: config.h2MaxHeaderListSize,
    maxConcurrentRequests: config.h2MaxConcurrentStreams,
    gracefulTimeout: config.gracefulTimeout,
  });
  return {
    bind: {
      text: spec.text,
      url: `https://${formatAuthority(quic.addr.hostname, quic.addr.port)}`,
      addr: { transport: "udp", ...quic.addr },
      secure: true,
      versions: ["3"],
    },
    goaway: () => listener.goaway(),
    shutdown: () => listener.shutdown(),
    abort: () => listener.abort(),
    finished: listener.finished,
  };
}
