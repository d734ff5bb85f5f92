/**
 * Offline stand-in for `jsr:@std/toml/parse` on top of `npm:smol-toml`.
 *
 * @module
 */

import { parse as parseToml, TomlError } from "npm:smol-toml@^1.9.1";

/**
 * Parses a TOML document.
 *
 * @throws {SyntaxError} When the text is not TOML; the message begins with
 * `Parse error on line L, column C: `.
 */
export function parse(tomlString: string): Record<string, unknown> {
  try {
    return parseToml(tomlString);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // The first line says what is wrong; the lines after it draw the place.
    const reason = error.message.split("\n", 1)[0];
    throw new SyntaxError(`Parse error on line ${error.line}, column ${error.column}: ${reason}`);
  }
}
