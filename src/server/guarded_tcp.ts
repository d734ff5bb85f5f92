/**
 * Listeners with the guarded driver.
 *
 * @module
 */

import type { HostAndPort, ResolvedConfig } from "../config/mod.ts";
import type { SocketAddr } from "../fetch_types.ts";
import type { ServeConnection } from "../protocol/guarded.ts";
import { GuardedListener } from "../protocol/guarded_listener.ts";
import { socketOf } from "../protocol/guarded_socket.ts";
import type { ServeListener } from "../protocol/serve.ts";
import { describeBind } from "./describe_bind.ts";
import type { Bind, OpenListener, SocketOptions } from "./listener.ts";
import type { ServerLog } from "./log.ts";
import type { TlsMaterial } from "./tls.ts";

/** How to guard. */
export interface GuardSettings extends
  Pick<
    ResolvedConfig,
    | "keepAliveTimeout"
    | "keepAliveMaxRequests"
    | "sslHandshakeTimeout"
    | "maxConnections"
    | "maxConnectionsPerClient"
    | "maxConnectionAge"
  > {
  /** The runtime's hook. */
  readonly serve: ServeConnection;
  /** The error log. */
  readonly log: ServerLog;
}

/** Options of a guarded listener. */
export type GuardedSocketOptions = Pick<SocketOptions, "backlog" | "reusePort"> & {
  readonly guard: GuardSettings;
};

/**
 * Opens a listener that guards its connections.
 *
 * @throws What the system says.
 */
export function openGuarded(
  spec: HostAndPort,
  tls: TlsMaterial | null,
  handler: ServeListener,
  options: GuardedSocketOptions,
): OpenListener {
  const listener = listen(spec, tls, options);
  const addr = handler.localAddr = listener.addr as SocketAddr;
  const bind = describeBind(spec, addr, tls !== null);
  return new GuardedTcpListener(bind, drive(listener, handler, options.guard));
}

function listen(
  { hostname, port }: HostAndPort,
  tls: TlsMaterial | null,
  { backlog, reusePort }: GuardedSocketOptions,
): Deno.Listener | Deno.TlsListener {
  // The port is only mentioned as reusable where it is to be: the runtime refuses that without `--unstable-net`.
  const tcp = { hostname, port, tcpBacklog: backlog, ...(reusePort ? { reusePort } : {}) };
  return tls === null
    ? Deno.listen(tcp)
    : Deno.listenTls({ ...tcp, ...tls, alpnProtocols: ["h2", "http/1.1"] });
}

function drive(
  listener: Deno.Listener | Deno.TlsListener,
  { handle, onError, settings: { reporter, observer } }: ServeListener,
  { serve, log, ...config }: GuardSettings,
): GuardedListener {
  const { maxConnectionAge } = config;
  return new GuardedListener({
    listener,
    serve,
    connections: {
      handle,
      onError,
      keepAliveMs: config.keepAliveTimeout * 1000,
      maxRequests: config.keepAliveMaxRequests,
      maxAgeMs: maxConnectionAge === null ? Infinity : maxConnectionAge * 1000,
      socketOf,
    },
    handshakeMs: config.sslHandshakeTimeout * 1000,
    limits: { total: config.maxConnections, perClient: config.maxConnectionsPerClient },
    reporter,
    observer,
    warn: (message) => log.warn(message),
  });
}

/** The guarded driver as the server sees it. */
class GuardedTcpListener implements OpenListener {
  readonly bind: Bind;
  readonly guarded = true;
  readonly finished: Promise<void>;
  readonly #driver: GuardedListener;

  constructor(bind: Bind, driver: GuardedListener) {
    this.bind = bind;
    this.finished = driver.finished;
    this.#driver = driver;
  }

  goaway(): void {
    this.#driver.goaway();
  }

  shutdown(): Promise<void> {
    return this.#driver.shutdown();
  }

  abort(): void {
    this.#driver.abort();
  }
}
