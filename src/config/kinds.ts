/**
 * Kinds of option values: what is accepted, what the normal form is, and how messages name it.
 *
 * Hypercorn validates nothing, so `workers = "4"` fails there far from its cause. Here a value is
 * checked where it is given.
 *
 * @module
 */

import { ConfigError } from "../errors.ts";
import { isFieldValue, isHost } from "../fields.ts";
import { parseBind } from "./bind.ts";
import { badValue, describeKind, refusal } from "./describe.ts";
import type { LoggerClass, LogLevel, LogSink, VerifyMode } from "./types.ts";

/** A kind of value. */
export interface Kind<T> {
  /** What is accepted, as a message says it after "expected". */
  readonly expected: string;
  /**
   * Gives the normal form of `value`, never sharing an array with it.
   *
   * @throws {ConfigError} For `key`, when the value is refused.
   */
  read(value: unknown, key: string): T;
}

/** A kind that is decided by one look at the value. */
export interface Scalar<T> extends Kind<T> {
  /** The normal form, or `undefined` when the value is refused. */
  accept(value: unknown): T | undefined;
}

/**
 * Longest timer, seconds: the runtime keeps milliseconds in 31 bits and lets a longer one fire at
 * once, so a "very long" timeout would cut every connection.
 */
const MAX_SECONDS = 2_147_483;

/** Largest user or group id; 2^32-1 means "leave as it is" to chown(2). */
const MAX_ID = 2 ** 32 - 2;

function scalar<T>(expected: string, accept: (value: unknown) => T | undefined): Scalar<T> {
  return {
    expected,
    accept,
    read(value, key) {
      const accepted = accept(value);
      if (accepted === undefined) throw badValue(key, expected, value);
      return accepted;
    },
  };
}

/** The kind that accepts `null` too, which switches the option off. */
export function orNull<T>(kind: Scalar<T>): Scalar<T | null> {
  const accept = (value: unknown) => value === null ? null : kind.accept(value);
  return scalar(`${kind.expected}, or null`, accept);
}

/** The same kind for a value that must not appear in a message. */
export function secret<T>(kind: Scalar<T>): Kind<T> {
  return {
    expected: kind.expected,
    read(value, key) {
      const accepted = kind.accept(value);
      if (accepted !== undefined) return accepted;
      throw refusal({ key, expected: kind.expected, received: describeKind(value) });
    },
  };
}

/** `true` or `false`, not a word or number that stands for it. */
export const FLAG: Scalar<boolean> = scalar(
  "true or false",
  (value) => typeof value === "boolean" ? value : undefined,
);

/** Any string. */
export const TEXT: Scalar<string> = scalar(
  "a string",
  (value) => typeof value === "string" ? value : undefined,
);

/** Path of a file: a string that is not empty and has no NUL, which would cut it short. */
export const PATH: Scalar<string> = scalar(
  "the path of a file",
  (value) => typeof value === "string" && value !== "" && !value.includes("\0") ? value : undefined,
);

/** A path, or the text of the file itself when it begins with `-----BEGIN`. */
export const PEM: Scalar<string> = scalar("the path of a PEM file or PEM text", PATH.accept);

/** A user or group id. */
export const ID: Scalar<number> = scalar(
  "a numeric id, because names cannot be looked up",
  integer(0, MAX_ID).accept,
);

/** An integer; without `max` up to 2^53-1. */
export function integer(min: number, max?: number): Scalar<number> {
  const expected = max === undefined
    ? `an integer of at least ${min}`
    : `an integer from ${min} to ${max}`;
  const accept = (value: unknown) => isInteger(value) && value >= min && value <= (max ?? value);
  return scalar(expected, (value) => accept(value) ? value as number : undefined);
}

/** Seconds, fractions allowed, from 0 to the longest timer. */
export function seconds(): Scalar<number> {
  const accept = (value: unknown) => isNumber(value) && value >= 0 && value <= MAX_SECONDS;
  const expected = `a number of seconds from 0 to ${MAX_SECONDS}`;
  return scalar(expected, (value) => accept(value) ? value as number : undefined);
}

