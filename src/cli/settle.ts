/**
 * From arguments to a job with its configuration.
 *
 * @module
 */

import { Config, resolveConfig, type ResolvedConfig } from "../config/mod.ts";
import { ConfigError } from "../errors.ts";
import { type Job, loadJobOptions } from "../workers/job.ts";
import type { Invocation } from "./arguments.ts";
import { UsageError } from "./usage_error.ts";

/** What is to be done. */
export interface Settled {
  /** For the processes that serve; `application` is empty when none is named anywhere. */
  readonly job: Job;
  /** The configuration that the job has now. */
  readonly config: ResolvedConfig;
}

/**
 * Reads and checks what an invocation asks for.
 *
 * Whose mistake it was stays visible: a value of the command line is refused by the name of its flag, one of the file
 * with the name of the file.
 *
 * @throws {UsageError} When a value on the command line cannot be used.
 * @throws {ConfigError} When the file, or a value of it, cannot be used.
 */
export async function settle(invocation: Invocation): Promise<Settled> {
  const { application, commands, options, flagOf } = invocation;
  for (const [name, value] of Object.entries(options)) checkValue(name, value, flagOf);
  const job = {
    factory: commands.has("factory"),
    config: commands.get("config") ?? null,
    options: application === null ? options : { ...options, applicationPath: application },
  };
  const all = await loadJobOptions(job);
  const config = checkTogether(() => withWorkersForReload(resolveConfig(all)), job, flagOf);
  return { job: { ...job, application: config.applicationPath ?? "" }, config };
}

/** Refuses a value by itself, before the file is read. */
function checkValue(name: string, value: unknown, flagOf: Invocation["flagOf"]): void {
  try {
    new Config({ [name]: value });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw UsageError.ofOption(flagOf.get(name) ?? name, error);
  }
}

/** Runs a check of all options, whose refusal is laid to whom it belongs. */
function checkTogether(
  check: () => ResolvedConfig,
  job: Pick<Job, "config">,
  flagOf: Invocation["flagOf"],
): ResolvedConfig {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const flag = flagOf.get(error.key.replace(/\[\d+\]$/, ""));
    if (flag !== undefined) throw UsageError.ofOption(flag, error);
    if (job.config === null) throw error;
    const { key, expected, hint } = error;
    const received = `${error.received} in "${job.config}"`;
    throw new ConfigError({ key, expected, received, ...(hint !== undefined && { hint }) });
  }
}

/** A process cannot replace itself. */
function withWorkersForReload(config: ResolvedConfig): ResolvedConfig {
  if (!config.useReloader || config.workers > 0) return config;
  throw new ConfigError({
    key: "useReloader",
    expected: '"workers" of at least 1 beside it',
    received: "0",
    hint: "Cannot reload without workers: leave one of the two out",
  });
}
