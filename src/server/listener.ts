/**
 * One open listener: a bind, what accepts on it, and its address.
 *
 * @module
 */

import type { BindSpec, ResolvedConfig } from "../config/mod.ts";
import { BindError } from "../errors.ts";
import type { HttpVersion } from "../exchange.ts";
import type { SocketAddr } from "../fetch_types.ts";
import type { ServeListener } from "../protocol/serve.ts";
import { bindError } from "./bind_error.ts";
import { type GuardSettings, openGuarded } from "./guarded_tcp.ts";
import { openPlain } from "./plain_tcp.ts";
import type { TlsMaterial } from "./tls.ts";

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
  /**
   * Over HTTP/3 the SHA-256 hash of the certificate it was opened with, in base64: a page that is told it may open
   * WebTransport sessions by `serverCertificateHashes`, with a certificate of at most 14 days such as that of
   * `devCertificate`.
   */
  readonly certificateHash?: string;
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
  /** Told, at most every ten seconds, that no connection can be accepted for now. */
  readonly warn: (message: string) => void;
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
  try {
    return config.guard === null || spec.kind === "unix"
      ? await openPlain(spec, tls, handler, config)
      : openGuarded(spec, tls, handler, { ...config, guard: config.guard });
  } catch (error) {
    throw error instanceof BindError ? error : bindError(spec, error, "tcp");
  }
}