/** As {@link seconds} without 0, for timers that 0 would not switch off but fire for ever. */
export function positiveSeconds(): Scalar<number> {
  const accept = (value: unknown) => isNumber(value) && value > 0 && value <= MAX_SECONDS;
  const expected = `a number of seconds above 0 and at most ${MAX_SECONDS}`;
  return scalar(expected, (value) => accept(value) ? value as number : undefined);
}

/** One of a few words, in exactly this spelling. */
export function oneOf<const Word extends string>(...words: Word[]): Scalar<Word> {
  const expected = words.map((word) => `"${word}"`).join(", ").replace(/, ([^,]*)$/, " or $1");
  return scalar(expected, (value) => words.find((word) => word === value));
}

/** A list of strings that all pass `isMember`; `member` names one of them. */
export function listOf(member: string, isMember: (text: string) => boolean): Kind<string[]> {
  const expected = `a list, each member ${member}`;
  return {
    expected,
    read(value, key) {
      if (!Array.isArray(value)) throw badValue(key, expected, value);
      // `Array.from` visits the holes of a sparse array, which `every` and `map` pass over.
      return Array.from(value as unknown[], (text, index) => {
        if (typeof text === "string" && isMember(text)) return text;
        throw badValue(`${key}[${index}]`, member, text);
      });
    },
  };
}

/** Binds: one string or a list of them, each parsed by {@link parseBind}. */
export const BINDS: Kind<string[]> = {
  expected: "an address or a list of addresses",
  read(value, key) {
    if (typeof value === "string") return [parseBind(value, key).text];
    if (!Array.isArray(value)) throw badValue(key, BINDS.expected, value);
    return Array.from(
      value as unknown[],
      (text, index) => parseBind(text as string, `${key}[${index}]`).text,
    );
  },
};

/** Binds for UDP, so without Unix sockets. */
export const UDP_BINDS: Kind<string[]> = {
  expected: BINDS.expected,
  read(value, key) {
    const binds = BINDS.read(value, key);
    const unix = binds.find((text) => text.startsWith("unix:"));
    if (unix === undefined) return binds;
    throw badValue(key, "UDP addresses", unix, "QUIC cannot run over a Unix stream socket");
  },
};

/** Paths of files or folders. */
export const PATHS: Kind<string[]> = listOf("a path", (text) => PATH.accept(text) !== undefined);

/** Flags of `deno run`, e.g. `--allow-net`. */
export const FLAGS: Kind<string[]> = listOf(
  'a flag of "deno run" such as "--allow-net"',
  (text) => /^--?[a-z]/i.test(text),
);

/** Values of the Alt-Svc field, sent as they are (RFC 7838 §3). */
export const ALT_SVC: Kind<string[]> = listOf(
  "an Alt-Svc value such as 'h3=\":443\"; ma=86400'",
  (text) => text.trim() !== "" && isFieldValue(text),
);

/** Values of Host, with the port where the client sends one. */
export const HOSTS: Kind<string[]> = listOf(
  'a Host value such as "example.com" or "example.com:8443", without scheme or path',
  (text) => text !== "" && isHost(text),
);

/** Origins as browsers send them (RFC 6454 §6.2). */
export const ORIGINS: Kind<string[]> = listOf(
  'an origin as browsers send it, such as "https://example.com": in lower case, without a path, a usual port or wildcards; or "*" for any',
  (text) => text === "*" || text === "null" || isOrigin(text),
);

/** Protocol names of TLS ALPN (RFC 7301 §3.1: 1 to 255 bytes). */
export const ALPN: Kind<string[]> = listOf(
  'a protocol name such as "h2"',
  (text) => /^[\x21-\x7e]{1,255}$/.test(text),
);

