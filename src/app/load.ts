/**
 * Loading the application that the command line or a configuration file names.
 *
 * @module
 */

import { Composition } from "../composition.ts";
import { NoAppError, type NoAppErrorDetail } from "../errors.ts";
import type { Framework, Mode } from "../framework_types.ts";
import { describe } from "../misuse.ts";
import { nearestSpelling } from "../spelling.ts";
import { type ApplicationName, parseApplicationName } from "./application_name.ts";
import { detectMode } from "./framework.ts";
import { importModule, stackOf } from "./load_module.ts";

/** A loaded application. */
export interface LoadedApplication {
  /** The application. */
  readonly app: Framework;
  /** Its form, when the name says it or it cannot be detected any more. */
  readonly mode?: Mode;
}

/** Exports that are looked for when the name has none, in this order: Deno's habit, Hypercorn's, a handler itself. */
const USUAL_EXPORTS = ["default", "app", "fetch"] as const;

/**
 * Loads an application by its name, `[form:]module[:export]`.
 *
 * - `module`: a path, whose extension may be left out, or a URL, also of a package (`file:`, `https:`, `npm:`, `jsr:`,
 *   `data:`).
 * - `export`: a name, with dots for members (`api.app`); without it the default export is taken, or `app`, or `fetch`.
 * - `form`: `fetch`, `asgi` or `wsgi`, for what detection gets wrong.
 *
 * @param text The name, e.g. `"main.ts"`, `"asgi:main.ts:app"`.
 * @param options `factory`: call the export, which gives the application or a promise of it.
 * @throws {NoAppError} When any of the steps fails; see {@link NoAppError.reason}.
 */
export async function loadApplication(
  text: string,
  options: { readonly factory?: boolean } = {},
): Promise<LoadedApplication> {
  const name = parseApplicationName(text);
  const exports = await importModule(name);
  const found = name.path === undefined
    ? findUsual(name, exports)
    : findNamed(name, name.path, exports);
  const factory = options.factory ?? false;
  const value = factory ? await callFactory(name, found) : found.value;
  checkForm(name, { ...found, value }, exports, factory);
  const app = value as Framework;
  if (factory || found.owner === undefined) return name.mode ? { app, mode: name.mode } : { app };
  return bindToOwner(app, found.owner, name.mode);
}

/** An export, or a member of one. */
interface Found {
  /** Its name, dots included. */
  readonly name: string;
  readonly value: unknown;
  /** What it is a member of, if it is one. */
  readonly owner?: unknown;
}

function findUsual(name: ApplicationName, exports: Record<string, unknown>): Found {
  const usual = USUAL_EXPORTS.find((key) => key in exports && !isNothing(exports[key]));
  if (usual !== undefined) return { name: usual, value: exports[usual] };
  const some = candidatesOf(exports);
  throw failure(name, {
    reason: "export",
    problem: 'the module has no default export, no "app" and no "fetch"',
    exports: some,
    hint: some.length === 0
      ? 'It exports no application: write "export default" before it'
      : `${listed(some)}: write "${name.text}:${some[0]}"`,
  });
}

/** What a module without any export has as its default in a worker, where Deno takes it for CommonJS. */
function isNothing(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0 &&
    Object.getPrototypeOf(value) === Object.prototype;
}

function findNamed(
  name: ApplicationName,
  path: readonly string[],
  exports: Record<string, unknown>,
): Found {
  let owner: unknown;
  let value: unknown = exports;
  for (const [depth, key] of path.entries()) {
    if (!hasMember(value, key)) throw noMember(name, path.slice(0, depth), key, value);
    owner = value;
    value = (owner as Record<string, unknown>)[key];
  }
  return { name: path.join("."), value, ...(path.length > 1 && { owner }) };
}

function hasMember(value: unknown, key: string): boolean {
  const isObject = (typeof value === "object" && value !== null) || typeof value === "function";
  return isObject && key in value;
}

