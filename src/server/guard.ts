/**
 * The guard of a server's TCP listeners, by the option of this name.
 *
 * @module
 */

import { isGuarded, type ResolvedConfig } from "../config/mod.ts";
import { ConfigError } from "../errors.ts";
import { probeHook } from "../protocol/guarded_probe.ts";
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
    const reason = (error as Error).message;
    if (guard === "on") throw refusal(reason);
    log.warn(
      `Connections are not guarded, so there are no time-outs and no limits for them: ${reason}. ` +
        'Put a proxy in front, or set "guard" to "off" to keep quiet about it',
    );
    return null;
  }
}

function refusal(reason: string): ConfigError {
  return new ConfigError({
    key: "guard",
    expected: `"auto" or "off" here, since ${reason}`,
    received: '"on"',
    hint: "Put a proxy in front, which has the time-outs and limits",
  });
}
