/**
 * Text of peers and applications, made harmless for a log.
 *
 * A line break would forge a line, an escape sequence steers the terminal of who reads it, and format characters
 * reorder or hide what stands beside them. So all of these are escaped, in the forms that JavaScript reads back.
 *
 * @module
 */

/** What nearly all text consists of; the rest of this file is for what does not. */
const PLAIN = /^[\x20-\x7e]*$/;

/** As {@link PLAIN}, without `"` and `\`. */
const QUOTABLE = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

/** Control and format characters, line and paragraph separators, halves of surrogate pairs. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** As {@link UNPRINTABLE}, without tab and line feed. */
const UNPRINTABLE_IN_LINES = /(?![\t\n])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** What needs no escape in a column without quotes: nearly every text. */
const COLUMN = /^[\x21\x23-\x5b\x5d-\x7e]*$/;

/** What readers of logs may take for the end of a column, the space among them. */
const SPACES = /\p{Zs}/gu;

/** As {@link UNPRINTABLE}, and what would end a quoted text. */
const UNQUOTABLE = /["\\\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Text for a line of its own: what cannot be seen is escaped as `\xHH`, `\uHHHH` or `\u{H}`. */
export function printable(text: string): string {
  return PLAIN.test(text) ? text : text.replace(UNPRINTABLE, escapeCharacter);
}

/**
 * Text that may have several lines, each as {@link printable} has it but for tabs, which source code has. Only the first may begin with a bracket, as log
 * lines do: a message that quotes a client must not forge another.
 */
export function printableLines(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replace(UNPRINTABLE_IN_LINES, escapeCharacter).replaceAll("\n[", "\n [");
}

/** Text for between quotes: as {@link printable}, and `"` and `\` get a backslash, so the end of the quotes is certain. */
export function quotable(text: string): string {
  return QUOTABLE.test(text) ? text : text.replace(UNQUOTABLE, escapeCharacter);
}

/** Text for a column without quotes: as {@link quotable}, and spaces of any kind are escaped, so it stays one column. */
export function unspaced(text: string): string {
  return COLUMN.test(text) ? text : quotable(text).replace(SPACES, escapeCharacter);
}

/** A JSON string on one line, quotes included; the characters that {@link printable} escapes are `\uHHHH`. */
export function jsonText(text: string): string {
  if (QUOTABLE.test(text)) return `"${text}"`;
  return JSON.stringify(text).replace(UNPRINTABLE, escapeUnits);
}

function escapeCharacter(character: string): string {
  if (character === '"' || character === "\\") return `\\${character}`;
  const code = character.codePointAt(0)!;
  if (code <= 0xff) return `\\x${hex(code, 2)}`;
  return code <= 0xffff ? `\\u${hex(code, 4)}` : `\\u{${hex(code, 5)}}`;
}

/** JSON has no other escape than that of UTF-16 code units (RFC 8259 §7). */
function escapeUnits(character: string): string {
  return character.split("").map((unit) => `\\u${hex(unit.charCodeAt(0), 4)}`).join("");
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}
