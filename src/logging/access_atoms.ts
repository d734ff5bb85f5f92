/**
 * The atoms of access lines: Hypercorn's, and two of ours.
 *
 * @module
 */

import { STATUS_TEXT } from "@std/http/status";
import { formatAuthority } from "../address.ts";
import { isFieldName } from "../fields.ts";
import { protocolOf } from "../observation.ts";
import { nearestSpelling } from "../spelling.ts";
import { pathOf, queryOf, schemeOf } from "./access_entry.ts";
import type { AccessNeeds, AccessRecord } from "./access_record.ts";
import { quotable, unspaced } from "./escape.ts";
import { formatCommon, perSecond } from "./timestamp.ts";

/** The text of an atom in the line of a record: a function, or the text itself when it is always the same. */
export type Atom = string | ((record: AccessRecord) => string);

/** Parts of a record, by the names that {@link AccessNeeds} has for them. */
type Need = "client" | "method" | "scheme" | "target" | "version" | "duration" | "user";

/** One row of the table. */
interface AtomRow {
  /** What it is made of. */
  readonly needs: readonly Need[];
  /** Makes what computes it. */
  make(needs: AccessNeeds): Atom;
}

/** In place of what is not there, as in the Common Log Format. */
const ABSENT = "-";

/** Hypercorn has no word for it but `None`; this is nginx's. */
const UNIX_CLIENT = "unix:";

const ATOMS: Readonly<Record<string, AtomRow>> = {
  h: row(["client"], clientText),
  l: row([], ABSENT), // identity of RFC 1413, which nobody asks for
  u: row(["user"], ({ user }) => user === null ? ABSENT : unspaced(user)),
  t: { needs: [], make: commonTime },
  r: row(
    ["method", "target", "version"],
    ({ method, target, version }) => quotable(`${method} ${pathOf(target)} ${version}`),
  ),
  R: row(
    ["method", "target", "version"],
    ({ method, target, version }) => quotable(`${method} ${withQuery(target)} ${version}`),
  ),
  m: row(["method"], ({ method }) => quotable(method)),
  U: row(["target"], ({ target }) => quotable(pathOf(target))),
  Uq: row(["target"], ({ target }) => quotable(withQuery(target))),
  q: row(["target"], ({ target }) => quotable(queryOf(target))),
  H: row(["version"], ({ version }) => version),
  s: row([], ({ status }) => status === null ? ABSENT : String(status)),
  st: row([], statusText),
  S: row(["scheme"], schemeOf),
  b: row([], ({ bytes }) => bytes === 0 ? ABSENT : String(bytes)),
  B: row([], ({ bytes }) => String(bytes)),
  f: { needs: [], make: (needs) => requestField(needs, "referer") },
  a: { needs: [], make: (needs) => requestField(needs, "user-agent") },
  T: row(["duration"], ({ elapsed }) => String(Math.floor(elapsed / 1000))),
  D: row(["duration"], ({ elapsed }) => String(Math.round(elapsed * 1000))),
  L: row(["duration"], ({ elapsed }) => (elapsed / 1000).toFixed(6)),
  p: { needs: [], make: () => `<${Deno.pid}>` },
  P: row(["version"], ({ version }) => protocolOf(version)),
  o: row([], ({ outcome }) => outcome),
};

/** What the system takes for the name of a variable; it refuses to look up others. */
// deno-lint-ignore no-control-regex -- NUL is meant
const VARIABLE = /^[^=\x00]+$/;

/** `{name}i`, `{name}o` and `{name}e`. */
const NAMED = /^\{(.*)\}([ioe])$/;

/**
 * Makes an atom.
 *
 * @param name What stands between `%(` and `)s`.
 * @param needs Gets to know what the atom is made of.
 * @returns The atom, or `null` when there is none of this name.
 * @throws {Deno.errors.NotCapable} For an environment variable that this process may not read.
 */
export function makeAtom(name: string, needs: AccessNeeds): Atom | null {
  const known = Object.hasOwn(ATOMS, name) ? ATOMS[name] : undefined;
  if (known) {
    for (const need of known.needs) needs[need] = true;
    return known.make(needs);
  }
  const [, key, kind] = NAMED.exec(name) ?? [];
  if (key === undefined) return null;
  if (kind === "e") return environmentVariable(key);
  if (!isFieldName(key)) return null;
  return kind === "i" ? requestField(needs, key) : responseField(needs, key);
}

/** What somebody who wrote an unknown atom may have meant, `undefined` when that cannot be guessed. */
export function nearestAtom(name: string): string | undefined {
  const names = Object.keys(ATOMS);
  const sameLetters = names.find((atom) => atom.toLowerCase() === name.toLowerCase());
  if (sameLetters) return sameLetters;
  // A name of one or two letters is within one edit of every other, so only the longer ones can be guessed.
  const key = name.replace(/^\{|\}.?$/g, "");
  if (key.length < 3 || !isFieldName(key)) return undefined;
  if (key !== name || key.includes("-")) return `{${key}}i`;
  const word = nearestSpelling(key, [...names, ...Object.keys(WORDS)]);
  return word === undefined ? undefined : WORDS[word] ?? word;
}

/** Atoms by what they mean, for those who guessed a longer name. */
const WORDS: Readonly<Record<string, string>> = {
  agent: "a",
  bytes: "b",
  client: "h",
  duration: "L",
  method: "m",
  outcome: "o",
  path: "U",
  protocol: "P",
  query: "q",
  referer: "f",
  request: "r",
  scheme: "S",
  status: "s",
  time: "t",
  user: "u",
};

function row(needs: readonly Need[], atom: Atom): AtomRow {
  return { needs, make: () => atom };
}

function commonTime(): Atom {
  const text = perSecond(formatCommon);
  return ({ endedAt }) => text(endedAt);
}

/** `host:port`, the host alone where a proxy did not tell the port; IPv6 is in brackets either way. */
function clientText({ clientHost, clientPort }: AccessRecord): string {
  if (clientHost === null) return UNIX_CLIENT;
  const text = formatAuthority(clientHost, clientPort);
  return unspaced(clientPort === 0 ? text.slice(0, -":0".length) : text);
}

function statusText({ status }: AccessRecord): string {
  if (status === null) return ABSENT;
  return (STATUS_TEXT as Readonly<Record<number, string>>)[status] ?? `<???${status}???>`;
}

function withQuery(target: string): string {
  const start = target.indexOf("?");
  return start < 0 ? pathOf(target) : pathOf(target) + target.slice(start);
}

function requestField(needs: AccessNeeds, name: string): Atom {
  const place = needs.requestField(name);
  return ({ requestFields }) => fieldText(requestFields[place]);
}

function responseField(needs: AccessNeeds, name: string): Atom {
  const place = needs.responseField(name);
  return ({ responseFields }) => fieldText(responseFields[place]);
}

function fieldText(value: string | null | undefined): string {
  return value === null || value === undefined ? ABSENT : quotable(value);
}

/** A variable of the process as it was at the start. Hypercorn ignores case; most systems do not, so both cases are tried. */
function environmentVariable(name: string): Atom {
  if (!VARIABLE.test(name)) return ABSENT;
  for (const spelling of new Set([name, name.toUpperCase(), name.toLowerCase()])) {
    const value = Deno.env.get(spelling);
    if (value !== undefined) return quotable(value);
  }
  return ABSENT;
}
