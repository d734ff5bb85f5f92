/**
 * Values as error messages and warnings show them, and the one way to refuse a value.
 *
 * @module
 */

import { ConfigError, type ConfigErrorDetail } from "../errors.ts";

/** Characters of a string that a message repeats; a file read by mistake must not fill the log. */
const SHOWN_CHARACTERS = 80;

/** Members of a list that a message repeats. */
const SHOWN_MEMBERS = 4;

/** PEM text starts with an encapsulation boundary (RFC 7468 §2), maybe after a line break. */
const PEM_START = /^\s*-----BEGIN/;

/**
 * Says whether `certfile` or `keyfile` holds PEM text itself rather than the path of a file.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7468#section-2 | RFC 7468 §2}
 */
export function isPemText(value: string): boolean {
  return PEM_START.test(value);
}

/**
 * Describes any value for a message, on one line.
 *
 * Strings are quoted and cut after 80 characters, PEM text (which may be a private key) is never
 * shown, short lists of strings are, and other objects are named by their kind only.
 */
export function describe(value: unknown): string {
  if (typeof value === "string") return isPemText(value) ? "PEM text" : quote(value);
  if (value === null || typeof value === "boolean" || typeof value === "number") {
    return String(value);
  }
  if (typeof value === "bigint") return `${value}n`;
  if (Array.isArray(value) && value.length <= SHOWN_MEMBERS && value.every(isText)) {
    return `[${value.map(describe).join(", ")}]`;
  }
  return describeKind(value);
}

/** Describes only the kind of a value, for options whose value is a secret. */
export function describeKind(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return `a list of ${value.length} items`;
  if (value instanceof Date) return "a date";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** A refusal by this folder, which {@link inFile} can tell again with the file it came from. */
class Refusal extends ConfigError {
  readonly detail: ConfigErrorDetail;

  constructor(detail: ConfigErrorDetail) {
    super(detail);
    this.detail = detail;
  }
}

/** Builds (does not throw) the error for a value that cannot be used. */
export function refusal(detail: ConfigErrorDetail): ConfigError {
  return new Refusal(detail);
}

/**
 * Builds (does not throw) the error for a value of an option.
 *
 * @param key The option as the user wrote it, with an index for a list member: `"bind[1]"`.
 * @param expected What would have been accepted.
 * @param value What was received; shown by {@link describe}.
 * @param hint What to do about it, when `expected` does not say it.
 */
export function badValue(key: string, expected: string, value: unknown, hint = ""): ConfigError {
  return refusal({ key, expected, received: describe(value), hint });
}

/** Adds the name of a file to a refusal; any other error is returned as it is. */
export function inFile(error: unknown, file: string): unknown {
  if (!(error instanceof Refusal)) return error;
  return refusal({ ...error.detail, received: `${error.received} in "${file}"` });
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

function quote(text: string): string {
  if (text.length <= SHOWN_CHARACTERS) return JSON.stringify(text);
  return `${JSON.stringify(text.slice(0, SHOWN_CHARACTERS))}... (${text.length} characters)`;
}
