/**
 * What the command line hands to each process that serves: plain JSON, so that it can be an argument or a message.
 *
 * @module
 */

import { loadApplication, type LoadedApplication } from "../app/load.ts";
import { Config, type ConfigInit, resolveConfig, type ResolvedConfig } from "../config/mod.ts";
import { ConfigError } from "../errors.ts";

/** What to serve, and how. */
export interface Job {
  /** The application: `"main.ts"`, `"main.ts:app"`, `"asgi:main.ts:app"`, also with a URL in place of the path. */
  readonly application: string;
  /** Whether the export is a function that gives the application. */
  readonly factory: boolean;
  /** The configuration file, as the value of `--config`; see {@link loadConfigFile}. */
  readonly config: string | null;
  /** Options from the command line, by camelCase name; they win over the file. */
  readonly options: Readonly<Record<string, unknown>>;
}

/**
 * Reads the configuration of a job. The file is read anew each time, unless it is a module, which a process loads once.
 *
 * @throws {ConfigError} When the file cannot be read or an option cannot be used.
 */
export async function loadJobConfig(job: Job): Promise<ResolvedConfig> {
  return resolveConfig(await loadJobOptions(job));
}

/**
 * Reads the options of a job: those of the file, and over them those of the command line. Lists are replaced, as in
 * Hypercorn, not joined.
 *
 * @throws {ConfigError} When the file cannot be read or an option is refused.
 */
export async function loadJobOptions(job: Pick<Job, "config" | "options">): Promise<ConfigInit> {
  const file = job.config === null ? {} : await loadConfigFile(job.config);
  return { ...file, ...job.options } as ConfigInit;
}

/**
 * Loads the application of a job.
 *
 * @throws {NoAppError} When it cannot be loaded.
 */
export async function loadJobApplication(job: Job): Promise<LoadedApplication> {
  return await loadApplication(job.application, { factory: job.factory });
}

/** File extensions that say how to read a configuration file; every other file is TOML, as in Hypercorn. */
const KNOWN_EXTENSION = /\.(?:json|ts|js|mjs)$/i;

/**
 * Loads the file that `--config` names.
 *
 * - `path`: by its extension JSON or a module, else TOML.
 * - `toml:path`, `json:path`: whatever the extension is.
 * - `ts:specifier`: a module, by path, URL or package; `file:path` the same for a path, as in Hypercorn.
 *
 * @throws {ConfigError} When the file cannot be read or an option is refused.
 */
export async function loadConfigFile(text: string): Promise<Config> {
  const [, form, rest = text] = /^(toml|json|ts|python):(.*)$/s.exec(text) ?? [];
  if (form === "python" || /\.py$/i.test(text)) throw pythonRefused(text);
  if (form === "toml") return await Config.fromToml(rest);
  if (form === "json") return await Config.fromJson(rest);
  if (form === "ts") return await Config.fromModule(rest);
  // `file:settings.ts` is Hypercorn's, `file:///settings.ts` a URL; both are modules.
  if (/^file:(?!\/\/)/.test(text)) return await Config.fromModule(text.slice("file:".length));
  if (text.startsWith("file:")) return await Config.fromFile(new URL(text));
  return KNOWN_EXTENSION.test(text) ? await Config.fromFile(text) : await Config.fromToml(text);
}

function pythonRefused(text: string): ConfigError {
  return new ConfigError({
    key: "config",
    expected: "a file in TOML or JSON, or a TypeScript or JavaScript module",
    received: `"${text}"`,
    hint: "Python cannot be read: write the options in TOML, or in a module and name it ts:PATH",
  });
}
