/**
 * The text of `--print-config`: a configuration as a TOML file that `--config` reads again.
 *
 * @module
 */

import { isPemText, type ResolvedConfig } from "../config/mod.ts";
import { OPTIONS } from "../config/options.ts";

/** Writes a configuration as TOML, with Hypercorn's names. What is secret or cannot be written becomes a comment. */
export function formatConfig(config: ResolvedConfig): string {
  const lines = OPTIONS.filter(({ name }) => name in config).map(({ name, snakeName }) => {
    return lineOf(snakeName, config[name as keyof ResolvedConfig]);
  });
  return lines.map((line) => `${line}\n`).join("");
}

function lineOf(name: string, value: unknown): string {
  // "" is the way to say "off" where the default is on; elsewhere it is the default that is missing.
  if (value === null) return name === "errorlog" ? 'errorlog = ""' : `# ${name} is not set`;
  if (name === "keyfile_password" || (typeof value === "string" && isPemText(value))) {
    return `# ${name} is set and not shown`;
  }
  const text = name === "umask" ? octal(value as number) : toToml(value);
  return text === undefined ? `# ${name} is set and cannot be written` : `${name} = ${text}`;
}

/** File mode bits as everybody reads them. */
function octal(bits: number): string {
  return `0o${bits.toString(8).padStart(3, "0")}`;
}

/** A value in TOML, on one line, or `undefined` when TOML has no such values. */
function toToml(value: unknown): string | undefined {
  // Strings of JSON are basic strings of TOML, which must escape DEL, too (TOML 1.0, "String").
  if (typeof value === "string") return JSON.stringify(value).replaceAll("\x7f", "\\u007f");
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return joined("[", value.map((member) => toToml(textOf(member))), "]");
  if (typeof value !== "object" || value === null || !isPlain(value)) return undefined;
  const members = Object.entries(value).map(([key, member]) => {
    const text = toToml(member);
    return text && `${JSON.stringify(key)} = ${text}`;
  });
  return joined("{ ", members, " }");
}

/** Whether an object is a table; those of a parser have no prototype at all. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/** An address as it is configured, anything else as it is. */
function textOf(member: unknown): unknown {
  return typeof member === "object" && member !== null && "text" in member ? member.text : member;
}

function joined(open: string, parts: readonly (string | undefined)[], close: string) {
  return parts.includes(undefined) ? undefined : open + parts.join(", ") + close;
}
