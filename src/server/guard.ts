/**
 * The guard of a server's TCP listeners, by the option of this name.
 *
 * @module
 */

import { isGuarded, type ResolvedConfig } from "../config/mod.ts";
import { ConfigError } from "../errors.ts";
import { probeHook, ProbePermissionError } from "../protocol/guarded_probe.ts";
import type { GuardSettings } from "./guarded_tcp.ts";
import type { ServerLog } from "./log.ts";

/**
 * Finds out how to guard listeners.
 *
 * @returns `null` when none is to be guarded, or the runtime does not let us and the option leaves it open.
 * @throws {ConfigError} When it insists.
 */
export async function findGuard(
  config: ResolvedConfig,
  log: ServerLog,
): Promise<GuardSettings | null> {
  const { guard } = config;
  if (![...config.bind, ...config.insecureBind].some((spec) => isGuarded(spec, guard))) return null;
  try {
    return { ...config, serve: await probeHook(), log };
  } catch (error) {
    if (guard === "on") throw refusal(error);
    log.warn(
      `Connections are not guarded, so there are no time-outs and no limits for them: ${
        (error as Error).message
      }. ${adviceOn(error)}, or set "guard" to "off" to keep quiet about it`,
    );
    return null;
  }
}

function refusal(error: unknown): ConfigError {
  return new ConfigError({
    key: "guard",
    expected: `"auto" or "off", for connections cannot be guarded: ${(error as Error).message}`,
    received: '"on"',
    hint: adviceOn(error),
  });
}

function adviceOn(error: unknown): string {
  return error instanceof ProbePermissionError
    ? "Run Deno with --allow-net=127.0.0.1 besides the addresses of its binds"
    : "Put a proxy in front, which has the time-outs and limits";
}
