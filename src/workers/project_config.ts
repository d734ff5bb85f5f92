/**
 * The `deno.json` of the application.
 *
 * Deno looks for one beside the program that it runs. That is this package, and from a registry it has none: the
 * application's import map would be missing.
 *
 * @module
 */

import { dirname, join } from "node:path";

const NAMES = ["deno.json", "deno.jsonc"];

const CONFIG_FLAG = /^(?:-c|--config|--no-config)(?:=|$)/;

/**
 * Adds the flag that names the application's `deno.json`, unless the flags name one or forbid it.
 *
 * @param program URL of the program that will run.
 * @param application File of the application, `null` when it is on the network.
 */
export function withProjectConfig(
  flags: string[],
  program: string,
  application: string | null,
): string[] {
  if (program.startsWith("file:") || application === null) return flags;
  if (flags.some((flag) => CONFIG_FLAG.test(flag))) return flags;
  const path = findConfig(dirname(application));
  return path === null ? flags : [...flags, "--config", path];
}

/** The nearest configuration in a folder or those above it, as Deno looks for it. */
function findConfig(folder: string): string | null {
  const path = NAMES.map((name) => join(folder, name)).find(exists);
  if (path !== undefined) return path;
  const parent = dirname(folder);
  return parent === folder ? null : findConfig(parent);
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
