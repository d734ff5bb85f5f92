/**
 * Access lines by a template.
 *
 * @module
 */

import { ConfigError } from "../errors.ts";
import { type Atom, makeAtom, nearestAtom } from "./access_atoms.ts";
import type { AccessNeeds, AccessRecord } from "./access_record.ts";
import { quotable } from "./escape.ts";

/** Makes the line of a record. */
export type RecordFormat = (record: AccessRecord) => string;

/** Atoms of the user's own for one line, by name; see `CustomLogger.atoms`. */
export type OwnAtoms = (record: AccessRecord) => Readonly<Record<string, unknown>>;

/** What making a format may want besides the template. */
export interface TemplateOptions {
  /** Gets to know what the lines need. */
  readonly needs: AccessNeeds;
  /** Takes sentences about atoms that will always be `-`. */
  warn(message: string): void;
  /** Atoms that replace ours or add to them. */
  readonly ownAtoms?: OwnAtoms | undefined;
}

/** `%(atom)s`, `%%`, or a `%` that is neither. */
const PLACEHOLDER = /%\(([^)]*)\)s|%%|%/g;

/** An atom in a template, with the text behind it. */
interface Piece {
  readonly name: string;
  readonly atom: Atom;
  text: string;
}

/**
 * Makes a format of a template in Hypercorn's syntax, which is Python's: `%(atom)s`, and `%%` for a percent sign.
 *
 * Whatever a client or application sent is escaped in the line, so that quotes in the template stay the only ones.
 *
 * @throws {ConfigError} For a `%` that begins neither.
 */
export function compileTemplate(template: string, options: TemplateOptions): RecordFormat {
  const { start, pieces } = parseTemplate(template, (name) => findAtom(name, options));
  const { ownAtoms } = options;
  if (ownAtoms) return (record) => joinWithOwn(start, pieces, record, ownAtoms(record));
  return joiner(foldConstants(start, pieces));
}

function joinWithOwn(
  start: string,
  pieces: readonly Piece[],
  record: AccessRecord,
  own: Readonly<Record<string, unknown>>,
): string {
  let line = start;
  for (const { name, atom, text } of pieces) {
    line += (ownText(own, name) ?? textOf(atom, record)) + text;
  }
  return line;
}

/** Atoms that never change become part of the text around them. */
function foldConstants(start: string, pieces: readonly Piece[]): Parsed {
  const folded: Piece[] = [];
  for (const { name, atom, text } of pieces) {
    const last = folded.at(-1);
    if (typeof atom === "function") folded.push({ name, atom, text });
    else if (last) last.text += atom + text;
    else start += atom + text;
  }
  return { start, pieces: folded };
}

function joiner({ start, pieces }: Parsed): RecordFormat {
  return (record) => {
    let line = start;
    for (const { atom, text } of pieces) line += textOf(atom, record) + text;
    return line;
  };
}

interface Parsed {
  readonly start: string;
  readonly pieces: readonly Piece[];
}

function parseTemplate(template: string, atomOf: (name: string) => Atom): Parsed {
  const pieces: Piece[] = [];
  let start = "";
  let end = 0;
  const addText = (text: string) => {
    const last = pieces.at(-1);
    if (last) last.text += text;
    else start += text;
  };
  for (const match of template.matchAll(PLACEHOLDER)) {
    addText(template.slice(end, match.index));
    end = match.index + match[0].length;
    const name = match[1];
    if (name !== undefined) pieces.push({ name, atom: atomOf(name), text: "" });
    else if (match[0] === "%%") addText("%");
    else throw strayPercent(template.slice(match.index));
  }
  addText(template.slice(end));
  return { start, pieces };
}

function findAtom(name: string, { needs, warn, ownAtoms }: TemplateOptions): Atom {
  try {
    const atom = makeAtom(name, needs);
    if (atom !== null) return atom;
    if (!ownAtoms) warn(`Option "accessLogFormat" has the unknown atom "${name}": ${advice(name)}`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    warn(`Option "accessLogFormat" has the atom "${name}", which is always "-": ${error.message}`);
  }
  return "-";
}

function advice(name: string): string {
  const nearest = nearestAtom(name);
  return `it is always "-"${nearest === undefined ? "" : `. Did you mean "${nearest}"?`}`;
}

function textOf(atom: Atom, record: AccessRecord): string {
  return typeof atom === "string" ? atom : atom(record);
}

/** `null` when there is none of this name, or it cannot be made a string. */
function ownText(own: Readonly<Record<string, unknown>>, name: string): string | null {
  try {
    if (!Object.hasOwn(own, name)) return null;
    const value = own[name];
    return value === null || value === undefined ? "-" : quotable(String(value));
  } catch {
    return null;
  }
}

function strayPercent(rest: string): ConfigError {
  return new ConfigError({
    key: "accessLogFormat",
    expected: 'atoms in the form "%(h)s"',
    received: JSON.stringify(rest.slice(0, 20)),
    hint: 'Write "%%" for a percent sign',
  });
}
