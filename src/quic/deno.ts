/**
 * The port on Deno's unstable QUIC API.
 *
 * The files `deno*.ts` of this folder are the only ones that know the API, and only two of them use it at run time: this
 * one opens the endpoint, `deno_resources.ts` looks for the runtime's core. The others take objects of the runtime and
 * name their types.
 *
 * @module
 */

import { formatAuthority } from "../address.ts";
import { BindError, ConfigError } from "../errors.ts";
import type { Backend, BackendName } from "./deno_connection.ts";
import { messageOf } from "./deno_errors.ts";
import { DenoQuicListener } from "./deno_listener.ts";
import { resourceBackend } from "./deno_resources.ts";
import { streamBackend } from "./deno_streams.ts";
import type { QuicListenOptions } from "./transport.ts";

export type { BackendName, DenoQuicListener };

/** How to listen, and by which back-end. */
export interface DenoQuicListenOptions extends QuicListenOptions {
  /** How streams are read and written; `"auto"`, the default, takes the fastest that this runtime has. */
  readonly backend?: "auto" | BackendName;
}

/**
 * Binds a UDP socket and accepts QUIC connections on it. `backend` of the result tells how streams are read and written.
 *
 * @throws {ConfigError} When this runtime has no QUIC (the message names the flag), or does not take the certificate or key.
 * @throws {BindError} When the socket cannot be bound; `cause` is the runtime's error. What to do about it says `server`.
 */
export function listenQuic(options: DenoQuicListenOptions): DenoQuicListener {
  requireQuic();
  const backend = chooseBackend(options.backend ?? "auto");
  const endpoint = openEndpoint(options);
  try {
    return new DenoQuicListener(endpoint, options, backend);
  } catch (error) {
    endpoint.close();
    throw error;
  }
}

function requireQuic(): void {
  if ((Deno as { readonly QuicEndpoint?: unknown }).QuicEndpoint !== undefined) return;
  throw new ConfigError({
    key: "quic_bind",
    expected: "a runtime with QUIC",
    received: `Deno ${Deno.version.deno} without it`,
    hint: 'Add "--unstable-net" to the command, or "unstable": ["net"] to deno.json',
  });
}

function chooseBackend(wanted: "auto" | BackendName): Backend {
  if (wanted === "streams") return streamBackend;
  const resources = resourceBackend();
  if (resources !== null) return resources;
  if (wanted === "auto") return streamBackend;
  throw new ConfigError({
    key: "backend",
    expected: '"auto" or "streams" on this runtime',
    received: '"resources"',
  });
}

function openEndpoint({ hostname, port }: QuicListenOptions): Deno.QuicEndpoint {
  try {
    return new Deno.QuicEndpoint({ hostname, port });
  } catch (cause) {
    const bind = formatAuthority(hostname, port);
    throw new BindError(bind, `Cannot bind UDP "${bind}": ${messageOf(cause)}`, { cause });
  }
}
