/**
 * "Did you mean …?" for unknown option names.
 *
 * @module
 */

import { nearestSpelling, squash } from "../spelling.ts";
import { findOption, OPTIONS } from "./options.ts";

/** Names of other servers and of Hypercorn's command line that no edit distance would find. */
const FOREIGN: ReadonlyMap<string, string> = new Map([
  ["host", "bind"],
  ["hostname", "bind"],
  ["port", "bind"],
  ["cert", "certfile"],
  ["key", "keyfile"],
  ["accesslogfile", "accesslog"],
  ["errorlogfile", "errorlog"],
  ["logfile", "errorlog"],
  ["keepalive", "keep_alive_timeout"],
  ["pid", "pid_path"],
  ["pidfile", "pid_path"],
  ["reload", "use_reloader"],
]);

/**
 * Finds the option whose name is nearest to `key`, ignoring case, `_` and `-`.
 *
 * @returns The name in the style of `key` (snake_case if it has `_` or `-`), or `undefined` when no
 * name is within a third of its length.
 */
export function nearestOption(key: string): string | undefined {
  const name = FOREIGN.get(squash(key)) ??
    nearestSpelling(key, OPTIONS.map((option) => option.snakeName));
  return /[_-]/.test(key) || name === undefined ? name : findOption(name)?.name;
}
