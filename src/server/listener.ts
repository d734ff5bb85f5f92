/**
 * One open listener: a bind, the runtime's server on it, and its address.
 *
 * @module
 */

import type { BindSpec, ResolvedConfig } from "../config/mod.ts";
import { BindError } from "../errors.ts";
import type { HttpVersion } from "../exchange.ts";
import type { SocketAddr } from "../fetch_types.ts";
import type { ServeListener } from "../protocol/serve.ts";
import { bindError } from "./bind_error.ts";
import { describeBind } from "./describe_bind.ts";
import { type GuardSettings, openGuarded } from "./guarded_tcp.ts";
import type { TlsMaterial } from "./tls.ts";
import { changeOwner, removeStaleSocket, withUmask } from "./unix_socket.ts";

/** One address a server accepts connections on: a TCP or Unix socket, or a UDP socket for HTTP/3. */
export interface Bind {
  /** The bind as configured, e.g. `"127.0.0.1:0"`. */
  readonly text: string;
  /** Where to reach it, with the real port: `"http://127.0.0.1:34469"`, `"http://[::1]:80"`, `"http://unix:/run/a.sock"`. */
  readonly url: string;
  /** The real address; its transport is `"udp"` for HTTP/3. */
  readonly addr: SocketAddr;
  /** Whether it speaks TLS. */
  readonly secure: boolean;
  /** The HTTP versions it speaks. */
  readonly versions: readonly HttpVersion[];
}

/** An open listener. */
export interface OpenListener {
  /** What users are told. */
  readonly bind: Bind;
  /** Whether the guarded driver accepts its connections. */
  readonly guarded?: boolean;
  /** Says that the server is about to stop, where that harms nothing in progress. */
  goaway(): void;
  /** Stops accepting, lets responses in progress finish, and settles when every connection is closed. */
  shutdown(): Promise<void>;
  /** Cuts every connection that can be cut: on TCP none after `shutdown()`, the runtime would die of it. */
  abort(): void;
  /** Settles when the listener is closed. */
  readonly finished: Promise<void>;
}

/** Options of sockets. */
export interface SocketOptions
  extends Pick<ResolvedConfig, "backlog" | "umask" | "user" | "group"> {
  /** Whether other processes listen on the same TCP address; the system then shares connections out. */
  readonly reusePort: boolean;
  /** How to guard the listener; `null` for the plain driver. */
  readonly guard: GuardSettings | null;
}

/**
 * Opens one bind.
 *
 * @param tls Certificate and key, or `null` for plain text.
 * @throws {BindError} When it cannot be opened; the message says what to do.
 */
export async function openListener(
  spec: BindSpec,
  tls: TlsMaterial | null,
  handler: ServeListener,
  config: SocketOptions,
): Promise<OpenListener> {
  let listener: OpenListener | undefined;
  try {
    if (spec.kind === "unix") await removeStaleSocket(spec);
    const umask = spec.kind === "unix" ? config.umask : null;
    listener = withUmask(
      umask,
      () =>
        config.guard === null || spec.kind === "unix"
          ? openPlain(spec, tls, handler, config)
          : openGuarded(spec, tls, handler, { ...config, guard: config.guard }),
    );
    if (spec.kind === "unix") await changeOwner(spec, config);
    return listener;
  } catch (error) {
    listener?.abort();
    throw error instanceof BindError ? error : bindError(spec, error, "tcp");
  }
}

function openPlain(
  spec: BindSpec,
  tls: TlsMaterial | null,
  handler: ServeListener,
  config: SocketOptions,
): OpenListener {
  const abort = new AbortController();
  const server = serveOn(spec, tls, handler, config, abort.signal);
  const addr = handler.localAddr = server.addr as SocketAddr;
  return new TcpListener(server, describeBind(spec, addr, tls !== null), abort);
}

/** A server of the runtime: the plain driver. */
class TcpListener implements OpenListener {
  readonly bind: Bind;
  readonly finished: Promise<void>;
  readonly #server: Deno.HttpServer;
  readonly #abort: AbortController;
  #stopping = false;

  constructor(server: Deno.HttpServer, bind: Bind, abort: AbortController) {
    this.bind = bind;
    this.finished = server.finished;
    this.#server = server;
    this.#abort = abort;
  }

  goaway(): void {} // the runtime has nothing between serving and `shutdown()`, which kills uploads

  shutdown(): Promise<void> {
    this.#stopping = true;
    return this.#server.shutdown();
  }

  abort(): void {
    if (!this.#stopping) this.#abort.abort();
  }
}

function serveOn(
  spec: BindSpec,
  tls: TlsMaterial | null,
  handler: ServeListener,
  config: SocketOptions,
  signal: AbortSignal,
): Deno.HttpServer {
  const common = { signal, onError: handler.onError, onListen() {} };
  const handle = handler.handle as Deno.ServeHandler<Deno.Addr>;
  if (spec.kind === "unix") {
    return Deno.serve({ ...common, path: spec.path }, handle as Deno.ServeHandler<Deno.UnixAddr>);
  }
  const { hostname, port } = spec;
  const tcp = { ...common, hostname, port, tcpBacklog: config.backlog, ...reusePort(config) };
  return tls === null ? Deno.serve(tcp, handle) : Deno.serve({ ...tcp, ...tls }, handle);
}

/** Only where it is wanted: the runtime refuses the mere mention without `--unstable-net`. */
function reusePort(config: SocketOptions): { reusePort?: boolean } {
  return config.reusePort ? { reusePort: true } : {};
}
