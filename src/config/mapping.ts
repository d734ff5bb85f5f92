/**
 * Checked option values from an object with names in either spelling.
 *
 * @module
 */

import { badValue, describe, refusal } from "./describe.ts";
import { nearestOption } from "./nearest.ts";
import { findOption, isDefault, type Option, type OptionValues } from "./options.ts";

/** What to do about the likely mistakes, by the class of the object that came instead. */
const CONFIG_HINTS: ReadonlyMap<string, string> = new Map([
  ["Promise", "Await the promise: the loaders of Config are asynchronous"],
  ["String", 'Load a file with "await Config.fromFile(path)"'],
  ["URL", 'Load a file with "await Config.fromFile(path)"'],
]);

/**
 * Reads options from an object with camelCase or snake_case names.
 *
 * `undefined` counts as not given, so `{ certfile: Deno.env.get("CERT") }` does what it seems to.
 *
 * @param mapping The object; neither kept nor changed.
 * @returns Values in normal form for the options that were given.
 * @throws {ConfigError} For an unknown name, an option given in both spellings, a value that the
 * option does not accept, or an option that cannot be honoured and must not be lost silently.
 */
export function readMapping(mapping: unknown): Partial<OptionValues> {
  const values: Record<string, unknown> = {};
  const keys = new Map<Option, string>();
  for (const [key, value] of Object.entries(checkMapping(mapping))) {
    if (value === undefined) continue;
    const option = findOption(key) ?? refuseUnknown(key);
    const twin = keys.get(option);
    if (twin !== undefined) refuseTwin(key, twin);
    keys.set(option, key);
    values[option.name] = readOption(option, value, key);
  }
  return values as Partial<OptionValues>;
}

function readOption(option: Option, value: unknown, key: string): unknown {
  const accepted = option.kind.read(value, key);
  const { effect } = option;
  if (typeof effect === "string" || !("refused" in effect) || isDefault(option, accepted)) {
    return accepted;
  }
  throw refusal({
    key,
    expected: `the default, ${describe(option.default)}`,
    received: describe(value),
    hint: effect.refused,
  });
}

function checkMapping(mapping: unknown): object {
  // The tag tells Map, Date, Promise and other objects whose content is not in their properties
  // (they would look like "all defaults") from plain objects and instances of Config.
  const tag = Object.prototype.toString.call(mapping).slice("[object ".length, -1);
  if (tag === "Object") return mapping as object;
  throw badValue("config", "a Config or an object of options", mapping, CONFIG_HINTS.get(tag));
}

function refuseUnknown(key: string): never {
  const nearest = nearestOption(key);
  // The value is not shown: the name may be a misspelt "keyfile_password".
  throw refusal({
    key,
    expected: "the name of an option",
    received: "an unknown name",
    ...(nearest === undefined ? {} : { nearest }),
  });
}

function refuseTwin(key: string, twin: string): never {
  throw refusal({
    key,
    expected: "each option once",
    received: `the same option as "${twin}"`,
    hint: "Keep one of the two names",
  });
}
