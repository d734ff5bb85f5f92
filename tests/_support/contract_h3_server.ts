/**
 * A server that speaks nothing but HTTP/3, on a QUIC back-end of the test's choice; `start` takes the best there is.
 *
 * @module
 */

import type { ResolvedConfig } from "../../src/config/mod.ts";
import type { Application } from "../../src/exchange.ts";
import { InFlight } from "../../src/protocol/in_flight.ts";
import { ConcurrencyLimit } from "../../src/protocol/request_limits.ts";
import type { BackendName } from "../../src/quic/deno.ts";
import { http3Settings } from "../../src/server/listener_settings.ts";
import type { ServerLog } from "../../src/server/log.ts";
import { bindQuic, Http3Listener } from "../../src/server/quic_listener.ts";
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
  const { limitConcurrency } = config;
  const concurrency = limitConcurrency === null ? null : new ConcurrencyLimit(limitConcurrency);
  const shared = { config, inFlight, reporter, observer: concurrency, concurrency };
  const [spec] = config.bind;
  if (spec?.kind !== "tcp") throw new TypeError("Cannot start HTTP/3 on a Unix socket");
  const identity = { cert: CERTIFICATE, key: Deno.readTextFileSync(KEY_PATH) };
  const settings = http3Settings(shared, application);
  const bound = bindQuic(spec, identity, { config, settings, log, backend });
  const listener = new Http3Listener(bound, application, settings);
  const instruments = openInstruments(config, () => {});
  return new RunningServer({ listeners: [listener], application, inFlight, config, instruments });
}
