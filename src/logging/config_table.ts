/**
 * Tables of a configuration file, read key by key.
 *
 * @module
 */

import { ConfigError } from "../errors.ts";
import { describe } from "../misuse.ts";
import { nearestSpelling } from "../spelling.ts";

/** Where a table comes from. */
export interface TableSource {
  /** Its name in messages, from the option down: `"logconfig.handlers.main"`. */
  readonly path: string;
  /** The file it is in. */
  readonly file?: string;
  /** What to do about unknown keys, by key. */
  readonly hints: Readonly<Record<string, string>>;
}

/** Reads a table strictly: whatever is not asked for, or is not what was asked for, is refused by its full name. */
export class Table {
  /** Last part of the name. */
  readonly name: string;
  readonly #source: TableSource;
  readonly #members: Readonly<Record<string, unknown>>;

  /** Takes a value that must be a table. @throws {ConfigError} When it is none. */
  constructor(value: unknown, source: TableSource, name = "") {
    this.name = name;
    this.#source = source;
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw this.#error(source.path, "a table", value);
    }
    this.#members = value as Record<string, unknown>;
  }

  /** Refuses all keys but these. */
  allow(known: readonly string[]): void {
    for (const key of Object.keys(this.#members)) {
      if (known.includes(key)) continue;
      const nearest = nearestSpelling(key, known);
      const { hints } = this.#source;
      const hint = Object.hasOwn(hints, key) ? hints[key] : undefined;
      throw new ConfigError({
        key: this.pathTo(key),
        expected: listed(known),
        received: `an unknown key${this.#place()}`,
        ...(nearest !== undefined && { nearest }),
        ...(hint !== undefined && { hint }),
      });
    }
  }

  /** A table in this one, `null` when there is none. */
  table(key: string): Table | null {
    const value = this.#get(key);
    return value === undefined
      ? null
      : new Table(value, { ...this.#source, path: this.pathTo(key) }, key);
  }

  /** All members as tables. */
  tables(): Table[] {
    return Object.keys(this.#members).map((key) => this.table(key)).filter((table) =>
      table !== null
    );
  }

  /** One of a few words, in any case, as what it stands for; `undefined` when absent. */
  word<T>(key: string, words: Readonly<Record<string, T>>): T | undefined {
    const value = this.#get(key);
    if (value === undefined) return undefined;
    const known = Object.keys(words);
    const text = typeof value === "string" ? value.toLowerCase() : undefined;
    const name = known.find((word) => word.toLowerCase() === text);
    return name === undefined ? this.fail(key, listed(known), value, known) : words[name];
  }

  /** `undefined` when absent. */
  flag(key: string): boolean | undefined {
    const value = this.#get(key);
    if (value === undefined || typeof value === "boolean") return value;
    return this.fail(key, "true or false", value);
  }

  /** A text that must be there. */
  text(key: string): string {
    const value = this.#get(key);
    if (typeof value === "string" && value !== "") return value;
    return this.fail(key, "the path of a file", value);
  }

  /** A list of known names, which must be there. */
  names(key: string, known: readonly string[]): string[] {
    const value = this.#get(key);
    if (!Array.isArray(value)) return this.fail(key, "a list of names of handlers", value);
    return value.map((name, index) => {
      if (known.includes(name)) return name;
      return this.fail(`${key}[${index}]`, "the name of a handler", name, known);
    });
  }

  /** Refuses a table that lacks a key. */
  missing(key: string, known: readonly string[]): never {
    return this.fail(key, listed(known), undefined);
  }

  /** Refuses the value of a key. */
  fail(key: string, expected: string, value: unknown, known: readonly string[] = []): never {
    const nearest = typeof value === "string" ? nearestSpelling(value, known) : undefined;
    throw this.#error(this.pathTo(key), expected, value, nearest);
  }

  /** Name of a member from the top, for a message. */
  pathTo(key: string): string {
    return `${this.#source.path}.${key}`;
  }

  #get(key: string): unknown {
    return Object.hasOwn(this.#members, key) ? this.#members[key] : undefined;
  }

  #error(key: string, expected: string, value: unknown, nearest?: string): ConfigError {
    const received = value === undefined ? "nothing" : describe(value);
    return new ConfigError({
      key,
      expected,
      received: `${received}${this.#place()}`,
      ...(nearest !== undefined && { nearest }),
    });
  }

  #place(): string {
    const { file } = this.#source;
    return file === undefined ? "" : ` in "${file}"`;
  }
}

function listed(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(", ");
}