/** A mount path; trailing slashes are removed, as in Hypercorn, so `/` is no mount at all. */
export const ROOT_PATH: Scalar<string> = scalar(
  'a path such as "/api", or "" for none',
  (value) => {
    if (typeof value !== "string") return undefined;
    const path = value.replace(/\/+$/, "");
    return path === "" || /^\/[^\s?#]*$/.test(path) ? path : undefined;
  },
);

/** `host:port` of a UDP service. */
export const HOST_AND_PORT: Scalar<string> = scalar(
  'an address such as "127.0.0.1:8125"',
  (value) => typeof value === "string" && isHostAndPort(value) ? value : undefined,
);

/** Octal digits, marked as such; "63" would be decimal on Hypercorn's command line. */
const OCTAL = /^0(?:o?[0-7]{1,4})?$/;

/** File mode bits to take away: an integer, or a string of octal digits. */
export const UMASK: Scalar<number> = scalar(
  'file mode bits from 0 to 0o777, as an integer or an octal string such as "0o077"',
  (value) => {
    const marked = typeof value === "string" && OCTAL.test(value);
    const bits = marked ? parseInt(value.replace("o", ""), 8) : value;
    return integer(0, 0o777).accept(bits);
  },
);

/** Python's level names, and std's shorter one for warnings. */
const LEVELS: ReadonlyMap<string, LogLevel> = new Map<string, LogLevel>([
  ["DEBUG", "DEBUG"],
  ["INFO", "INFO"],
  ["WARNING", "WARNING"],
  ["WARN", "WARNING"],
  ["ERROR", "ERROR"],
  ["CRITICAL", "CRITICAL"],
  ["FATAL", "CRITICAL"],
]);

/** A log level in any case. */
export const LOG_LEVEL: Scalar<LogLevel> = scalar(
  '"DEBUG", "INFO", "WARNING", "ERROR" or "CRITICAL"',
  (value) => typeof value === "string" ? LEVELS.get(value.toUpperCase()) : undefined,
);

/** Where log lines go. The empty string is off, as in Hypercorn. */
export const LOG_TARGET: Scalar<string | LogSink | null> = scalar(
  'the path of a file, "-", an object with debug(), info(), warn() and error(), or null',
  (value) => {
    if (value === "" || value === null) return null;
    return PATH.accept(value) ?? (isLogSink(value) ? value : undefined);
  },
);

/** A class of loggers. */
export const LOGGER_CLASS: Scalar<LoggerClass> = scalar(
  "a class",
  (value) => typeof value === "function" ? value as LoggerClass : undefined,
);

/** A table of settings that are not ours to check. */
export const TABLE: Scalar<Record<string, unknown>> = scalar(
  "an object",
  (value) => isObject(value) && !Array.isArray(value) ? value : undefined,
);

const VERIFY_MODES: readonly VerifyMode[] = ["CERT_NONE", "CERT_OPTIONAL", "CERT_REQUIRED"];

/** Python's `ssl.VerifyMode`, by name or number. */
export const VERIFY_MODE: Scalar<VerifyMode> = scalar(
  '"CERT_NONE", "CERT_OPTIONAL" or "CERT_REQUIRED" (0, 1 or 2)',
  (value) => VERIFY_MODES.find((name, number) => value === name || value === number),
);

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isLogSink(value: unknown): value is LogSink {
  const methods = ["debug", "info", "warn", "error"];
  return isObject(value) && methods.every((name) => typeof value[name] === "function");
}

function isOrigin(text: string): boolean {
  return URL.parse(text)?.origin === text && !text.includes("*");
}

function isHostAndPort(text: string): boolean {
  const port = /:([0-9]{1,5})$/.exec(text)?.[1];
  if (port === undefined || Number(port) < 1 || text.startsWith(":")) return false;
  try {
    return parseBind(text).kind === "tcp";
  } catch (error) {
    if (error instanceof ConfigError) return false;
    throw error;
  }
}
