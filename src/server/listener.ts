/**
 * One open listener: a bind, the runtime's server on it, and its address.
 *
 * @module
 */

import type { BindSpec, ResolvedConfig } from "../config/mod.ts";
import { formatAuthority } from "../config/mod.ts";
import { BindError } from "../errors.ts";
import type { SocketAddr } from "../fetch_types.ts";
import type { ServeListener } from "../protocol/serve.ts";
import { bindError } from "./bind_error.ts";
import type { TlsMaterial } from "./tls.ts";
import { changeOwner, removeStaleSocket, withUmask } from "./unix_socket.ts";

/** One address a server accepts connections on. */
export interface Bind {
  /** The bind as configured, e.g. `"127.0.0.1:0"`. */
  readonly text: string;
  /** Where to reach it, with the real port: `"http://127.0.0.1:34469"`, `"http://[::1]:80"`, `"http://unix:/run/a.sock"`. */
  readonly url: string;
  /** The real address. */
  readonly addr: SocketAddr;
  /** Whether it speaks TLS. */
  readonly secure: boolean;
}

/** An open listener. */
export interface OpenListener {
  /** What users are told. */
  readonly bind: Bind;
  /** Stops accepting, lets responses in progress finish, and settles when every connection is closed. */
  shutdown(): Promise<void>;
  /** Cuts every connection at once. Only before `shutdown()`: after it the runtime would die of it. */
  abort(): void;
  /** Settles when the listener is closed. */
  readonly finished: Promise<void>;
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
  config: ResolvedConfig,
): Promise<OpenListener> {
  const abort = new AbortController();
  try {
    if (spec.kind === "unix") await removeStaleSocket(spec);
    const server = withUmask(
      spec.kind === "unix" ? config.umask : null,
      () => serveOn(spec, tls, handler, config, abort.signal),
    );
    if (spec.kind === "unix") await changeOwner(spec, config);
    const addr = server.addr as SocketAddr;
    handler.localAddr = addr;
    return {
      bind: { text: spec.text, url: urlOf(addr, tls !== null), addr, secure: tls !== null },
      shutdown: () => server.shutdown(),
      abort: () => abort.abort(),
      finished: server.finished,
    };
  } catch (error) {
    abort.abort();
    throw error instanceof BindError ? error : bindError(spec, error);
  }
}

function serveOn(
  spec: BindSpec,
  tls: TlsMaterial | null,
  handler: ServeListener,
  config: ResolvedConfig,
  signal: AbortSignal,
): Deno.HttpServer {
  const common = { signal, onError: handler.onError, onListen() {} };
  const handle = handler.handle as Deno.ServeHandler<Deno.Addr>;
  if (spec.kind === "unix") {
    return Deno.serve({ ...common, path: spec.path }, handle as Deno.ServeHandler<Deno.UnixAddr>);
  }
  const { hostname, port } = spec;
  const tcp = { ...common, hostname, port, tcpBacklog: config.backlog };
  return tls === null ? Deno.serve(tcp, handle) : Deno.serve({ ...tcp, ...tls }, handle);
}

function urlOf(addr: SocketAddr, secure: boolean): string {
  const scheme = secure ? "https" : "http";
  return "port" in addr
    ? `${scheme}://${formatAuthority(addr.hostname, addr.port)}`
    : `${scheme}://unix:${addr.path}`;
}
