/**
 * Importing the module of an application, and saying in one error why it does not load.
 *
 * @module
 */

import { pathToFileURL } from "node:url";
import { NoAppError, type NoAppReason } from "../errors.ts";
import { describe } from "../misuse.ts";
import { nearestSpelling } from "../spelling.ts";
import type { ApplicationName } from "./application_name.ts";

/** Extensions that a path may leave out, in the order in which they are tried. */
const EXTENSIONS = ["", ".ts", ".tsx", ".js", ".jsx", ".mjs"] as const;

/**
 * Imports the module of an application.
 *
 * @throws {NoAppError} When there is no such module, or it does not load.
 */
export async function importModule(name: ApplicationName): Promise<Record<string, unknown>> {
  const url = name.isSpecifier ? name.module : (await findFile(name)).href;
  try {
    return await import(url);
  } catch (cause) {
    const [reason, problem] = explain(cause, name);
    throw failure(name, reason, problem, {}, cause);
  }
}

/** `import()` reports a missing module and a missing import of it alike, so the file is looked for first. */
async function findFile(name: ApplicationName): Promise<URL> {
  for (const extension of EXTENSIONS) {
    const path = name.module + extension;
    const { isFile = false, isDirectory = false } = await look(path, name);
    if (isFile) return pathToFileURL(path);
    if (isDirectory && extension === "" && !await hasFileBeside(name)) throw isFolder(name);
  }
  throw failure(name, "module", "module not found", await adviceFor(name.module));
}

/** A folder `app` beside a file `app.ts` is what most programs have. */
async function hasFileBeside(name: ApplicationName): Promise<boolean> {
  for (const extension of EXTENSIONS.slice(1)) {
    if ((await look(name.module + extension, name)).isFile) return true;
  }
  return false;
}

async function look(path: string, name: ApplicationName): Promise<Partial<Deno.FileInfo>> {
  try {
    return await Deno.stat(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound || cause instanceof Deno.errors.NotADirectory) {
      return {};
    }
    throw failure(name, "module", `the file cannot be read: ${messageOf(cause)}`, {}, cause);
  }
}

function isFolder(name: ApplicationName): NoAppError {
  const hint = `Name a file in it, e.g. "${name.module.replace(/[/\\]$/, "")}/main.ts"`;
  return failure(name, "module", "it is a folder, not a module", { hint });
}

/** What helps someone who wrote the name of a module that is not there. */
interface Advice {
  nearest?: string;
  hint?: string;
}

async function adviceFor(module: string): Promise<Advice> {
  if (/\.py$/i.test(module)) {
    return { hint: "Python modules cannot be served: name a TypeScript or JavaScript file" };
  }
  const dotted = await findDotted(module);
  if (dotted !== undefined) return { nearest: dotted };
  const nearest = await nearestFile(module);
  if (nearest !== undefined) return { nearest };
  if (/[/\\]|\.[cm]?[jt]sx?$/i.test(module)) {
    return { hint: "Check the path, which is relative to the working directory" };
  }
  const path = `${module.replaceAll(".", "/")}.ts`;
  return { hint: `Modules are files here, not names as in Python: write a path such as "${path}"` };
}

/** The file of a module that is written as in Python: `sub.mod`. */
async function findDotted(module: string): Promise<string | undefined> {
  if (!/^\w+(?:\.\w+)+$/.test(module)) return undefined;
  for (const extension of EXTENSIONS.slice(1)) {
    const path = module.replaceAll(".", "/") + extension;
    const found = await Deno.stat(path).then((info) => info.isFile, () => false);
    if (found) return path;
  }
  return undefined;
}

/** The module in the same folder whose name is spelt nearly like this one. */
async function nearestFile(module: string): Promise<string | undefined> {
  const [, folder = "", wanted = ""] = /^(.*[/\\])?(.*)$/s.exec(module) ?? [];
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder || ".")) {
      if (/\.(?:[jt]sx?|mjs)$/.test(name)) names.push(name);
    }
  } catch {
    return undefined; // it is only about a hint
  }
  const nearest = nearestSpelling(wanted, names);
  return nearest === undefined ? undefined : folder + nearest;
}

/** Beginnings of what the runtime says of a module it could not load, which has one code for all of them. */
const RUNTIME_PROBLEMS: readonly (readonly [RegExp, string])[] = [
  [/^SyntaxError: |^The module's source code could not be parsed/, "it has a syntax error"],
  [/^Requires \w+ access/, "Deno was not given a permission"],
  [/(?:)/, "something it imports was not found"],
];

function explain(cause: unknown, { isSpecifier }: ApplicationName): [NoAppReason, string] {
  if ((cause as { code?: unknown } | null | undefined)?.code !== "ERR_MODULE_NOT_FOUND") {
    const what = cause instanceof SyntaxError ? "it does not link" : "it threw while it was loaded";
    return ["load", `${what}\n${stackOf(cause)}`];
  }
  const text = messageOf(cause).replace(/\.$/, "");
  const [, what] = RUNTIME_PROBLEMS.find(([beginning]) => beginning.test(text))!;
  // Files were looked for before. Of other modules the runtime says where they were imported, unless that was here.
  const isItself = isSpecifier && what.endsWith("not found") && !/\n\s+at /.test(text);
  return isItself ? ["module", `module not found\n${text}`] : ["load", `${what}\n${text}`];
}

/** Where the files of this package are, which are of no use in a stack that users read. */
const OUR_FOLDER = new URL("../", import.meta.url).href;

/** What was thrown with its stack, without the part that is ours. Never throws. */
export function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return describe(error);
  const lines = (error.stack ?? String(error)).split("\n");
  return lines.filter((line) => !/^\s+at /.test(line) || !line.includes(OUR_FOLDER)).join("\n");
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function failure(
  { text, module }: ApplicationName,
  reason: NoAppReason,
  problem: string,
  advice: Advice,
  cause?: unknown,
): NoAppError {
  const detail = { application: text, module, reason, problem, ...advice };
  return new NoAppError(detail, cause === undefined ? {} : { cause });
}
