/**
 * What a configuration means for workers, and what of it cannot be.
 *
 * @module
 */

import type { BindSpec, HostAndPort, ResolvedConfig } from "../config/mod.ts";
import { ConfigError } from "../errors.ts";
import { bindError } from "../server/bind_error.ts";
import { refuseMeetingPorts } from "./assigned_binds.ts";
import type { WorkerTimes } from "./supervised_worker.ts";

/** What the supervisor takes from the configuration. */
export interface Plan extends WorkerTimes, Pick<ResolvedConfig, "workers"> {
  /** Whether only one process can have the addresses: then the old worker has to stop before the new one starts. */
  readonly exclusive: boolean;
}

/**
 * What the supervisor takes from a configuration.
 *
 * @throws {ConfigError} When several workers would need one Unix socket.
 * @throws {BindError} When UDP ports of workers would meet.
 */
export function planOf(config: ResolvedConfig): Plan {
  const { workers, startupTimeout, gracefulTimeout, shutdownTimeout, quicBind } = config;
  const unix = [...config.bind, ...config.insecureBind].find(({ kind }) => kind === "unix");
  if (unix && workers > 1) throw unixRefused(workers, unix.text);
  refuseMeetingPorts(quicBind, workers);
  const exclusive = unix !== undefined || !SHARES_PORTS;
  // 0 is the command line's to obey; in a file that is read anew it would leave nobody to serve.
  return {
    workers: Math.max(1, workers),
    startupTimeout,
    gracefulTimeout,
    shutdownTimeout,
    exclusive,
  };
}

/** Whether two processes can listen on one TCP address. */
const SHARES_PORTS = Deno.build.os !== "windows";

function unixRefused(workers: number, bind: string): ConfigError {
  return new ConfigError({
    key: "workers",
    expected: `1 or 0 beside the bind "${bind}"`,
    received: String(workers),
    hint:
      "Processes cannot share a Unix socket on Deno: bind a port of 127.0.0.1, which they share",
  });
}

/**
 * Refuses addresses on which another program listens: workers share their addresses, and would share with it too.
 *
 * @param known Ports on which workers may listen already, which are not looked at; those that were are added.
 * @throws {BindError} When an address cannot be had.
 */
export function refuseTakenAddresses(
  { bind, insecureBind }: Pick<ResolvedConfig, "bind" | "insecureBind">,
  known: Set<number> = new Set(),
): void {
  const specs = [...bind, ...insecureBind].filter(isTcp)
    .filter(({ port }) => port !== 0 && !known.has(port));
  for (const spec of specs) {
    try {
      Deno.listen({ hostname: spec.hostname, port: spec.port }).close();
    } catch (cause) {
      throw bindError(spec, cause, "tcp");
    }
  }
  for (const { port } of specs) known.add(port);
}

function isTcp(spec: BindSpec): spec is HostAndPort {
  return spec.kind === "tcp";
}

/** Sentences for the log: the configuration's own, and what workers cannot promise on this system. */
export function noticesOf({ warnings, workers, bind }: ResolvedConfig): readonly string[] {
  if (Deno.build.os === "linux") return warnings;
  const system = Deno.build.os;
  const more: string[] = [];
  if (workers > 1) {
    more.push(
      `Only Linux shares connections out between processes: on ${system} one of ${workers} workers may get all`,
    );
  }
  if (!SHARES_PORTS && bind.length > 0) {
    more.push(
      `Workers were not tried on ${system}: a reload stops the old worker before the new one starts`,
    );
  }
  return [...warnings, ...more];
}
