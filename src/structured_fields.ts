/**
 * Structured fields: pieces of their grammar, for patterns, and the members of lists and dictionaries.
 *
 * No piece matches the same text in two ways, so that no value takes more than one pass.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9651#section-4.2 | RFC 9651 §4.2}
 * @module
 */

const INTEGER = String.raw`-?\d{1,15}`;
const NUMBER = String.raw`-?(?:\d{1,12}\.\d{1,3}|\d{1,15})`;
const TOKEN = "[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*";

/** A byte of UTF-8 after the first one of a character, percent-encoded. */
const TAIL = "%[89ab][0-9a-f]";

/** A character of a display string: itself when it is visible and neither `%` nor `"`, else its UTF-8 (RFC 3629 §4). */
const CHARACTER = [
  String.raw`[\x20\x21\x23\x24\x26-\x7e]`,
  "%[0-7][0-9a-f]",
  `%(?:c[2-9a-f]|d[0-9a-f])${TAIL}`,
  `%e0%[ab][0-9a-f]${TAIL}`, // else overlong
  `%e[1-9a-cef](?:${TAIL}){2}`,
  `%ed%[89][0-9a-f]${TAIL}`, // else a surrogate
  `%f0%[9ab][0-9a-f](?:${TAIL}){2}`, // else overlong
  `%f[1-3](?:${TAIL}){3}`,
  `%f4%8[0-9a-f](?:${TAIL}){2}`, // else above U+10FFFF
].join("|");

/** A string, with its quotes (§4.2.5). */
export const STRING: string = String.raw`"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"`;

/** A key (§4.2.3.3). */
export const KEY = "[a-z*][a-z0-9_.*-]*";

/** A value of any type (§4.2.3.1). */
export const BARE_ITEM: string = String
  .raw`(?:${NUMBER}|${STRING}|${TOKEN}|:[A-Za-z0-9+/=]*:|\?[01]|@${INTEGER}|%"(?:${CHARACTER})*")`;

/** Parameters, or none (§4.2.3.2). */
export const PARAMETERS = `(?:; *${KEY}(?:=${BARE_ITEM})?)*`;

/**
 * Characters of a value that is looked at. A pattern keeps a few bytes for each that it passes, and the runtime throws
 * when that is too much, from 4 million on; field sections have 64 KiB unless somebody wants more.
 */
const MAX_LENGTH = 1024 * 1024;

const SEPARATOR = /[ \t]*,[ \t]*/y;

/**
 * The members of a list or dictionary, with several lines joined with `", "` (§4.2).
 *
 * @param member Sticky pattern of one member.
 * @returns What `member` matched, in order; `null` when `value` is not made of such members, or is longer than 1 MiB.
 */
export function matchMembers(value: string, member: RegExp): RegExpExecArray[] | null {
  if (value.length > MAX_LENGTH) return null;
  const matches: RegExpExecArray[] = [];
  const text = trimSpaces(value);
  let offset = 0;
  while (offset < text.length) {
    if (offset > 0) {
      SEPARATOR.lastIndex = offset;
      if (!SEPARATOR.test(text)) return null;
      offset = SEPARATOR.lastIndex;
    }
    member.lastIndex = offset;
    const match = member.exec(text);
    if (match === null) return null;
    matches.push(match);
    offset = member.lastIndex;
  }
  return matches;
}

/** `value` without spaces around it. A pattern would take quadratic time for spaces inside. */
function trimSpaces(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && value[start] === " ") start++;
  while (end > start && value[end - 1] === " ") end--;
  return value.slice(start, end);
}
