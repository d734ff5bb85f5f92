/**
 * Field lines (headers and trailers) as an ordered list: lookup, combination, validation.
 *
 * Names are lower-case once inside the server; values are strings whose code units are bytes
 * (latin-1, 0x00..0xFF), as HTTP fields are bytes on the wire.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-5 | RFC 9110 §5}
 * @module
 */

/** One field line: `[name, value]`. */
export type Field = readonly [name: string, value: string];

/** Field lines in the order they were received or will be sent; duplicates are kept. */
export type FieldList = readonly Field[];

/** Header section of a response that the server itself makes: no content. */
export const NO_CONTENT: FieldList = [["content-length", "0"]];

/** token = 1*tchar (RFC 9110 §5.6.2). */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** field-value without surrounding white space: VCHAR, obs-text, SP, HTAB (RFC 9110 §5.5). */
// deno-lint-ignore no-control-regex -- these control characters are exactly what must be refused
const FORBIDDEN_IN_VALUE = /[\x00-\x08\x0a-\x1f\x7f]|[^\x00-\xff]/;

/** Says whether `name` is a token, i.e. may be sent as a field name. */
export function isFieldName(name: string): boolean {
  return TOKEN.test(name);
}

/**
 * Says whether `value` may be sent as a field value: no control bytes except HTAB (so no CR, LF or
 * NUL, which would let an application split the response) and nothing beyond latin-1.
 */
export function isFieldValue(value: string): boolean {
  return !FORBIDDEN_IN_VALUE.test(value);
}

/**
 * Value of the first field line called `name`.
 *
 * @param name Lower-case field name.
 * @returns The value, or `undefined` when there is none.
 */
export function getField(fields: FieldList, name: string): string | undefined {
  for (const field of fields) {
    if (field[0] === name) return field[1];
  }
  return undefined;
}

/** Says whether any field line is called `name` (lower-case). */
export function hasField(fields: FieldList, name: string): boolean {
  return getField(fields, name) !== undefined;
}

/**
 * All values of `name` joined as RFC 9110 §5.3 allows: `", "`, or `"; "` for `cookie` (RFC 9113
 * §8.2.3).
 */
export function combineField(fields: FieldList, name: string): string | undefined {
  let combined: string | undefined;
  const separator = name === "cookie" ? "; " : ", ";
  for (const field of fields) {
    if (field[0] !== name) continue;
    combined = combined === undefined ? field[1] : combined + separator + field[1];
  }
  return combined;
}

/** Members of a comma-separated field such as `connection` or `te`, trimmed, empty ones dropped. */
export function listMembers(value: string): string[] {
  return value.split(",").map((member) => member.trim()).filter((member) => member !== "");
}

/** `uri-host [ ":" port ]` of RFC 9112 §3.2; user information and path characters do not match. */
const HOST = /^(?:\[[0-9A-Fa-f:.%A-Za-z]+\]|[A-Za-z0-9\-._~!$&'()*+,;=%]*)(?::[0-9]{0,5})?$/;

/**
 * Says whether `value` can stand in a Host field.
 *
 * Deno concatenates it into `request.url` unchecked, so `Host: a/b?` would move the path and
 * `Host: a b` makes every `new URL(request.url)` throw. The final word is the URL parser's, since
 * that is what applications use.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9112#section-3.2 | RFC 9112 §3.2}
 */
export function isHost(value: string): boolean {
  return HOST.test(value) && (value === "" || URL.canParse(`http://${value}/`));
}
