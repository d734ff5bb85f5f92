/**
 * Opening the listeners of a server: all of them, or none.
 *
 * @module
 */

import { type BindSpec, isGuarded, type ResolvedConfig } from "../config/mod.ts";
import type { Application } from "../exchange.ts";
import { combineObservers, type Observer } from "../observation.ts";
import { H3 } from "../h3/mod.ts";
import type { H3Settings } from "../protocol/h3_context.ts";
import type { InFlight } from "../protocol/in_flight.ts";
import { ServeListener } from "../protocol/serve.ts";
import type { Reporter } from "../protocol/serve_context.ts";
import { altSvcOf } from "./alt_svc.ts";
import { findGuard } from "./guard.ts";
import type { GuardSettings } from "./guarded_tcp.ts";
import { type OpenListener, openListener } from "./listener.ts";
import { listenerSettings } from "./listener_settings.ts";
import type { ServerLog } from "./log.ts";
import { bindQuic, type BoundQuic, Http3Listener } from "./quic_listener.ts";
import { telemetryObserver } from "./telemetry.ts";
import type { TlsMaterial } from "./tls.ts";

/** What listeners need. */
export interface OpenOptions {
  /** The application. */
  readonly application: Application;
  /** The configuration. */
  readonly config: ResolvedConfig;
  /** Certificate and key, `null` without TLS. */
  readonly tls: TlsMaterial | null;
  /** Where they note what they are doing. */
  readonly inFlight: InFlight;
  /** Where they report. */
  readonly reporter: Reporter;
  /** Who is told of every request; `null` when nobody is. */
  readonly observer: Observer | null;
  /** Whether other processes listen on the same addresses. */
  readonly reusePort: boolean;
  /** The error log. */
  readonly log: ServerLog;
}

/**
 * Opens every bind: TLS, plain text, HTTP/3, in this order. Those for HTTP/3 are bound first, so that `alt-svc` can
 * tell their ports, and served last.
 *
 * @throws {BindError} When one cannot be opened; the others are closed again.
 */
export async function openListeners(options: OpenOptions): Promise<OpenListener[]> {
  const { config, tls } = options;
  const quic: BoundQuic[] = [];
  const open: OpenListener[] = [];
  try {
    if (tls) {
      for (const spec of config.quicBind) quic.push(bindQuic(spec, tls, config, options.log));
    }
    const guard = await findGuard(config, options.log);
    for (const spec of config.bind) open.push(await openTcp(spec, tls, quic, guard, options));
    for (const spec of config.insecureBind) {
      open.push(await openTcp(spec, null, [], guard, options));
    }
  } catch (error) {
    for (const listener of open) listener.abort();
    await Promise.allSettled([
      ...open.map((listener) => listener.finished),
      ...quic.map(({ listener }) => listener.close(H3.NO_ERROR, "")),
    ]);
    throw error;
  }
  const settings = http3Settings(options);
  return [...open, ...quic.map((bound) => new Http3Listener(bound, options.application, settings))];
}

async function openTcp(
  spec: BindSpec,
  tls: TlsMaterial | null,
  quic: readonly BoundQuic[],
  guard: GuardSettings | null,
  { application, config, inFlight, reporter, observer, reusePort }: OpenOptions,
): Promise<OpenListener> {
  const altSvc = altSvcOf(spec, quic);
  const settings = listenerSettings(config, tls !== null, inFlight, reporter, observer, altSvc);
  const handler = new ServeListener(application, settings);
  return await openListener(spec, tls, handler, {
    ...config,
    reusePort,
    guard: isGuarded(spec, config.guard) ? guard : null,
  });
}

/** The runtime itself makes spans for HTTP/1 and HTTP/2 only. */
function withTelemetry(observer: Observer | null): Observer | null {
  return combineObservers([observer, telemetryObserver()].filter((one) => one !== null));
}

function http3Settings({ config, inFlight, reporter, observer }: OpenOptions): H3Settings {
  return {
    ...listenerSettings(config, true, inFlight, reporter, withTelemetry(observer)),
    includeDateHeader: config.includeDateHeader,
    maxFieldSectionSize: config.h2MaxHeaderListSize,
    maxConcurrentRequests: config.h2MaxConcurrentStreams,
    gracefulTimeout: config.gracefulTimeout,
  };
}
