/**
 * "Did you mean …?" for unknown option names.
 *
 * @module
 */

import { OPTIONS } from "./options.ts";

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
  const wanted = squash(key);
  const foreign = FOREIGN.get(wanted);
  let limit = Math.max(1, Math.floor(wanted.length / 3));
  let nearest = OPTIONS.find((option) => option.snakeName === foreign);
  for (const option of nearest === undefined ? OPTIONS : []) {
    const name = squash(option.name);
    // The distance is at least the difference in length, which a hostile key of megabytes has.
    if (Math.abs(wanted.length - name.length) > limit) continue;
    const distance = editDistance(wanted, name);
    // Of equally near names the first is as good as any.
    if (distance > limit || (distance === limit && nearest !== undefined)) continue;
    [nearest, limit] = [option, distance];
  }
  return /[_-]/.test(key) ? nearest?.snakeName : nearest?.name;
}

function squash(name: string): string {
  return name.toLowerCase().replace(/[_-]/g, "");
}

/** Levenshtein distance: insertions, deletions and substitutions from `from` to `to`. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
