/**
 * A memory of field lines that were encoded lately, by hash.
 *
 * @module
 */

/** Places of a line, by four bits of its hash. */
const SETS = 16;

/** Makes each of those bits depend on all of the hash, as no bit of FNV-1a does on all of the text. */
const SPREAD = 0x85ebca6b;

/**
 * Lines that share a place. With one, two lines of the same request could drive each other out for the whole life of a
 * connection; that nine of them do is as good as impossible.
 */
const WAYS = 8;

/** Remembers field lines in constant space; it may confuse two lines, which costs a few bytes and breaks nothing. */
export class RecentLines {
  readonly #hashes = new Uint32Array(SETS * WAYS);
  /** Where each place remembers its next line: over the oldest. */
  readonly #next = new Uint8Array(SETS);

  /** Whether this line was asked for lately; from now on it was. */
  has(name: string, value: string): boolean {
    const hash = addTo(addTo(0x811c9dc5, name), value);
    const set = Math.imul(hash ^ hash >>> 15, SPREAD) >>> 28;
    const first = set * WAYS;
    for (let at = first; at < first + WAYS; at++) {
      if (this.#hashes[at] === hash) return true;
    }
    const oldest = this.#next[set]!;
    this.#hashes[first + oldest] = hash;
    this.#next[set] = (oldest + 1) % WAYS;
    return false;
  }
}

/** FNV-1a, with a separator in front. */
function addTo(hash: number, text: string): number {
  let sum = Math.imul(hash ^ 0xff, 0x01000193);
  for (let index = 0; index < text.length; index++) {
    sum = Math.imul(sum ^ text.charCodeAt(index), 0x01000193);
  }
  return sum >>> 0;
}
