/**
 * A memory of field lines that were encoded lately, by hash.
 *
 * @module
 */

/** Lines remembered at most; a power of two. */
const SLOTS = 128;

/** Remembers field lines in constant space; it may confuse two lines, which costs a few bytes and breaks nothing. */
export class RecentLines {
  readonly #hashes = new Uint32Array(SLOTS);

  /** Whether this line was asked for lately; from now on it was. */
  has(name: string, value: string): boolean {
    const hash = addTo(addTo(0x811c9dc5, name), value);
    const slot = hash & (SLOTS - 1);
    const known = this.#hashes[slot] === hash;
    this.#hashes[slot] = hash;
    return known;
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
