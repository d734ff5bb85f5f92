/**
 * README.md as data: its tables.
 *
 * @module
 */

import assert from "node:assert/strict";
import { REPOSITORY } from "./repository.ts";

/** The whole page. */
export const README: string = await Deno.readTextFile(new URL("README.md", REPOSITORY));

/**
 * The cells of every row below a head, of all tables with this head together; cells are trimmed.
 *
 * @param head Beginning of the first line of the table.
 */
export function tableRows(head: readonly string[]): string[][] {
  const rows: string[][] = [];
  for (const [, first, body] of README.matchAll(/^(\|.*)\n\|[-:| ]+\n((?:\|.*\n)+)/gm)) {
    const cells = cellsOf(first!);
    if (head.every((text, column) => cells[column] === text)) {
      rows.push(...body!.trim().split("\n").map(cellsOf));
    }
  }
  assert(rows.length > 0, `README.md has no table with the head ${head.join(", ")}`);
  return rows;
}

/** What stands between backticks, a bar unescaped. */
export function codesIn(text: string): string[] {
  return Array.from(text.matchAll(/`([^`]+)`/g), ([, code]) => code!.replaceAll("\\|", "|"));
}

/** Fails unless the page has this message as the first cell of a row. */
export function assertQuoted(message: string): void {
  assert(README.includes(`| \`${message}\``), `README.md does not quote: ${message}`);
}

function cellsOf(line: string): string[] {
  return line.replace(/^\||\|$/g, "").split(/(?<!\\)\|/).map((cell) => cell.trim());
}
