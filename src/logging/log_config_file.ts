/**
 * The file that the option `logconfig` names.
 *
 * @module
 */

import { parse as parseToml } from "@std/toml";
import { ConfigError } from "../errors.ts";
import { describe } from "../misuse.ts";

/** `toml:path` and `json:path` as in Hypercorn, or a path whose extension says the same. */
const FORM = /^(?:(toml|json):(.+)|(.+\.(toml|json)))$/is;

/**
 * Reads the file of `logconfig`.
 *
 * @param value The option: `"toml:path"`, `"json:path"`, or a path that ends so.
 * @returns The path without the prefix, and what the file holds.
 * @throws {ConfigError} For another format, or when the file cannot be read or parsed.
 */
export function readLogConfigFile(value: string): { path: string; table: unknown } {
  const match = FORM.exec(value);
  if (match === null) {
    throw new ConfigError({
      key: "logconfig",
      expected: 'a file named *.toml or *.json, or "toml:path" or "json:path"',
      received: `"${value}"`,
      hint: "Python's INI format is not read: write the same handlers and loggers in TOML",
    });
  }
  const [, prefix, prefixed, plain, extension] = match;
  const path = prefixed ?? plain!;
  const format = (prefix ?? extension)!.toUpperCase();
  const text = attempt(() => Deno.readTextFileSync(path), "a file that can be read", path);
  const parse = format === "TOML" ? parseToml : JSON.parse;
  // Editors on Windows begin a file with a byte order mark, which neither grammar has.
  const table = attempt(
    () => parse(text.replace(/^\uFEFF/, "")),
    `a file in ${format} syntax`,
    path,
  );
  return { path, table };
}

function attempt<T>(action: () => T, expected: string, path: string): T {
  try {
    return action();
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message.split("\n", 1)[0] : describe(cause);
    const received = `"${path}" (${problem})`;
    throw new ConfigError({ key: "logconfig", expected, received }, { cause });
  }
}
