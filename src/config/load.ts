/**
 * Reading configuration files. The only file of this folder that touches the outside world.
 *
 * @module
 */

import { pathToFileURL } from "node:url";
import { parse as parseToml } from "@std/toml";
import { ConfigError } from "../errors.ts";
import { badValue, inFile } from "./describe.ts";
import { readMapping } from "./mapping.ts";
import { findOption, type OptionValues } from "./options.ts";

/** What a file says, in normal form. */
export type LoadedOptions = Partial<OptionValues>;

/** A URL scheme; one letter is a drive of Windows instead. */
const SCHEME = /^[a-z][a-z0-9+.\-]+:/i;

const LOADERS: ReadonlyMap<string, (path: string | URL) => Promise<LoadedOptions>> = new Map([
  [".toml", loadToml],
  [".json", loadJson],
  [".ts", loadModule],
  [".js", loadModule],
  [".mjs", loadModule],
]);

/**
 * Loads the options of a TOML file, from its top and its `[hypercorn]` table.
 *
 * @throws {ConfigError} When the file cannot be read or parsed or an option is refused.
 */
export async function loadToml(path: string | URL): Promise<LoadedOptions> {
  const table = await parseFile(path, "TOML", parseToml);
  return readFrom(path, () => foldHypercornTable(table));
}

/**
 * Loads the options of a JSON file.
 *
 * @throws {ConfigError} When the file cannot be read or parsed or an option is refused.
 */
export async function loadJson(path: string | URL): Promise<LoadedOptions> {
  const content = await parseFile(path, "JSON", (text): unknown => JSON.parse(text));
  return readFrom(path, () => content);
}

/**
 * Loads the options of a module: its default export, or else its named exports.
 *
 * @param specifier A path, a `file:` URL, or any other specifier that `import()` takes.
 * @throws {ConfigError} When the module cannot be loaded or an option is refused.
 */
export async function loadModule(specifier: string | URL): Promise<LoadedOptions> {
  const isUrl = specifier instanceof URL || SCHEME.test(specifier);
  const url = isUrl ? String(specifier) : pathToFileURL(specifier).href;
  const exports = await importModule(url, String(specifier));
  return readFrom(specifier, () => "default" in exports ? exports.default : namedOptions(exports));
}

/**
 * Loads the options of a file by its extension.
 *
 * @throws {ConfigError} For an unknown extension, or as the loader for this one.
 */
export async function loadFile(path: string | URL): Promise<LoadedOptions> {
  const name = path instanceof URL ? path.pathname : path;
  const load = LOADERS.get(/\.[^./\\]+$/.exec(name)?.[0].toLowerCase() ?? "");
  if (load !== undefined) return await load(path);
  throw badValue("config", "a file named *.toml, *.json, *.ts, *.js or *.mjs", String(path));
}

/** Checks what a file holds, so that every complaint names the file. */
function readFrom(path: string | URL, content: () => unknown): LoadedOptions {
  try {
    return readMapping(content());
  } catch (error) {
    throw inFile(error, String(path));
  }
}

async function parseFile<T>(
  path: string | URL,
  format: string,
  parse: (text: string) => T,
): Promise<T> {
  const text = await readText(path);
  try {
    // Editors on Windows begin a file with a byte order mark, which neither grammar has.
    return parse(text.replace(/^\uFEFF/, ""));
  } catch (cause) {
    throw fileError(String(path), `a file in ${format} syntax`, messageOf(cause), "", cause);
  }
}

async function readText(path: string | URL): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    throw unreadable(String(path), cause);
  }
}

async function importModule(url: string, name: string): Promise<Record<string, unknown>> {
  try {
    // `import()` reports a missing module and a missing dependency of it alike; this tells them apart.
    if (url.startsWith("file:")) await Deno.stat(new URL(url));
  } catch (cause) {
    throw unreadable(name, cause);
  }
  try {
    return await import(url);
  } catch (cause) {
    throw fileError(name, "a module that loads", messageOf(cause), "", cause);
  }
}

function unreadable(name: string, cause: unknown): ConfigError {
  const expected = "the path of a readable file";
  if (cause instanceof Deno.errors.NotFound) {
    const hint = "Check the path, which is relative to the working directory, or create the file";
    return fileError(name, expected, "it does not exist", hint, cause);
  }
  if (cause instanceof Deno.errors.NotCapable) {
    return fileError(name, expected, "no permission", `Run Deno with --allow-read=${name}`, cause);
  }
  return fileError(name, expected, messageOf(cause), "", cause);
}

function fileError(
  name: string,
  expected: string,
  problem: string,
  hint: string,
  cause: unknown,
): ConfigError {
  const received = `"${name}": ${problem}`;
  return new ConfigError({ key: "config", expected, received, hint }, { cause });
}

function messageOf(error: unknown): string {
  // One line: parsers draw the place below it, and that line may hold a password.
  return (error instanceof Error ? error.message : String(error)).split("\n", 1)[0] ?? "";
}

/** Moves the options of `[hypercorn]` to the top, for files that several programs share. */
function foldHypercornTable(table: Record<string, unknown>): Record<string, unknown> {
  const { hypercorn, ...top } = table;
  if (typeof hypercorn !== "object" || hypercorn === null || Array.isArray(hypercorn)) return table;
  for (const [key, value] of Object.entries(hypercorn)) {
    if (!Object.hasOwn(top, key)) continue;
    throw badValue(key, "each option once", value, "It is at the top and in [hypercorn]");
  }
  return { ...top, ...hypercorn };
}

/** Options among named exports; functions and `_names` are the module's own business. */
function namedOptions(exports: Record<string, unknown>): Record<string, unknown> {
  const options = Object.entries(exports).filter(([name, value]) =>
    findOption(name) !== undefined || (typeof value !== "function" && !name.startsWith("_"))
  );
  return Object.fromEntries(options);
}
