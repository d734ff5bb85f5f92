/**
 * From arguments to what they ask for.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { nearestSpelling } from "../spelling.ts";
import { type Command, type Flag, FLAGS } from "./flags.ts";
import { UsageError } from "./usage_error.ts";
import { TEXT } from "./values.ts";

/** What the arguments ask for. */
export interface Invocation {
  /** The application, or `null` when none is named. */
  readonly application: string | null;
  /** The flags that ask something of the command line itself, with the value of those that have one. */
  readonly commands: ReadonlyMap<Command, string>;
  /** Values of options by name. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The flag that set each of these options, e.g. `"--bind"`. */
  readonly flagOf: ReadonlyMap<string, string>;
  /** Sentences for the operator. */
  readonly warnings: readonly string[];
}

/** What `parseArgs` says about one argument, as far as it matters here. */
interface Token {
  readonly kind: string;
  readonly index: number;
  /** Name and value of an option; the value of a positional argument. */
  readonly name?: string;
  readonly rawName?: string;
  readonly value?: string | undefined;
  /** Whether the value came in the same argument: `--name=value`. */
  readonly inlineValue?: boolean | undefined;
}

const BY_NAME: ReadonlyMap<string, Flag> = new Map(FLAGS.map((flag) => [flag.name, flag]));

const PARSE_OPTIONS = Object.fromEntries(FLAGS.map(({ name, short, value }) => [name, {
  type: value === undefined ? "boolean" as const : "string" as const,
  ...(short !== undefined && { short }),
}]));

/**
 * Reads arguments: flags in any order, their long names shortened as far as they stay unambiguous (as in Hypercorn), and
 * at most one application.
 *
 * The last of a repeated flag wins, unless it makes a list.
 *
 * @throws {UsageError} When they cannot be understood.
 */
export function parseArguments(args: readonly string[]): Invocation {
  const draft: Draft = { commands: new Map(), options: {}, flagOf: new Map(), warnings: [] };
  let application: string | null = null;
  for (const token of tokenize(args)) {
    if (token.kind === "positional") {
      application = onlyApplication(application, token.value ?? "");
    } else if (token.kind === "option") {
      const flag = BY_NAME.get(token.name ?? "") ?? refuseUnknown(token.rawName ?? "");
      const value = readValue(flag, token);
      note(draft, flag, value);
      const warning = warningOf(flag, value);
      if (warning !== undefined) draft.warnings.push(`${token.rawName} ${warning}`);
    }
  }
  return { application, ...draft };
}

/** What the flags read so far ask for. */
interface Draft {
  readonly commands: Map<Command, string>;
  readonly options: Record<string, unknown>;
  readonly flagOf: Map<string, string>;
  readonly warnings: string[];
}

function note({ commands, options, flagOf }: Draft, flag: Flag, value: string | number | true) {
  const { name, sets, repeatable } = flag;
  if ("command" in sets) return void commands.set(sets.command, String(value));
  const { option } = sets;
  const earlier = options[option];
  options[option] = repeatable ? [...Array.isArray(earlier) ? earlier : [], value] : value;
  flagOf.set(option, `--${name}`);
}

/** Splits arguments into flags and values, with the names of flags in full. */
function tokenize(args: readonly string[]): readonly Token[] {
  const complete = [...args];
  while (true) {
    const { tokens } = parseArgs({
      args: complete,
      options: PARSE_OPTIONS,
      strict: false, // its own messages name no flag that is near
      allowPositionals: true,
      tokens: true,
    });
    const shortened = (tokens as readonly Token[]).find(({ name, rawName }) => {
      return name !== undefined && rawName?.startsWith("--") && !BY_NAME.has(name);
    });
    if (shortened?.name === undefined) return tokens as readonly Token[];
    // A name that was shortened may have taken its value for a positional argument, so all is read again.
    const argument = complete[shortened.index]!;
    complete[shortened.index] = argument.replace(shortened.name, completeName(shortened.name));
  }
}

/** The name that begins like this. */
function completeName(beginning: string): string {
  const names = [...BY_NAME.keys()].filter((name) => name.startsWith(beginning));
  const [name] = names;
  if (name !== undefined && names.length === 1) return name;
  const flag = `--${beginning}`;
  if (name === undefined) return refuseUnknown(flag);
  const all = names.map((name) => `"--${name}"`).join(", ").replace(/, ([^,]*)$/, " or $1");
  throw new UsageError(`Cannot tell which option "${flag}" is: it could be ${all}`, { flag });
}

/** Flags by which `deno serve` and other servers know what has another name here. */
const FOREIGN: ReadonlyMap<string, string> = new Map([
  ["--host", "--bind"],
  ["--port", "--bind"],
  ["--watch", "--reload"],
]);

function refuseUnknown(flag: string): never {
  const nearest = FOREIGN.get(flag) ?? nearestSpelling(flag, FLAGS.map(({ name }) => `--${name}`));
  const advice = nearest === undefined ? "" : `. Did you mean "${nearest}"?`;
  throw new UsageError(`Unknown option "${flag}"${advice}`, { flag, ...(nearest && { nearest }) });
}

/** Values that begin with a dash are flags that lack their value, unless they are numbers, or stdout, or flags by purpose. */
function isForgotten(flag: Flag, { value, inlineValue }: Token): boolean {
  if (value === undefined) return true;
  if (inlineValue || flag.name === "worker-flag") return false;
  return /^-./.test(value) && !/^-[0-9.]+$/.test(value);
}

function readValue(flag: Flag, token: Token): string | number | true {
  const name = token.rawName ?? `--${flag.name}`;
  const { value, inlineValue } = token;
  if (flag.value === undefined) {
    if (!inlineValue) return true;
    throw new UsageError(`Option "${name}" takes no value, received "${value}"`, { flag: name });
  }
  if (value === undefined || isForgotten(flag, token)) {
    const usage = `"${name}${name.startsWith("--") ? "=" : " "}${flag.value}"`;
    throw new UsageError(`Option "${name}" needs a value: write ${usage}`, { flag: name });
  }
  const grammar = flag.grammar ?? TEXT;
  const read = grammar.read(value);
  if (read !== undefined) return read;
  throw UsageError.ofValue(name, { expected: grammar.expected, received: JSON.stringify(value) });
}

/** What to tell who uses this flag with this value. */
function warningOf(flag: Flag, value: unknown): string | undefined {
  if (flag.name !== "umask" || typeof value !== "number") return flag.warning;
  return `${value} is decimal, 0o${value.toString(8).padStart(3, "0")} in octal: ` +
    "write a leading zero for octal";
}

function onlyApplication(first: string | null, application: string): string {
  if (first === null) return application;
  throw new UsageError(
    `Cannot serve "${application}" as well: the application is "${first}" already. ` +
      "Several applications are one with the dispatcher of ./middleware",
  );
}
