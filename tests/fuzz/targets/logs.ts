/**
 * Access lines: templates, and what peers put into the columns.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { ConfigError } from "../../../src/errors.ts";
import {
  jsonText,
  printable,
  printableLines,
  quotable,
  unspaced,
} from "../../../src/logging/escape.ts";
import { linesOf } from "../../logging/observed.ts";
import { attempt, type Target, target } from "../harness.ts";
import { ANY_TEXT, LATIN1, textOf } from "../inputs.ts";

/** What a terminal or a reader of lines may act on. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

const TEXT = fc.oneof(
  ANY_TEXT,
  LATIN1,
  textOf(...'"\\\n\r\t\x1b\0 a', "\\x41", "\u2028", "\ud800", "\udc00", "😀", "\u202e", "\n["),
);

const escapes = target({
  name: "log-escapes",
  invariant:
    "escaped text has nothing unseen, stays between its quotes or in its column, and says exactly what was there",
  outcomes: ["plain", "escaped"],
  inputs: TEXT,
  check(text) {
    for (const escaped of [printable(text), quotable(text), unspaced(text), jsonText(text)]) {
      assert.doesNotMatch(escaped, UNSEEN);
    }
    assert.equal(unescape(quotable(text)), text);
    assert.equal(unescape(unspaced(text)), text);
    assert.doesNotMatch(unspaced(text), /\s/u);
    assert.match(quotable(text), /^(?:[^"\\]|\\.)*$/s);
    assert.equal(JSON.parse(jsonText(text)), text);
    assert.doesNotMatch(printableLines(text), /\n\[/);
    return quotable(text) === text ? "plain" : "escaped";
  },
});

/** What a text was before {@link quotable}. */
function unescape(text: string): string {
  return text.replace(
    /\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|u\{([0-9a-f]+)\}|(.))/gs,
    (_all, byte, unit, point, self) =>
      self ?? String.fromCodePoint(parseInt(byte ?? unit ?? point, 16)),
  );
}

const ATOMS = [
  "%(h)s",
  "%(r)s",
  "%(s)s",
  "%({user-agent}i)s",
  "%({x}o)s",
  "%(u)s",
  "%(U)s",
  "%(q)s",
  "%(t)s",
];

const templates = target({
  name: "access-template",
  invariant:
    "a template is refused with ConfigError when it is opened, or makes one line for a request, of which no peer can make two",
  outcomes: ["line", "refused"],
  inputs: fc.record({
    template: textOf(...ATOMS, ...'%()s{}i "-', "%%", "%(x)s", "%({HOME}e)s", "%(__proto__)s"),
    method: TEXT,
    target: TEXT,
    agent: TEXT,
    authorization: fc.oneof(LATIN1.map((user) => `Basic ${btoa(user)}`), TEXT),
    host: TEXT,
    json: fc.boolean(),
  }),
  check({ template, method, target, agent, authorization, host, json }) {
    const story = {
      request: { method, target, authority: host, client: { hostname: host, port: 1 } },
      fields: { "user-agent": agent, authorization, referer: agent },
      responseFields: { x: "1" },
      forwarded: { client: { hostname: host, port: 0 } },
    };
    const lines = attempt(() => linesOf([story], { template, json }), ConfigError);
    if (lines instanceof ConfigError) return "refused";
    assert.equal(lines.length, 1);
    assert.doesNotMatch(lines[0]!, UNSEEN);
    if (json) JSON.parse(lines[0]!);
    return "line";
  },
});

/** The targets of this file. */
export const LOG_TARGETS: readonly Target[] = [escapes, templates];