/** The error for a name that does not exist in the module (`parents` is empty) or in one of its exports. */
function noMember(
  name: ApplicationName,
  parents: readonly string[],
  key: string,
  parent: unknown,
): NoAppError {
  const some = candidatesOf(parent);
  const path = (last: string) => [...parents, last].join(".");
  const nearest = nearestSpelling(key, some);
  return failure(name, {
    reason: "export",
    problem: parents.length === 0
      ? `the module has no export "${key}"`
      : `"${parents.join(".")}" has no member "${key}"`,
    export: path(key),
    exports: some.map(path),
    ...(nearest !== undefined && { nearest: path(nearest) }),
    hint: some.length === 0 ? "It has no application at all" : listed(some.map(path)),
  });
}

async function callFactory(name: ApplicationName, found: Found): Promise<unknown> {
  if (typeof found.value !== "function" || isClass(found.value)) {
    throw failure(name, {
      reason: "form",
      problem: `its export "${found.name}" is ${described(found.value)}, expected a function`,
      export: found.name,
      hint: "Leave --factory out if it is the application itself",
    });
  }
  try {
    return await Reflect.apply(found.value, found.owner, []);
  } catch (cause) {
    const problem = `the factory "${found.name}" failed\n${stackOf(cause)}`;
    throw failure(name, { reason: "factory", problem, export: found.name }, cause);
  }
}

/** Refuses what could not answer a single request. */
function checkForm(
  name: ApplicationName,
  { name: key, value }: Found,
  exports: Record<string, unknown>,
  factory: boolean,
): void {
  const what = factory ? `the factory "${key}" gave` : `its export "${key}" is`;
  if (!isApplication(value)) {
    throw failure(name, {
      reason: "form",
      problem: `${what} ${described(value)}, ` +
        "expected a function or an object with a fetch method",
      export: key,
      exports: candidatesOf(exports),
      ...hintFor(value, candidatesOf(exports)),
    });
  }
  try {
    if (name.mode === undefined) detectMode(value);
  } catch (cause) {
    const hint = `Write its form before the name, e.g. "asgi:${name.text}"`;
    const problem = `the form of its export "${key}" cannot be detected`;
    throw failure(name, { reason: "form", problem, export: key, hint }, cause);
  }
}

/** What to do about something that is no application. */
function hintFor(value: unknown, some: readonly string[]): { hint?: string } {
  if (value instanceof Promise) return { hint: 'Put "await" before what makes it' };
  if (isClass(value)) return { hint: "Export an instance of it that has a fetch method" };
  return some.length === 0 ? {} : { hint: listed(some) };
}

/** A method needs its receiver, as a bound method of Python has it; binding hides the parameters, so the form is told. */
function bindToOwner(app: Framework, owner: unknown, mode: Mode | undefined): LoadedApplication {
  if (typeof app !== "function" || "fetch" in app) return mode ? { app, mode } : { app };
  const form = mode ?? detectMode(app);
  const bound = app.bind(owner) as Framework;
  return form === "mixed" ? { app: bound } : { app: bound, mode: form };
}

function isApplication(value: unknown): boolean {
  if (typeof value === "function" && !isClass(value)) return true;
  if (Composition.planOf(value) !== null) return true;
  return hasMember(value, "fetch") && typeof (value as { fetch: unknown }).fetch === "function";
}

/** Calling a class without `new` throws, so it cannot be an application by itself. */
function isClass(value: unknown): boolean {
  return typeof value === "function" && /^class\b/.test(Function.prototype.toString.call(value));
}

function described(value: unknown): string {
  return isClass(value) ? `the class ${(value as { name: string }).name}` : describe(value);
}

/** Names of members that could be applications. */
function candidatesOf(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).filter(([, member]) => isApplication(member)).map(([key]) => key);
}

function listed(names: readonly string[]): string {
  return `Applications in it: ${names.map((name) => `"${name}"`).join(", ")}`;
}

function failure(
  { text, module }: ApplicationName,
  detail: Omit<NoAppErrorDetail, "application" | "module">,
  cause?: unknown,
): NoAppError {
  const options = cause === undefined ? {} : { cause };
  return new NoAppError({ application: text, module, ...detail }, options);
}
