/**
 * HTTP/3 listeners: a UDP socket each, bound first and served later.
 *
 * Between the two the TCP listeners are opened, which advertise the ports; a start that fails there has served nobody.
 *
 * @module
 */

import { formatAuthority } from "../address.ts";
import type { HostAndPort, ResolvedConfig } from "../config/mod.ts";
import { BindError } from "../errors.ts";
import type { Application } from "../exchange.ts";
import {
  H3_MAX_UNIDIRECTIONAL_STREAMS,
  QUIC_HANDSHAKE_SECONDS,
  QUIC_IDLE_TIMEOUT_SECONDS,
  QUIC_MAX_CONNECTIONS,
  QUIC_MAX_CONNECTIONS_PER_CLIENT,
  QUIC_MAX_HANDSHAKES,
} from "../limits.ts";
import { printable } from "../logging/mod.ts";
import type { H3Settings } from "../protocol/h3_context.ts";
import { H3Listener } from "../protocol/h3_listener.ts";
import { RareReport } from "../protocol/rare_report.ts";
import { type DenoQuicListenOptions, listenQuic } from "../quic/deno.ts";
import type { QuicListener, QuicListenOptions, QuicRefusal } from "../quic/transport.ts";
import type { AlternativeService } from "./alt_svc.ts";
import { bindError } from "./bind_error.ts";
import type { Bind, OpenListener } from "./listener.ts";
import type { ServerLog } from "./log.ts";
import { certificateHash, type TlsMaterial } from "./tls.ts";

/** A UDP socket that accepts connections, which nobody serves yet. */
export interface BoundQuic extends AlternativeService {
  /** The socket. */
  readonly listener: QuicListener;
  /** See {@link Bind.certificateHash}. */
  readonly certificateHash: string;
}

/** What {@link bindQuic} needs to know. */
export interface BindQuicOptions {
  /** The configuration. */
  readonly config: ResolvedConfig;
  /** Settings of the listener that will serve. */
  readonly settings: Pick<H3Settings, "maxConcurrentRequests" | "webtransport">;
  /** The error log. */
  readonly log: ServerLog;
  /** How streams are read and written; the fastest that there is by default. */
  readonly backend?: DenoQuicListenOptions["backend"];
}

/**
 * Binds one UDP address.
 *
 * @throws {BindError} When it cannot be bound; the message says what to do.
 * @throws {ConfigError} When this runtime has no QUIC.
 */
export function bindQuic(
  spec: HostAndPort,
  identity: TlsMaterial,
  { config, settings, log, backend = "auto" }: BindQuicOptions,
): BoundQuic {
  try {
    const { cert, key } = identity;
    const listener = listenQuic({
      hostname: spec.hostname,
      port: spec.port,
      cert,
      key,
      alpnProtocols: ["h3"],
      ...streamLimits(settings),
      idleTimeout: QUIC_IDLE_TIMEOUT_SECONDS,
      handshakeTimeout: Math.min(config.sslHandshakeTimeout, QUIC_HANDSHAKE_SECONDS),
      maxHandshakes: QUIC_MAX_HANDSHAKES,
      maxConnections: Math.min(config.maxConnections, QUIC_MAX_CONNECTIONS),
      maxConnectionsPerClient: Math.min(
        config.maxConnectionsPerClient,
        QUIC_MAX_CONNECTIONS_PER_CLIENT,
      ),
      onRefused: refusalLog(log),
      backend,
    });
    return { spec, port: listener.addr.port, listener, certificateHash: certificateHash(cert) };
  } catch (error) {
    throw error instanceof BindError ? bindError(spec, error.cause, "udp") : error;
  }
}

/** Streams a client may have open: those of requests and critical ones, and for WebTransport as many more of each kind. */
function streamLimits(
  { maxConcurrentRequests, webtransport: { maxStreams } }: BindQuicOptions["settings"],
): Pick<QuicListenOptions, "maxBidirectionalStreams" | "maxUnidirectionalStreams"> {
  return {
    maxBidirectionalStreams: maxConcurrentRequests + maxStreams,
    maxUnidirectionalStreams: H3_MAX_UNIDIRECTIONAL_STREAMS + maxStreams,
  };
}

/** Says who was refused: rarely, since it costs a client one datagram, and forging the sender is easy. */
function refusalLog(log: ServerLog): (refusal: QuicRefusal) => void {
  const text = (client: string, reason: string) =>
    `Refused a QUIC connection of ${client}: ${reason}`;
  const limits = new RareReport((client, reason) => log.warn(text(client, reason)));
  const failures = new RareReport((client, reason) => log.info(text(client, reason)));
  return ({ cause, reason, client }) => {
    const name = client ?? "an unknown client";
    if (cause === "limit") limits.report(name, reason);
    else if (cause === "handshake") {
      failures.report(name, "its handshake failed", printable(reason));
    } else log.debug(text(name, reason));
  };
}

/** Serves an application on a bound socket. */
export class Http3Listener implements OpenListener {
  readonly bind: Bind;
  readonly finished: Promise<void>;
  readonly #http3: H3Listener;

  /** Starts accepting. */
  constructor(bound: BoundQuic, application: Application, settings: H3Settings) {
    const { spec, listener, certificateHash } = bound;
    const { hostname, port } = listener.addr;
    this.bind = {
      text: spec.text,
      url: `https://${formatAuthority(hostname, port)}`,
      addr: { transport: "udp", hostname, port },
      secure: true,
      versions: ["3"],
      certificateHash,
    };
    this.#http3 = new H3Listener(listener, application, settings);
    this.finished = this.#http3.finished;
  }

  goaway(): void {
    this.#http3.goaway();
  }

  shutdown(): Promise<void> {
    return this.#http3.shutdown();
  }

  abort(): void {
    this.#http3.abort();
  }
}
