/**
 * From the configuration to what the drivers take.
 *
 * @module
 */

import type { ResolvedConfig } from "../config/mod.ts";
import type { Application } from "../exchange.ts";
import {
  DEFAULT_HEAD_BYTES,
  H3_DISCARD_MS,
  H3_HEAD_MS,
  QUIC_IDLE_TIMEOUT_SECONDS,
  REQUEST_STALL_MS,
  RESPONSE_STALL_MS,
  RUNTIME_HEAD_BYTES,
} from "../limits.ts";
import type { Observer } from "../observation.ts";
import { DeadlineClock } from "../protocol/deadline_clock.ts";
import type { H3Settings } from "../protocol/h3_context.ts";
import type { InFlight } from "../protocol/in_flight.ts";
import { RareReport } from "../protocol/rare_report.ts";
import type { ConcurrencyLimit, RequestLimits } from "../protocol/request_limits.ts";
import { responseFields } from "../protocol/response_fields.ts";
import type { ListenerSettings, Reporter } from "../protocol/serve_context.ts";
import type { WebTransportSettings } from "../protocol/webtransport_settings.ts";

/** What all listeners of a server share. */
export interface SharedSettings {
  /** The configuration. */
  readonly config: ResolvedConfig;
  /** What the server is doing. */
  readonly inFlight: InFlight;
  /** Where to report. */
  readonly reporter: Reporter;
  /** Who is told of every request; `null` when nobody is. */
  readonly observer: Observer | null;
  /** Requests in progress, when they are limited; it is one of the observers. */
  readonly concurrency: ConcurrencyLimit | null;
}

/**
 * What a listener needs to know of the configuration.
 *
 * @param secure Whether it speaks TLS.
 * @param altSvc Values of `alt-svc` that lead to our HTTP/3 listeners.
 */
export function listenerSettings(
  { config, inFlight, reporter, observer, concurrency }: SharedSettings,
  secure: boolean,
  altSvc: readonly string[] = [],
): ListenerSettings {
  const names = config.serverNames.map((name) => name.toLowerCase());
  return {
    scheme: secure ? "https" : "http",
    serverNames: names.length > 0 ? new Set(names) : null,
    responseFields: responseFields({
      includeServerHeader: config.includeServerHeader,
      altSvc: config.altSvcHeaders,
      http3: altSvc,
    }),
    inFlight,
    limits: requestLimits(config, concurrency),
    websocket: {
      maxMessageSize: config.websocketMaxMessageSize,
      pingInterval: config.websocketPingInterval,
      permessageDeflate: config.websocketPermessageDeflate,
      inFlight,
      failures: new RareReport((name, reason) => reporter.connectionClosed(name, reason)),
    },
    reporter,
    observer,
  };
}

/** What an HTTP/3 listener that serves `application` needs to know of it. */
export function http3Settings(shared: SharedSettings, application: Application): H3Settings {
  const { config } = shared;
  return {
    ...listenerSettings(shared, true),
    includeDateHeader: config.includeDateHeader,
    maxFieldSectionSize: config.h2MaxHeaderListSize,
    maxConcurrentRequests: config.h2MaxConcurrentStreams,
    gracefulTimeout: config.gracefulTimeout,
    timeouts: {
      headMs: H3_HEAD_MS,
      discardMs: H3_DISCARD_MS,
      stallMs: RESPONSE_STALL_MS,
      idleMs: QUIC_IDLE_TIMEOUT_SECONDS * 1000,
      ageMs: config.maxConnectionAge === null ? null : config.maxConnectionAge * 1000,
    },
    webtransport: webTransportSettings(config, application),
  };
}

/** Streams are for sessions: where there can be none, a client gets none either. */
function webTransportSettings(
  { webtransportMaxSessions, webtransportMaxStreams, webtransportOrigins }: ResolvedConfig,
  application: Application,
): WebTransportSettings {
  const maxSessions = application.webtransport === undefined ? 0 : webtransportMaxSessions;
  return {
    maxSessions,
    maxStreams: maxSessions > 0 ? webtransportMaxStreams : 0,
    origins: new Set(webtransportOrigins),
  };
}

function requestLimits(
  config: ResolvedConfig,
  concurrency: ConcurrencyLimit | null,
): RequestLimits {
  const { h11MaxIncompleteSize, h2MaxHeaderListSize, readTimeout, handlerTimeout } = config;
  const checksHead = h11MaxIncompleteSize !== DEFAULT_HEAD_BYTES;
  return {
    targetSize: config.maxTargetSize,
    headSize: checksHead ? below(h11MaxIncompleteSize, RUNTIME_HEAD_BYTES.http1) : null,
    fieldSectionSize: below(h2MaxHeaderListSize, RUNTIME_HEAD_BYTES.http2),
    bodySize: config.maxBodySize,
    readMs: readTimeout === null ? REQUEST_STALL_MS : readTimeout * 1000,
    handlerMs: handlerTimeout === null ? null : handlerTimeout * 1000,
    concurrency,
    clock: new DeadlineClock(),
  };
}

/** A limit that the runtime does not see to. */
function below(bytes: number, runtime: number): number | null {
  return bytes < runtime ? bytes : null;
}
