/**
 * Request target to decoded path, SCRIPT_NAME, PATH_INFO and QUERY_STRING.
 *
 * All are strings whose code units are bytes, as PEP 3333 asks ("Unicode Issues"): percent
 * escapes are decoded to bytes, not to characters, and UTF-8 is left to the application.
 *
 * @module
 */

import { isASCII } from "./content.ts";

/** Where a request target lies below the mount point. */
export interface WSGIPath {
  /** Decoded path below the mount point, never empty. */
  readonly pathInfo: string;
  /** What follows the first `?`, undecoded; `""` if none. */
  readonly queryString: string;
}

const ENCODER = new TextEncoder();

/** Anything that makes a decoded path differ from the path as received. */
// deno-lint-ignore no-control-regex -- ASCII is meant, control characters included
const NOT_LITERAL = /%|[^\x00-\x7f]/;

/** Scheme and authority of a target in absolute-form (RFC 9112 §3.2.2). */
const ABSOLUTE_FORM = /^[A-Za-z][A-Za-z0-9+.\-]*:\/\/[^/?]*/;

/** UTF-8 bytes of `text`, each as one code unit. */
export function utf8AsLatin1(text: string): string {
  if (isASCII(text)) return text;
  let latin1 = "";
  for (const byte of ENCODER.encode(text)) latin1 += String.fromCharCode(byte);
  return latin1;
}

/** Decodes percent escapes to bytes; `%2F` becomes `/`, a malformed escape stays as it is. */
export function decodePath(path: string): string {
  if (!NOT_LITERAL.test(path)) return path;
  return utf8AsLatin1(path).replace(
    /%([0-9A-Fa-f]{2})/g,
    (_escape, hex: string) => String.fromCharCode(parseInt(hex, 16)),
  );
}

/**
 * SCRIPT_NAME for the `root_path` option.
 *
 * @param rootPath Path as text, not percent-encoded; `""` and `"/"` both mean the root.
 * @returns Its UTF-8 bytes as latin-1, without a slash at the end.
 */
export function scriptName(rootPath: string): string {
  return utf8AsLatin1(rootPath.replace(/\/+$/, ""));
}

/** Path and query of a target in absolute-form, which may be empty; any other form stays what it is. */
export function originForm(target: string): string {
  return target.startsWith("/") ? target : target.replace(ABSOLUTE_FORM, "");
}

/** Decoded path of a target in any form of RFC 9112 §3.2, its code units bytes; never empty. */
export function pathOf(target: string): string {
  const origin = originForm(target);
  const mark = origin.indexOf("?");
  const path = decodePath(mark === -1 ? origin : origin.slice(0, mark));
  return path === "" ? "/" : path; // only absolute-form can have an empty one, which means "/" (RFC 9110 §4.2.3)
}

/**
 * What of a decoded path lies below a mount point; never empty.
 *
 * Whole segments match only: `/prefix` is not below `/pre`.
 *
 * @param path Result of {@link pathOf}.
 * @param mount Result of {@link scriptName}.
 * @returns `null` when the path is not below it.
 */
export function pathBelow(path: string, mount: string): string | null {
  if (mount === "") return path;
  if (path === mount) return "/";
  if (!path.startsWith(mount) || path[mount.length] !== "/") return null;
  return path.slice(mount.length);
}

/**
 * Splits a request target in any form of RFC 9112 §3.2; `*` and an authority stay what they are.
 *
 * @param target Path and query as received; characters beyond ASCII stand for their UTF-8 bytes.
 * @param mount Result of {@link scriptName}.
 * @returns `null` when the path is not below the mount point.
 */
export function splitTarget(target: string, mount: string): WSGIPath | null {
  const pathInfo = pathBelow(pathOf(target), mount);
  if (pathInfo === null) return null;
  const mark = target.indexOf("?");
  return { pathInfo, queryString: mark === -1 ? "" : utf8AsLatin1(target.slice(mark + 1)) };
}
