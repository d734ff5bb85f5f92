/**
 * "Did you mean …?"
 *
 * @module
 */

/**
 * Finds the candidate that is nearest to a misspelt word, ignoring case, `_` and `-`.
 *
 * @returns The candidate as it is, or `undefined` when none is within a third of the word's length.
 */
export function nearestSpelling(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = squash(word);
  let limit = Math.max(1, Math.floor(wanted.length / 3));
  let nearest: string | undefined;
  for (const candidate of candidates) {
    const name = squash(candidate);
    // The distance is at least the difference in length, which a hostile word of megabytes has.
    if (Math.abs(wanted.length - name.length) > limit) continue;
    const distance = editDistance(wanted, name);
    // Of equally near names the first is as good as any.
    if (distance > limit || (distance === limit && nearest !== undefined)) continue;
    [nearest, limit] = [candidate, distance];
  }
  return nearest;
}

/** A word without what spellings of it differ in: case, `_` and `-`. */
export function squash(word: string): string {
  return word.toLowerCase().replace(/[_-]/g, "");
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
