/**
 * Opening the listeners of a server: all of them, or none.
 *
 * @module
 */

import { type BindSpec, isGuarded, type ResolvedConfig } from "../config/mod.ts";
import type { Application } from "../exchange.ts";
import { combineObservers, type Observer } from "../observation.ts";
import { H3 } from "../h3/mod.ts";
import type { InFlight } from "../protocol/in_flight.ts";
import { ConcurrencyLimit } from "../protocol/request_limits.ts";
import { ServeListener } from "../protocol/serve.ts";
import type { Reporter } from "../protocol/serve_context.ts";
import { altSvcOf } from "./alt_svc.ts";
import { findGuard } from "./guard.ts";
import type { GuardSettings } from "./guarded_tcp.ts";
import { type OpenListener, openListener } from "./listener.ts";
import { http3Settings, listenerSettings, type SharedSettings } from "./listener_settings.ts";
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
  const { application, config, tls, log } = options;
  const shared = sharedSettings(options);
  const settings = http3Settings(
    { ...shared, observer: withTelemetry(shared.observer) },
    application,
  );
  const quic: BoundQuic[] = [];
  const open: OpenListener[] = [];
  try {
    if (tls) {
      for (const spec of config.quicBind) quic.push(bindQuic(spec, tls, { config, settings, log }));
    }
    const guard = await findGuard(config, log);
    for (const spec of config.bind) {
      open.push(await openTcp(spec, tls, quic, guard, options, shared));
    }
    for (const spec of config.insecureBind) {
      open.push(await openTcp(spec, null, [], guard, options, shared));
    }
  } catch (error) {
    for (const listener of open) listener.abort();
    await Promise.allSettled([
      ...open.map((listener) => listener.finished),
      ...quic.map(({ listener }) => listener.close(H3.NO_ERROR, "")),
    ]);
    throw error;
  }
  return [...open, ...quic.map((bound) => new Http3Listener(bound, application, settings))];
}

async function openTcp(
  spec: BindSpec,
  tls: TlsMaterial | null,
  quic: readonly BoundQuic[],
  guard: GuardSettings | null,
  { application, config, reusePort, log }: OpenOptions,
  shared: SharedSettings,
): Promise<OpenListener> {
  const settings = listenerSettings(shared, tls !== null, altSvcOf(spec, quic));
  const handler = new ServeListener(application, settings);
  return await openListener(spec, tls, handler, {
    ...config,
    reusePort,
    guard: isGuarded(spec, config.guard) ? guard : null,
    warn: (message) => log.warn(message),
  });
}

/** The runtime itself makes spans for HTTP/1 and HTTP/2 only. */
function withTelemetry(observer: Observer | null): Observer | null {
  return combineObservers([observer, telemetryObserver()].filter((one) => one !== null));
}

/** A limit on what is in progress has to see it. */
function sharedSettings({ config, inFlight, reporter, observer }: OpenOptions): SharedSettings {
  const { limitConcurrency } = config;
  const concurrency = limitConcurrency === null ? null : new ConcurrencyLimit(limitConcurrency);
  const observers = [observer, concurrency].filter((one) => one !== null);
  return { config, inFlight, reporter, observer: combineObservers(observers), concurrency };
}
