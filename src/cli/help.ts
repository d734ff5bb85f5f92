/**
 * The text of `--help`.
 *
 * @module
 */

import { type Flag, FLAG_GROUPS } from "./flags.ts";

const HEAD = `Serves an application over HTTP/1.1, HTTP/2 and HTTP/3, with WebSocket and
WebTransport.

Usage: deno run -A jsr:@x/hypercorn/cli [OPTIONS] APPLICATION
e.g.   deno run -A jsr:@x/hypercorn/cli main.ts --bind :8080 --access-logfile -

APPLICATION is [FORM:]MODULE[:EXPORT]
  main.ts             its default export, or else "app", or else "fetch"
  main.ts:api.app     this export, dots for members
  asgi:main.ts:app    FORM is fetch, asgi or wsgi, where detection fails
  npm:pkg, jsr:pkg, https://host/main.ts and other URLs are modules, too
`;

const TAIL = `--print-config alone prints the defaults of all options, also of those that have
no flag, only a place in the file. Flags win over the file.
Exit codes: 0 stopped, 1 failed, 2 wrong usage.
`;

/** Column in which descriptions begin; a longer flag has its description on the next line. */
const COLUMN = 32;

/** Makes the text of `--help`, at most 80 columns wide. */
export function helpText(): string {
  const groups = FLAG_GROUPS.map(({ title, flags }) => {
    const shown = flags.filter(({ help }) => help !== "");
    return `${title}:\n${shown.map(lineOf).join("\n")}\n`;
  });
  return [HEAD, ...groups, TAIL].join("\n");
}

function lineOf({ short, name, value, help }: Flag): string {
  const letter = short === undefined ? "    " : `-${short}, `;
  const left = `  ${letter}--${name}${value === undefined ? "" : ` ${value}`}`;
  const gap = left.length + 2 > COLUMN
    ? `\n${" ".repeat(COLUMN)}`
    : " ".repeat(COLUMN - left.length);
  return left + gap + help;
}
