/**
 * How the command line and configuration files name an application: `[form:]module[:export]`.
 *
 * @module
 */

import { NoAppError } from "../errors.ts";
import type { Mode } from "../framework_types.ts";

/** The parts of a name. */
export interface ApplicationName {
  /** The name as it was written. */
  readonly text: string;
  /** The form, when the name begins with `fetch:`, `asgi:` or `wsgi:`. */
  readonly mode: Mode | undefined;
  /** Path of a file, or a specifier that `import()` takes. */
  readonly module: string;
  /** Whether `module` is a specifier and not a path. */
  readonly isSpecifier: boolean;
  /** Name of the export, then of its member and so on; `undefined` asks for the usual exports. */
  readonly path: readonly string[] | undefined;
}

const MODE = /^(fetch|asgi|wsgi):/;

/** The schemes that Deno imports. */
const SCHEME = /^(?:https?|file|npm|jsr|node|data|blob):/;

/** `C:\main.ts`: this colon belongs to the path. */
const DRIVE = /^[a-z]:[\\/]/i;

/** What is left of `uvloop:main.ts:app` when the export is off; such paths of files are written with `./`. */
const UNKNOWN_MODE = /^([a-z]{2,}):/i;

const EXPORT_PATH =
  /^[\p{ID_Start}$_][\p{ID_Continue}$]*(?:\.[\p{ID_Start}$_][\p{ID_Continue}$]*)*$/u;

/**
 * Takes a name apart, without looking whether the module exists.
 *
 * A colon after the module begins the export, unless the module is a URL and what follows is no name (`?at=12:30`).
 * A `data:` URL has colons anywhere, so it takes no export.
 *
 * @throws {NoAppError} When the text is no name.
 */
export function parseApplicationName(text: string): ApplicationName {
  const mode = MODE.exec(text)?.[1] as Mode | undefined;
  const rest = mode === undefined ? text : text.slice(mode.length + 1);
  const isSpecifier = SCHEME.test(rest);
  const colon = exportColon(rest, isSpecifier);
  const module = colon < 0 ? rest : rest.slice(0, colon);
  if (module === "") throw badName(text, "it names no module", 'Write e.g. "main.ts:app"');
  if (!isSpecifier) refuseUnknownMode(text, module);
  const path = colon < 0 ? undefined : parseExport(text, module, rest.slice(colon + 1));
  return { text, mode, module, isSpecifier, path };
}

/** Index of the colon between module and export, or -1. */
function exportColon(rest: string, isSpecifier: boolean): number {
  const colon = rest.lastIndexOf(":");
  const after = rest.slice(colon + 1);
  if (colon < firstExportColon(rest) || /[/\\]/.test(after)) return -1;
  return isSpecifier && !EXPORT_PATH.test(after) ? -1 : colon;
}

/** Where an export may begin at the earliest: after a drive, a scheme, a host with its port. */
function firstExportColon(rest: string): number {
  if (DRIVE.test(rest)) return 2;
  const [scheme = ""] = SCHEME.exec(rest) ?? [];
  if (scheme === "data:") return Infinity;
  if (!/^(?:https?|file):$/.test(scheme)) return scheme.length;
  const host = /^\w+:\/\/[^/]*/.exec(rest)?.[0].length ?? scheme.length;
  return host + 1;
}

function refuseUnknownMode(text: string, module: string): void {
  const word = UNKNOWN_MODE.exec(module)?.[1];
  if (word === undefined) return;
  const hint = `For a file whose name has a colon write "./${text}"`;
  throw badName(text, `"${word}" is no form: expected "fetch", "asgi" or "wsgi"`, hint);
}

function parseExport(text: string, module: string, name: string): readonly string[] {
  if (EXPORT_PATH.test(name)) return name.split(".");
  if (name === "") throw badName(text, "it names no export after the colon");
  const call = /^([^()]+)\(\s*\)$/.exec(name)?.[1];
  const hint = call === undefined
    ? 'Names may have dots, as in "main.ts:api.app"'
    : `Expressions are not evaluated: use --factory and "${module}:${call}"`;
  throw badName(text, `"${name}" is no name of an export`, hint);
}

function badName(application: string, problem: string, hint?: string): NoAppError {
  return new NoAppError({ application, reason: "name", problem, ...(hint && { hint }) });
}
