import assert from "node:assert/strict";
import fc from "fast-check";
import {
  jsonText,
  printable,
  printableLines,
  quotable,
  unspaced,
} from "../../src/logging/escape.ts";
import { ANY_TEXT } from "./any_text.ts";

const ROWS = [
  { text: "plain text", printable: "plain text", quotable: "plain text" },
  { text: 'a "b" \\', printable: 'a "b" \\', quotable: 'a \\"b\\" \\\\' },
  { text: "é 中 😀", printable: "é 中 😀", quotable: "é 中 😀" },
  { text: "\t\n\x7f\x9b", printable: "\\x09\\x0a\\x7f\\x9b", quotable: "\\x09\\x0a\\x7f\\x9b" },
  { text: "\u2028\u202e\ufeff", printable: "\\u2028\\u202e\\ufeff" },
  { text: "\ud800", printable: "\\ud800" },
  { text: "\u{e0001}", printable: "\\u{e0001}" },
];
for (const row of ROWS) {
  Deno.test(`printable() and quotable() of ${JSON.stringify(row.text)}`, () => {
    assert.equal(printable(row.text), row.printable);
    assert.equal(quotable(row.text), row.quotable ?? row.printable);
  });
}

Deno.test("unspaced() keeps a text in one column", () => {
  assert.equal(unspaced('a b"c'), 'a\\x20b\\"c');
  assert.equal(unspaced("a\u00a0b\u2003c\u3000d"), "a\\xa0b\\u2003c\\u3000d");
});

Deno.test("unspaced() is one word for whoever splits lines at white space, whatever the text", () => {
  fc.assert(fc.property(ANY_TEXT, (text) => assert.doesNotMatch(unspaced(text), /\s/u)));
});

Deno.test("printableLines() keeps line feeds, escapes what steers terminals, and begins one line like a log line", () => {
  assert.equal(printableLines("[a]\n\tat b"), "[a]\n\tat b");
  assert.equal(
    printableLines("a\x1b]0;b\x07\r\n[c]\n\n[d]\u2028"),
    "a\\x1b]0;b\\x07\\x0d\n [c]\n\n [d]\\u2028",
  );
});

const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

Deno.test("jsonText() is JSON on one line that says the same, whatever the text", () => {
  fc.assert(fc.property(ANY_TEXT, (text) => {
    const json = jsonText(text);
    assert.equal(JSON.parse(json), text);
    assert.doesNotMatch(json, UNPRINTABLE);
  }));
});

Deno.test("quotable() can be read back, and ends no quotes, whatever the text", () => {
  fc.assert(fc.property(ANY_TEXT, (text) => {
    const escaped = quotable(text);
    assert.doesNotMatch(escaped, UNPRINTABLE);
    assert.match(`"${escaped}"`, /^"(?:[^"\\]|\\.)*"$/u);
    assert.equal(unescape(escaped), text);
  }));
});

/** What the escapes stand for. */
function unescape(text: string): string {
  return text.replace(
    /\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|u\{([0-9a-f]+)\}|(.))/g,
    (_all, byte, unit, point, character) =>
      character ?? String.fromCodePoint(parseInt(byte ?? unit ?? point, 16)),
  );
}
